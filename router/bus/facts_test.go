package bus

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/incident"
)

// chain stores commits as given, whatever they say.
func chain(t *testing.T, b *Bus, commits ...incident.Commit) {
	t.Helper()
	for _, c := range commits {
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.js.Publish(t.Context(), subjectFacts, data); err != nil {
			t.Fatal(err)
		}
	}
}

// links makes n commits that follow each other.
func links(t *testing.T, n int) []incident.Commit {
	t.Helper()
	var all []incident.Commit
	prev := ""
	for i := range n {
		c := incident.Commit{Number: uint64(i + 1), Prev: prev, Facts: []incident.Fact{{Service: "mail"}}}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		prev = digest(data)
		all = append(all, c)
	}
	return all
}

func TestABrokenChainIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func([]incident.Commit) []incident.Commit
		want   string
	}{
		"changed": {func(all []incident.Commit) []incident.Commit {
			all[2].Facts = nil
			return all
		}, "broken at commit 3: the commit after it names another hash"},
		"removed": {func(all []incident.Commit) []incident.Commit {
			return append(all[:2], all[3:]...)
		}, "broken at commit 3: commit 4 stands at message 3"},
		"duplicated": {func(all []incident.Commit) []incident.Commit {
			return append(all[:3], all[2:]...)
		}, "broken at commit 4: commit 3 stands at message 4"},
		"of another store": {func(all []incident.Commit) []incident.Commit {
			all[0].Prev = "abc"
			return all
		}, "broken at commit 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			b := open(t, t.TempDir())
			defer b.Close()
			chain(t, b, c.change(links(t, 5))...)
			err := b.Replay(t.Context(), func(incident.Commit) error { return nil })
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "hint:") {
				t.Errorf("error %v does not say %q", err, c.want)
			}
		})
	}
	t.Run("whole", func(t *testing.T) {
		b := open(t, t.TempDir())
		defer b.Close()
		chain(t, b, links(t, 5)...)
		if err := b.Replay(t.Context(), func(incident.Commit) error { return nil }); err != nil {
			t.Error(err)
		}
	})
	t.Run("the hands it is given to fail", func(t *testing.T) {
		b := open(t, t.TempDir())
		defer b.Close()
		chain(t, b, links(t, 5)...)
		no := errors.New("no")
		if err := b.Replay(t.Context(), func(incident.Commit) error { return no }); !errors.Is(err, no) {
			t.Error(err)
		}
	})
}

func TestTwoRoutersOnOneStore(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	ctx := t.Context()
	if err := b.Replay(ctx, nil); err != nil {
		t.Fatal(err)
	}
	other := &Bus{log: b.log, js: b.js, streams: b.streams, marks: b.marks, sick: make(chan struct{}, 1)}
	mine := incident.Commit{Facts: []incident.Fact{{Service: "mail"}}}
	for range 2 {
		if err := b.Commit(ctx, mine); err != nil {
			t.Fatal(err)
		}
	}
	if err := other.Replay(ctx, func(incident.Commit) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := other.Commit(ctx, incident.Commit{}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := b.Commit(ctx, mine)
		var final interface{ Final() bool }
		if !errors.Is(err, ErrNotAlone) || !errors.As(err, &final) || !final.Final() {
			t.Errorf("the outdated router got %v", err)
		}
	}
	if err := other.Commit(ctx, incident.Commit{}); err != nil {
		t.Errorf("the active one got %v", err)
	}
}

// The answer to a commit is lost: it is tried again, and is there once.
func TestALostAnswerToACommit(t *testing.T) {
	b := open(t, t.TempDir())
	defer b.Close()
	ctx := t.Context()
	if err := b.Replay(ctx, nil); err != nil {
		t.Fatal(err)
	}
	c := incident.Commit{At: time.Unix(1, 0).UTC(), Facts: []incident.Fact{{Service: "mail"}}}
	lost := c
	lost.Number = 1
	chain(t, b, lost)

	// While nobody knows whether it is there, the router is to try again, and
	// not to take itself for replaced.
	whole := b.streams[streamFacts]
	b.streams[streamFacts] = deaf{whole}
	if err := b.Commit(ctx, c); err == nil || errors.Is(err, ErrNotAlone) {
		t.Errorf("without an answer: %v", err)
	}
	b.streams[streamFacts] = whole
	for range 2 {
		if err := b.Commit(ctx, c); err != nil {
			t.Fatal(err)
		}
		c.Inbox++ // another one follows
	}
	var numbers []uint64
	if err := b.Replay(ctx, func(c incident.Commit) error { numbers = append(numbers, c.Number); return nil }); err != nil || len(numbers) != 2 {
		t.Errorf("%v, %v", numbers, err)
	}
}

// deaf is a stream that cannot be read now.
type deaf struct{ jetstream.Stream }

func (deaf) GetMsg(context.Context, uint64, ...jetstream.GetMsgOpt) (*jetstream.RawStreamMsg, error) {
	return nil, context.DeadlineExceeded
}

func (deaf) GetLastMsgForSubject(context.Context, string) (*jetstream.RawStreamMsg, error) {
	return nil, context.DeadlineExceeded
}
