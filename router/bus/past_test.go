package bus_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sitrep/channels"
)

// meter counts what a worker reads.
type meter struct {
	channels.Queue
	channels.Ledger
	parts, records atomic.Int64
}

func (m *meter) Part(ctx context.Context, incident string, update, chunk int) (channels.Part, bool, error) {
	m.parts.Add(1)
	return m.Queue.Part(ctx, incident, update, chunk)
}

func (m *meter) Covering(ctx context.Context, p channels.Part) ([]channels.Part, error) {
	m.parts.Add(1)
	return m.Queue.Covering(ctx, p)
}

func (m *meter) Records(ctx context.Context, part string) ([]channels.Record, uint64, error) {
	m.records.Add(1)
	return m.Ledger.Records(ctx, part)
}

// A first update reads nothing of the past, and one before which all went well
// one record a part.
func TestThePastIsReadSparingly(t *testing.T) {
	play(t, func(s *stage) {
		m := &meter{}
		w := s.work(channels.Email, func(o *channels.WorkerOptions) {
			m.Queue, m.Ledger = o.Queue, o.Ledger
			o.Queue, o.Ledger = m, m
		})
		defer w.stop()
		var last []channels.Part
		for n, want := range []int64{3, 6, 6} { // three parts, each with its own ledger
			m.records.Store(0)
			parts := s.order(channels.Email, people(1200), func(p *channels.Part) {
				if n > 0 {
					after(last)(p)
				}
			})
			s.expect(s.finished(time.Minute, parts...), channels.Report{Accepted: 1200})
			if got, looked := m.records.Load(), m.parts.Load(); got != want || looked != 0 {
				t.Errorf("update %d: %d ledgers and %d parts were read, want %d and none", n+1, got, looked, want)
			}
			last = parts
		}
		for _, m := range s.mail.Messages() {
			if strings.Contains(m.Text, "gemist") {
				t.Fatalf("it says %q", m.Text)
			}
		}
	})
}

// A past that is damaged holds up no news.
func TestAPastThatCannotBeRead(t *testing.T) {
	play(t, func(s *stage) {
		first := s.order(channels.Email, people(20), func(p *channels.Part) { p.Roster = "lost" })
		second := s.order(channels.Email, people(20), after(first))
		w := s.work(channels.Email)
		defer w.stop()
		s.expect(s.finished(time.Minute, second...), channels.Report{Accepted: 20})
		for who := range 20 {
			s.says(who, 0)
		}
	})
}
