package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/bus"
	"sitrep/router/selfcheck"
)

// Where workers are on several machines, none of them sees how a channel does as a
// whole, and one that sees nothing wrong would call off what another one noticed. So
// each tells what it saw, once a second, and the routers judge it together.
//
//	worker ── attempts, budgets, backlog ──> herald ── the bus ──> hearsay ──> checker
const heraldEvery = time.Second

// word is what one process tells of its channels.
type word struct {
	Worker   string              `json:"worker"`
	Attempts []wordAttempt       `json:"attempts,omitempty"`
	Spent    []wordSpent         `json:"spent,omitempty"`
	Backlogs []wordBacklog       `json:"backlogs,omitempty"`
	Fates    []wordFate          `json:"fates,omitempty"`
	seen     map[wordAttempt]int // where it stands in Attempts
}

type wordAttempt struct {
	Channel string         `json:"channel"`
	Class   channels.Class `json:"class,omitempty"`
	Code    string         `json:"code,omitempty"`
}

type wordSpent struct {
	Channel string         `json:"channel"`
	Spent   channels.Spent `json:"spent"`
}

type wordBacklog struct {
	Channel string           `json:"channel"`
	Backlog channels.Backlog `json:"backlog"`
}

type wordFate struct {
	Channel string         `json:"channel"`
	State   channels.State `json:"state"`
	Code    string         `json:"code,omitempty"`
	Stops   bool           `json:"stops,omitempty"`
}

// herald tells the routers what this process sees. It never waits.
type herald struct {
	store *bus.Bus
	log   *slog.Logger

	mu  sync.Mutex
	now word
}

// manyWords bounds what is told of one kind at a time.
const manyWords = 200

// Attempt is told each attempt; of those that came to the same, one a second goes on.
func (h *herald) Attempt(channel string, class channels.Class, code string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if class == "" {
		code = "" // what a provider calls it is of no matter
	}
	a := wordAttempt{channel, class, code}
	if h.now.seen == nil {
		h.now.seen = map[wordAttempt]int{}
	}
	if _, again := h.now.seen[a]; again || len(h.now.Attempts) >= manyWords {
		return
	}
	h.now.seen[a] = len(h.now.Attempts)
	h.now.Attempts = append(h.now.Attempts, a)
}

func (h *herald) Spent(channel string, s channels.Spent) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n, was := range h.now.Spent {
		if was.Channel == channel && was.Spent.Incident == s.Incident {
			h.now.Spent[n].Spent = s
			return
		}
	}
	if len(h.now.Spent) < manyWords {
		h.now.Spent = append(h.now.Spent, wordSpent{channel, s})
	}
}

func (h *herald) Backlog(channel string, b channels.Backlog) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now.Backlogs = append(h.now.Backlogs, wordBacklog{channel, b})
}

func (h *herald) Fate(channel string, state channels.State, code string, stops bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := wordFate{channel, state, code, stops}
	for _, was := range h.now.Fates {
		if was == f {
			return
		}
	}
	if len(h.now.Fates) < manyWords {
		h.now.Fates = append(h.now.Fates, f)
	}
}

// run tells it until ctx ends.
func (h *herald) run(ctx context.Context) {
	ticker := time.NewTicker(heraldEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		h.mu.Lock()
		w := h.now
		h.now = word{}
		h.mu.Unlock()
		if len(w.Attempts)+len(w.Spent)+len(w.Backlogs)+len(w.Fates) == 0 {
			continue
		}
		w.Worker = h.store.Name()
		data, err := json.Marshal(w)
		if err == nil {
			err = h.store.Tell(data)
		}
		if err != nil {
			h.log.Debug("how the channels do could not be told", "err", err)
		}
	}
}

// hearsay brings what the processes tell to one listener.
type hearsay struct {
	to listener

	mu   sync.Mutex
	late map[string]map[string]heardLate // by channel and worker
}

type heardLate struct {
	backlog channels.Backlog
	at      time.Time
}

// forgotten is after how long a worker that says nothing of its backlog has none: it
// says so every ten seconds.
const forgotten = 35 * time.Second

func (h *hearsay) take(data []byte) {
	var w word
	if json.Unmarshal(data, &w) != nil {
		return
	}
	for _, a := range w.Attempts {
		h.to.Attempt(a.Channel, a.Class, a.Code)
	}
	for _, s := range w.Spent {
		h.to.Spent(s.Channel, s.Spent)
	}
	for _, f := range w.Fates {
		h.to.Fate(f.Channel, f.State, f.Code, f.Stops)
	}
	for _, b := range w.Backlogs {
		h.to.Backlog(b.Channel, h.together(w.Worker, b, time.Now()))
	}
}

// together is the backlog of all who told theirs lately.
func (h *hearsay) together(worker string, b wordBacklog, now time.Time) (all channels.Backlog) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.late[b.Channel] == nil {
		h.late[b.Channel] = map[string]heardLate{}
	}
	h.late[b.Channel][worker] = heardLate{b.Backlog, now}
	earlier := func(a, b time.Time) time.Time {
		if a.IsZero() || !b.IsZero() && b.Before(a) {
			return b
		}
		return a
	}
	for name, one := range h.late[b.Channel] {
		if now.Sub(one.at) > forgotten {
			delete(h.late[b.Channel], name)
			continue
		}
		all.Waiting += one.backlog.Waiting
		all.Oldest, all.Late = earlier(all.Oldest, one.backlog.Oldest), earlier(all.Late, one.backlog.Late)
	}
	return all
}

// listen returns who is to be told how the channels of this process do: its own
// checker, where nobody else has workers.
func (d *daemon) listen(cfg *policies.Config) (listener, error) {
	if !cfg.NATS.External() {
		return d.checker, nil
	}
	h := &hearsay{to: d.checker, late: map[string]map[string]heardLate{}}
	stop, err := d.store.Hear(h.take)
	if err != nil {
		return nil, err
	}
	d.stop = append(d.stop, stop)
	return d.herald(), nil
}

// herald starts one.
func (d *daemon) herald() *herald {
	h := &herald{store: d.store, log: d.o.log}
	d.run(func(ctx context.Context) error { h.run(ctx); return nil })
	return h
}

var _ listener = (*selfcheck.Checker)(nil)
