package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// PutTexts stores what an update says and returns its hash. The same texts are
// stored once.
func (b *Bus) PutTexts(ctx context.Context, texts []channels.Text) (string, error) {
	return b.putContent(ctx, subjectTexts, texts)
}

// PutRoster stores a chunk of recipients and returns its hash. The hash is
// keyed, so that nobody finds out by trying who is in it.
func (b *Bus) PutRoster(ctx context.Context, people []channels.Person) (string, error) {
	return b.putContent(ctx, subjectRosters, people)
}

func (b *Bus) putContent(ctx context.Context, subject string, content any) (string, error) {
	data, err := json.Marshal(content)
	if err != nil {
		return "", fmt.Errorf("encode content: %w", err)
	}
	hash := b.key.Content(data)
	b.leaving.mu.RLock()
	defer b.leaving.mu.RUnlock()
	if b.shelved.has(subject+hash, time.Now()) {
		return hash, nil
	}
	_, err = b.publish(ctx, subject+hash, data, jetstream.WithExpectLastSequencePerSubject(0))
	if err == nil {
		b.shelved.put(subject+hash, time.Now())
	}
	if outOfTurn(err) {
		err = b.renewContent(ctx, subject+hash, data)
	}
	if err != nil {
		return "", fmt.Errorf("store %d bytes at %s: %w", len(data), subject+hash, err)
	}
	return hash, nil
}

// trusted is for how long content that is there is relied on, on a cluster: what
// another router is about to remove is older than that, and it does not say so here.
const trusted = 24 * time.Hour

// renewContent stores content anew that is there already, where what is there is
// about to be removed, or had somebody erased from it: who is in the
// configuration again is told again.
func (b *Bus) renewContent(ctx context.Context, subject string, data []byte) error {
	stream := streamOf(subject)
	last, err := b.streams[stream].GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) { // damaged; whoever reads it says so
		return nil
	}
	if err != nil {
		return err
	}
	young := b.cluster == nil || time.Since(last.Time) < trusted
	if _, is := isPointer(last.Data); !is && young && last.Sequence > b.leaving.to[stream] {
		return nil
	}
	_, err = b.publish(ctx, subject, data, jetstream.WithExpectLastSequencePerSubject(last.Sequence))
	if outOfTurn(err) { // somebody else just did
		return nil
	}
	return err
}

// shelved is what was stored anew lately: it is there, and stays. It is forgotten
// whenever something is about to be removed. Audiences that read the same words in one update would each ask the
// store for it twice.
type shelved struct {
	mu  sync.Mutex
	all map[string]time.Time
}

// Far less than router.LeastRetention, after which content may be removed.
const shelvedFor = time.Hour

// manyShelved bounds what is remembered; past it, all is forgotten.
const manyShelved = 10_000

func (s *shelved) has(subject string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, is := s.all[subject]
	return is && now.Sub(at) < shelvedFor
}

func (s *shelved) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = nil
}

func (s *shelved) put(subject string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil || len(s.all) >= manyShelved {
		s.all = map[string]time.Time{}
	}
	s.all[subject] = now
}

// leaving is what is about to be removed: messages up to a number, by stream.
// Content that is stored meanwhile does not rely on those.
type leaving struct {
	mu sync.RWMutex
	to map[string]uint64
}

func streamOf(subject string) string {
	if strings.HasPrefix(subject, subjectTexts) {
		return streamTexts
	}
	return streamRosters
}

// A pointer stands where a chunk stood that somebody was erased from, and names
// the one in its place.
type pointer struct {
	Now string `json:"now"`
}

func isPointer(data []byte) (hash string, is bool) {
	var p pointer
	if !bytes.HasPrefix(data, []byte("{")) || json.Unmarshal(data, &p) != nil || p.Now == "" {
		return "", false
	}
	return p.Now, true
}

// maxPointers bounds how often one chunk can have had somebody erased from it.
const maxPointers = 1000

// Texts returns texts by their hash.
func (b *Bus) Texts(ctx context.Context, hash string) ([]channels.Text, error) {
	var texts []channels.Text
	return texts, b.content(ctx, streamTexts, subjectTexts+hash, &texts)
}

// Roster returns a chunk of recipients by its hash.
func (b *Bus) Roster(ctx context.Context, hash string) ([]channels.Person, error) {
	var people []channels.Person
	return people, b.content(ctx, streamRosters, subjectRosters+hash, &people)
}

func (b *Bus) content(ctx context.Context, stream, subject string, into any) error {
	at := subject
	for range maxPointers {
		msg, err := b.streams[stream].GetLastMsgForSubject(ctx, at)
		if err != nil {
			return fmt.Errorf("read %s: %w", at, err)
		}
		if now, is := isPointer(msg.Data); is && stream == streamRosters {
			at = subjectRosters + now
			continue
		}
		if err := json.Unmarshal(msg.Data, into); err != nil {
			return fmt.Errorf("read %s: %w", at, err)
		}
		return nil
	}
	return fmt.Errorf("read %s: it leads nowhere", subject)
}
