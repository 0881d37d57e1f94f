package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// On a cluster no lock says whether somebody is at work. So each process answers.

const (
	subjectAlive = "sitrep.v1.alive"
	alivePause   = time.Second // how long answers may take
)

// OnCluster reports whether others run the servers.
func (b *Bus) OnCluster() bool { return b.cluster != nil }

// answerAlive says that this process is at work, until the connection ends.
func (b *Bus) answerAlive() error {
	_, err := b.conn.Subscribe(subjectAlive, func(m *nats.Msg) { _ = m.Respond([]byte(b.name)) })
	if err != nil {
		return fmt.Errorf("listen to others: %w", err)
	}
	return nil
}

// Others names the routers and workers that are at work on this store.
func (b *Bus) Others(ctx context.Context) (names []string, err error) {
	if b.cluster == nil {
		return nil, nil
	}
	inbox := b.conn.NewRespInbox()
	answers, err := b.conn.SubscribeSync(inbox)
	if err != nil {
		return nil, fmt.Errorf("ask who is at work: %w", err)
	}
	defer func() { _ = answers.Unsubscribe() }()
	if err := b.conn.PublishRequest(subjectAlive, inbox, nil); err != nil {
		return nil, fmt.Errorf("ask who is at work: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, alivePause)
	defer cancel()
	for {
		m, err := answers.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrNoResponders), err == nil && m.Header.Get("Status") == "503":
			slices.Sort(names)
			return slices.Compact(names), nil
		case err != nil:
			return nil, fmt.Errorf("ask who is at work: %w", err)
		}
		if name := string(m.Data); name != b.name {
			names = append(names, name)
		}
	}
}

// Holding returns the streams of which some message holds one of the forms, which are
// in lower case. What the servers keep besides is not to be seen.
func (b *Bus) Holding(ctx context.Context, forms [][]byte) (held map[string]bool, err error) {
	held = map[string]bool{}
	for _, c := range wanted {
		state, err := b.info(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		for seq := max(state.FirstSeq, 1); seq <= state.LastSeq; seq++ {
			msg, err := b.streams[c.Name].GetMsg(ctx, seq)
			switch {
			case errors.Is(err, jetstream.ErrMsgNotFound): // of meta, each takes the place of one before
			case err != nil:
				return nil, fmt.Errorf("read message %d of stream %s: %w", seq, c.Name, err)
			case Contains(msg.Data, forms):
				held[c.Name] = true
			}
		}
	}
	return held, nil
}

// Contains reports whether data holds one of the forms, in whatever case of its letters.
func Contains(data []byte, forms [][]byte) bool {
	data = bytes.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, data)
	return slices.ContainsFunc(forms, func(f []byte) bool { return bytes.Contains(data, f) })
}
