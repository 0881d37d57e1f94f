package bus

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// An erasure takes people out of every chunk that holds them, while nothing else
// runs on the store:
//
//	the chunk without them is stored under its own hash
//	a fact names both hashes
//	a pointer takes the place of the old chunk: who looks for that finds the new one
//	all that stays is stored again in files of its own, and the old files go
//
// Cut short anywhere, it is done by erasing again.

// Erase blanks the rows of people, and returns how many there were in how many
// chunks. Replay comes before it; last is the last commit. Rows keep their place
// and their id, so that the ledgers stay countable. Whether something is left of
// what is searched for is for the caller to look at, in the files.
func (b *Bus) Erase(ctx context.Context, last incident.Commit, is func(channels.Person) bool, holds func(stream string) (bool, error)) (incident.Erased, error) {
	var erased incident.Erased
	chunks, order, err := b.chunks(ctx)
	if err != nil {
		return erased, err
	}
	ids := map[string]bool{}
	named := map[string]bool{}
	for hash, c := range chunks {
		for _, p := range c.people {
			if is(p) {
				ids[p.ID] = true // whose other addresses go as well
				named[hash] = true
			}
		}
	}
	// Chunks that only the id finds come first: the others lead to it, should this
	// be cut short.
	slices.SortStableFunc(order, func(x, y string) int {
		switch {
		case named[x] == named[y]:
			return 0
		case named[y]:
			return -1
		}
		return 1
	})
	erased.Recipients = len(ids)
	was := map[string]uint64{}
	for _, hash := range order {
		c := chunks[hash]
		if !c.blank(ids) {
			continue
		}
		now, err := b.PutRoster(ctx, c.people)
		if err != nil {
			return erased, err
		}
		erased.Rosters = append(erased.Rosters, incident.Blanks{Was: hash, Now: now})
		was[hash] = c.seq
	}
	inbox, err := b.turnInbox(ctx, last, holds)
	if err != nil {
		return erased, err
	}
	if err := b.commitErased(ctx, last, erased, inbox); err != nil {
		return erased, err
	}
	for _, l := range erased.Rosters {
		data, err := json.Marshal(pointer{l.Now})
		if err == nil {
			_, err = b.publish(ctx, subjectRosters+l.Was, data, jetstream.WithExpectLastSequencePerSubject(was[l.Was]))
		}
		if err != nil {
			return erased, fmt.Errorf("put another chunk in the place of %s: %w", l.Was, err)
		}
	}
	left, err := holds(streamRosters)
	if err != nil {
		return erased, err
	}
	if left || len(erased.Rosters) > 0 {
		if err := b.renewRosters(ctx); err != nil {
			return erased, err
		}
	}
	if inbox > 0 {
		return erased, b.Compact(ctx, inbox)
	}
	return erased, nil
}

// maxBlanks is how many chunks one commit names.
const maxBlanks = 2000

func (b *Bus) commitErased(ctx context.Context, last incident.Commit, erased incident.Erased, inbox uint64) error {
	commit := incident.Commit{Inbox: last.Inbox, Inputs: last.Inputs}
	if inbox > 0 {
		commit.Inbox, commit.Inputs = inbox, 0
	} else if len(erased.Rosters) == 0 {
		return nil
	}
	all := slices.Collect(slices.Chunk(erased.Rosters, maxBlanks))
	for n := range max(len(all), 1) {
		commit.At, commit.Facts = time.Now().UTC(), nil
		if n < len(all) {
			f := incident.Erased{Rosters: all[n]}
			if n == 0 { // they are counted once
				f.Recipients = erased.Recipients
			}
			commit.Facts = []incident.Fact{{At: commit.At, Body: &f}}
		}
		if err := b.Commit(ctx, commit); err != nil {
			return err
		}
	}
	return nil
}

// chunk is a roster chunk as it is stored last.
type chunk struct {
	seq    uint64
	people []channels.Person
}

