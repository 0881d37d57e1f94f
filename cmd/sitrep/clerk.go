package main

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"sitrep/router/audit"
	"sitrep/router/bus"
	"sitrep/router/web"
)

// clerk writes the lines of the audit that follow from no facts: logins that failed,
// what somebody wanted who may not, reloads. However many fail, a minute has few
// lines: those of one source are one, and of many sources the rest are one.
type clerk struct {
	store interface {
		Audit(ctx context.Context, l audit.Line) error
	}
	log *slog.Logger

	writing sync.Mutex // held while the store is waited for; before the next
	mu      sync.Mutex
	tallies map[failure]*tried
	waiting []audit.Line // that the store did not take yet
}

const (
	// clerkEvery is how long what fails is counted together.
	clerkEvery = time.Minute
	// clerkLines is how many lines a minute has at most of each kind, but for one more
	// that sums up the others.
	clerkLines = 20
	// manyFailures is how many sources and reasons are told apart within it.
	manyFailures = 1000
	// manyWaiting is how many lines may wait for the store.
	manyWaiting = 1000
	// clerkTime is how long one line may take.
	clerkTime = 5 * time.Second
)

// failure is what is counted together.
type failure struct {
	kind         audit.Kind
	reason       web.Reason
	from, caller string
}

type tried struct {
	first time.Time
	times int
}

func newClerk(store *bus.Bus, log *slog.Logger) *clerk {
	return &clerk{store: store, log: log, tallies: map[failure]*tried{}}
}

// suspicious are the refusals that stand in the audit. That somebody came without a
// login, or too fast, does not.
var suspicious = map[web.Reason]audit.Kind{
	web.WrongLogin: audit.Login, web.TooManyWrong: audit.Login, web.UnclearProxy: audit.Login,
	web.WrongRole: audit.Refusal, web.WrongReach: audit.Refusal, web.OtherSite: audit.Refusal, web.Elsewhere: audit.Refusal,
}

var failures = map[web.Reason]string{
	web.WrongLogin:   "a token or password that is not known",
	web.TooManyWrong: "not looked at, since too much was wrong before",
	web.UnclearProxy: "the proxy named nobody, or two",
	web.WrongRole:    "wanted what the role may not",
	web.WrongReach:   "wanted to tell audiences that are not for that caller",
	web.OtherSite:    "a page of another site made the browser call",
	web.Elsewhere:    "called from elsewhere, where no tokens are configured",
}

// refused counts somebody who was not let in, or not to do what he wanted. It never
// waits.
func (c *clerk) refused(r web.Refusal) {
	kind, is := suspicious[r.Reason]
	if !is {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := failure{kind, r.Reason, r.From, audit.Named(r.Caller)}
	t := c.tallies[f]
	if t == nil && len(c.tallies) >= manyFailures {
		f.from, f.caller = "many", ""
		t = c.tallies[f]
	}
	if t == nil {
		t = &tried{first: time.Now().UTC()}
		c.tallies[f] = t
	}
	t.times++
}

// write writes a line before it returns, or as soon as the store takes it.
func (c *clerk) write(ctx context.Context, l audit.Line) {
	c.mu.Lock()
	c.waiting = append(c.waiting, l)
	c.mu.Unlock()
	c.flush(ctx)
}

// run writes what is counted, each minute, and what is left when ctx ends.
func (c *clerk) run(ctx context.Context) {
	ticker := time.NewTicker(clerkEvery)
	defer ticker.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-ticker.C:
		}
		c.mu.Lock()
		c.waiting = append(c.waiting, c.counted()...)
		c.mu.Unlock()
		c.flush(context.WithoutCancel(ctx))
	}
}

// counted returns the lines of what was counted, and begins to count anew. The lock
// is held. A flood of wrong logins does not hide who wanted what he may not.
func (c *clerk) counted() (lines []audit.Line) {
	of := map[audit.Kind][]audit.Line{}
	for f, t := range c.tallies {
		of[f.kind] = append(of[f.kind], audit.Line{At: t.first, Kind: f.kind, By: f.caller, From: f.from, Refused: true, Count: t.times, Text: failures[f.reason]})
	}
	clear(c.tallies)
	for _, some := range of {
		lines = append(lines, few(some)...)
	}
	slices.SortStableFunc(lines, func(a, b audit.Line) int { return a.At.Compare(b.At) })
	return lines
}

// few leaves the lines that count most, and one for all others.
func few(lines []audit.Line) []audit.Line {
	if len(lines) <= clerkLines {
		return lines
	}
	slices.SortFunc(lines, func(a, b audit.Line) int {
		if a.Count != b.Count {
			return b.Count - a.Count
		}
		return a.At.Compare(b.At)
	})
	rest := lines[clerkLines]
	rest.By, rest.From, rest.Count, rest.Text = "", "many", 0, fmt.Sprintf("%d more sources", len(lines)-clerkLines)
	for _, l := range lines[clerkLines:] {
		rest.Count += l.Count
		if l.At.Before(rest.At) {
			rest.At = l.At
		}
	}
	return append(lines[:clerkLines:clerkLines], rest)
}

// flush writes what waits, in its order, until the store does not take it.
func (c *clerk) flush(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, clerkTime)
	defer cancel()
	c.writing.Lock()
	defer c.writing.Unlock()
	for l, some := c.next(); some; l, some = c.next() {
		if err := c.store.Audit(ctx, l); err != nil {
			c.log.Error("a line of the audit could not be written; tried again within a minute", "err", err)
			return
		}
		c.mu.Lock()
		c.waiting = c.waiting[1:]
		c.mu.Unlock()
	}
}

// next returns the line that has waited for the longest. Of too many, it leaves out
// the oldest.
func (c *clerk) next() (audit.Line, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.waiting) - manyWaiting; n > 0 {
		c.log.Error("the store has taken no lines of the audit for so long that some are lost", "lines", n)
		c.waiting = c.waiting[n:]
	}
	if len(c.waiting) == 0 {
		return audit.Line{}, false
	}
	return c.waiting[0], true
}

// auditLook is how many of the last lines a start reads.
const auditLook = 1000

// found looks whether the lines are as they were written, and says so in a line
// where they are not.
func (c *clerk) found(ctx context.Context, store *bus.Bus) (whole bool, err error) {
	check, err := store.CheckAudit(ctx, auditLook)
	if err != nil {
		return false, err
	}
	var fresh []string
	for _, f := range check.Findings {
		c.log.Error("the audit is not as it was written", "finding", f)
		if !check.Said(f) {
			fresh = append(fresh, f)
		}
	}
	for _, f := range fresh {
		c.write(ctx, audit.Line{At: time.Now().UTC(), Kind: audit.Broken, Text: f})
	}
	return len(check.Findings) == 0, nil
}
