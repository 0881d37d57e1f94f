package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// Stock is all that a store holds but the facts, as far as it can be read.
type Stock struct {
	Streams []Extent
	Inputs  int
	Parts   map[string]channels.Part // by id
	Ledgers map[string]*Ledger       // by part
	Rosters map[string]int           // how many rows, by hash; of one that was erased from, those of what is in its place
	Texts   map[string]bool          // by hash
	Blanked int                      // chunks that another is in the place of
	// Before is the moment of which everything older may have been removed.
	Before time.Time
	// Damage says, in plain words, what cannot be read or does not fit.
	Damage []string
}

// Extent is where a stream begins and ends.
type Extent struct {
	Name        string `json:"name"`
	First, Last uint64
}

// Ledger is what the records of a part come to.
type Ledger struct {
	Records int
	Whole   bool // none of them was removed
	Steps   map[int]channels.Transition
	Done    *channels.Report
	last    uint64
}

// Stock reads every message there is, each by its number: the engine says
// nothing of those that it cannot read.
func (b *Bus) Stock(ctx context.Context) (*Stock, error) {
	s := &Stock{Parts: map[string]channels.Part{}, Ledgers: map[string]*Ledger{}, Rosters: map[string]int{}, Texts: map[string]bool{}}
	cut, err := b.purged(ctx, streamOutbox)
	if err != nil {
		return nil, err
	}
	s.Before = cut.Before
	instead := map[string]string{}
	for _, c := range wanted {
		state, err := b.info(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		s.Streams = append(s.Streams, Extent{c.Name, state.FirstSeq, state.LastSeq})
		take := s.reader(b, c.Name, instead)
		if take == nil {
			continue
		}
		for seq := max(state.FirstSeq, 1); seq <= state.LastSeq; seq++ {
			msg, err := b.streams[c.Name].GetMsg(ctx, seq)
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if errors.Is(err, jetstream.ErrMsgNotFound) {
				err = errors.New("it is damaged")
			}
			if err == nil && !strings.HasSuffix(msg.Subject, "."+padding) {
				err = take(msg)
			}
			if err != nil {
				s.Damage = append(s.Damage, fmt.Sprintf("message %d of stream %s cannot be used: %v", seq, c.Name, err))
			}
		}
	}
	for old, hash := range instead {
		s.Blanked++
		for n := 0; instead[hash] != "" && n < len(instead); n++ {
			hash = instead[hash]
		}
		rows, there := s.Rosters[hash]
		if !there {
			s.Damage = append(s.Damage, fmt.Sprintf("roster %s was erased from, and %s, which is in its place, is missing", old, hash))
			continue
		}
		s.Rosters[old] = rows
	}
	return s, nil
}

// reader returns what takes in the messages of a stream; nil where others read
// it.
func (s *Stock) reader(b *Bus, stream string, instead map[string]string) func(*jetstream.RawStreamMsg) error {
	switch stream {
	case streamInbox:
		return func(msg *jetstream.RawStreamMsg) error {
			var inputs []incident.Input
			err := json.Unmarshal(msg.Data, &inputs)
			s.Inputs += len(inputs)
			return err
		}
	case streamTexts:
		return func(msg *jetstream.RawStreamMsg) error {
			hash := strings.TrimPrefix(msg.Subject, subjectTexts)
			var texts []channels.Text
			s.Texts[hash] = true
			return errors.Join(b.fits(hash, msg.Data), json.Unmarshal(msg.Data, &texts))
		}
	case streamRosters:
		return func(msg *jetstream.RawStreamMsg) error {
			hash := strings.TrimPrefix(msg.Subject, subjectRosters)
			if now, is := isPointer(msg.Data); is {
				instead[hash] = now
				return nil
			}
			delete(instead, hash) // it was stored again since
			var people []channels.Person
			err := errors.Join(b.fits(hash, msg.Data), json.Unmarshal(msg.Data, &people))
			s.Rosters[hash] = len(people)
			return err
		}
	case streamOutbox:
		return func(msg *jetstream.RawStreamMsg) error {
			var p channels.Part
			if err := json.Unmarshal(msg.Data, &p); err != nil {
				return err
			}
			if strings.HasPrefix(msg.Subject, subjectOutbox+"covered.") || msg.Subject == withdrawnPrefix+p.ID() {
				return nil
			}
			if msg.Subject != outboxSubject(p) {
				return fmt.Errorf("part %s stands under another's subject", p.ID())
			}
			s.Parts[p.ID()] = p
			return nil
		}
	case streamLedger:
		return s.record
	}
	return nil
}

// record takes in a record of a ledger.
func (s *Stock) record(msg *jetstream.RawStreamMsg) error {
	part := strings.TrimPrefix(msg.Subject, subjectLedger)
	if strings.HasSuffix(part, later) {
		var t channels.Transition
		return json.Unmarshal(msg.Data, &t)
	}
	l := s.Ledgers[part]
	before, err := strconv.ParseUint(msg.Header.Get(jetstream.ExpectedLastSubjSeqHeader), 10, 64)
	if err != nil {
		return fmt.Errorf("the record of %s does not name the one before it", part)
	}
	if l == nil {
		l = &Ledger{Whole: before == 0, Steps: map[int]channels.Transition{}}
		s.Ledgers[part] = l
	} else if before != l.last {
		return fmt.Errorf("a record of %s, message %d, is missing before it", part, before)
	}
	r, err := readRecord(msg)
	if err != nil {
		return err
	}
	l.Records, l.last, l.Done = l.Records+1, msg.Sequence, r.Done
	for _, t := range r.Steps {
		l.Steps[t.Row] = t
	}
	return nil
}

// fits reports content that is not what its hash says.
func (b *Bus) fits(hash string, data []byte) error {
	if b.key.Content(data) != hash {
		return errors.New("its content is not what its hash says")
	}
	return nil
}