// blank empties the rows of people, and reports whether there were any.
func (c *chunk) blank(ids map[string]bool) (any bool) {
	for n := range c.people {
		if p := &c.people[n]; ids[p.ID] && (p.Name != "" || p.Email != "" || p.Phone != "") {
			p.Name, p.Email, p.Phone, any = "", "", "", true
		}
	}
	return any
}

// chunks reads the rosters, and their hashes in the order of the stream. What a
// pointer took the place of is none.
func (b *Bus) chunks(ctx context.Context) (all map[string]*chunk, order []string, err error) {
	all = map[string]*chunk{}
	err = b.each(ctx, streamRosters, 0, func(msg *jetstream.RawStreamMsg) error {
		hash := strings.TrimPrefix(msg.Subject, subjectRosters)
		delete(all, hash)
		if _, is := isPointer(msg.Data); is || hash == padding {
			return nil
		}
		c := &chunk{seq: msg.Sequence}
		all[hash] = c
		return json.Unmarshal(msg.Data, &c.people)
	})
	order = slices.SortedFunc(maps.Keys(all), func(x, y string) int { return cmp.Compare(all[x].seq, all[y].seq) })
	return all, order, err
}

// each reads the messages of a stream up to a number, by their numbers; 0: all.
func (b *Bus) each(ctx context.Context, stream string, to uint64, take func(*jetstream.RawStreamMsg) error) error {
	return b.eachAfter(ctx, stream, 0, to, take)
}

func (b *Bus) eachAfter(ctx context.Context, stream string, after, to uint64, take func(*jetstream.RawStreamMsg) error) error {
	state, err := b.info(ctx, stream)
	if err != nil {
		return err
	}
	if to == 0 || to > state.LastSeq {
		to = state.LastSeq
	}
	for seq := max(state.FirstSeq, after+1); seq <= to; seq++ {
		msg, err := b.streams[stream].GetMsg(ctx, seq)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			err = errors.New("it is damaged\nhint: sitrep state verify says what else is")
		}
		if err == nil {
			err = take(msg)
		}
		if err != nil {
			return fmt.Errorf("read message %d of stream %s: %w", seq, stream, err)
		}
	}
	return nil
}

// renewRosters stores all chunks again in files of their own, and removes what
// was before.
func (b *Bus) renewRosters(ctx context.Context) error {
	var order []string
	seen := map[string]bool{}
	var before uint64
	err := b.each(ctx, streamRosters, 0, func(msg *jetstream.RawStreamMsg) error {
		before = msg.Sequence
		if hash := strings.TrimPrefix(msg.Subject, subjectRosters); hash != padding && !seen[hash] {
			seen[hash], order = true, append(order, hash)
		}
		return nil
	})
	if err != nil || before == 0 {
		return err
	}
	if err := b.turnOver(ctx, subjectRosters+padding, nil); err != nil {
		return err
	}
	state, err := b.info(ctx, streamRosters)
	if err != nil {
		return err
	}
	for _, hash := range order {
		if _, err := b.again(ctx, streamRosters, subjectRosters+hash, before); err != nil {
			return err
		}
	}
	return b.purge(ctx, streamRosters, cut{To: state.LastSeq})
}

// turnInbox lets the inbox go on in another file, where what was decided of it
// holds what is erased, and returns up to where it can go; 0: it stays as it is.
func (b *Bus) turnInbox(ctx context.Context, last incident.Commit, holds func(string) (bool, error)) (to uint64, err error) {
	held, err := holds(streamInbox)
	if err != nil || !held {
		return 0, err
	}
	state, err := b.info(ctx, streamInbox)
	if err != nil {
		return 0, err
	}
	if state.LastSeq > last.Inbox || last.Inputs > 0 {
		return 0, nil // something is not decided yet; the caller finds it there
	}
	if err := b.turnOver(ctx, subjectInbox, []byte("[]")); err != nil {
		return 0, err
	}
	state, err = b.info(ctx, streamInbox)
	return state.LastSeq, err
}
