package router_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats-server/v2/server/ats"
	"go.uber.org/goleak"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/audit"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

func TestMain(m *testing.M) {
	ats.Register() // its clock must not belong to a bubble
	goleak.VerifyTestMain(m, goleak.IgnoreCurrent())
}

var (
	crashSeeds = flag.Int("crash.seeds", 3, "how many afternoons are played with crashes")
	crashFirst = flag.Uint64("crash.seed", 1, "the first seed")
)

// fatal is the end of a router at one of its duties.
type fatal struct{}

func (fatal) Error() string { return "the router died" }
func (fatal) Final() bool   { return true }

// mortal is the store as a router sees it that dies at one of its calls: before
// it is done, or after it was and before anybody is told. The store lives on.
type mortal struct {
	*bus.Bus
	mu    sync.Mutex
	left  int // calls until it dies; negative: it never does
	after bool
	dead  bool
	cut   func(channels.Part)
}

func (m *mortal) do(call func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.dead {
		return fatal{}
	}
	if m.left == 0 && !m.after {
		m.dead = true
		return fatal{}
	}
	err := call()
	if m.left == 0 {
		m.dead = true
		return fatal{}
	}
	m.left--
	return err
}

func (m *mortal) Commit(ctx context.Context, c incident.Commit) error {
	return m.do(func() error { return m.Bus.Commit(ctx, c) })
}

// Audit is called seldom, so that its calls are deadlier than others.
func (m *mortal) Audit(ctx context.Context, l audit.Line) error {
	m.mu.Lock()
	if m.left > 0 {
		m.left /= 4
	}
	m.mu.Unlock()
	return m.do(func() error { return m.Bus.Audit(ctx, l) })
}

func (m *mortal) PutPart(ctx context.Context, p channels.Part) error {
	return m.do(func() error {
		err := m.Bus.PutPart(ctx, p)
		if err == nil {
			m.cut(p)
		}
		return err
	})
}

func (m *mortal) Withdraw(ctx context.Context, p channels.Part) error {
	return m.do(func() error { return m.Bus.Withdraw(ctx, p) })
}

func (m *mortal) PutTexts(ctx context.Context, texts []channels.Text) (hash string, err error) {
	err = m.do(func() (err error) { hash, err = m.Bus.PutTexts(ctx, texts); return err })
	return hash, err
}

func (m *mortal) PutRoster(ctx context.Context, people []channels.Person) (hash string, err error) {
	err = m.do(func() (err error) { hash, err = m.Bus.PutRoster(ctx, people); return err })
	return hash, err
}

func (m *mortal) Compact(ctx context.Context, seq uint64) error {
	return m.do(func() error { return m.Bus.Compact(ctx, seq) })
}

// happening is an input and when it comes in.
type happening struct {
	at time.Duration
	in incident.Input
}

// afternoon draws what happens in some hours, and then all is over. No two things
// happen at one moment, which could come in one order or the other.
func afternoon(r *rand.Rand) []happening {
	var all []happening
	start := time.Now()
	at := time.Duration(0)
	firing := map[string]time.Time{}
	alert := func(service, name string, fires bool) incident.Observation {
		o := incident.Observation{Fingerprint: service + name, Firing: fires, StartsAt: firing[service+name], Labels: map[string]string{
			"alertname": name, "service": service, "severity": []string{"warning", "critical"}[r.IntN(2)],
		}}
		if fires && o.StartsAt.IsZero() {
			o.StartsAt = start.Add(at).UTC()
			firing[o.Fingerprint] = o.StartsAt
		}
		if !fires {
			o.EndsAt = start.Add(at).UTC()
			delete(firing, o.Fingerprint)
		}
		return o
	}
	names := []string{"network", "mail", "permits"}
	for range 25 {
		at += time.Duration(r.IntN(20*60*1000)) * time.Millisecond
		in := incident.Input{ID: fmt.Sprint("input ", len(all)), By: "oncall"}
		id := fmt.Sprint("SR-", 1+r.IntN(2))
		switch r.IntN(15) {
		case 0, 1, 2, 3, 4, 5:
			in = incident.Input{}
			for range 1 + r.IntN(3) {
				o := alert(names[r.IntN(3)], fmt.Sprint("A", r.IntN(3)), r.IntN(3) > 0 || len(firing) < 2)
				if !slices.ContainsFunc(in.Alerts, func(other incident.Observation) bool { return other.Fingerprint == o.Fingerprint }) {
					in.Alerts = append(in.Alerts, o)
				}
			}
		case 6:
			in.Say = &incident.Say{Incident: id, Texts: map[string]string{"": "somebody looks at it"}, Phase: incident.Identified}
		case 7:
			in.Steer = &incident.Steer{Incident: id, Audience: "board", Paused: r.IntN(3) == 0, Every: time.Duration(r.IntN(2)) * 20 * time.Minute}
			if r.IntN(2) == 0 {
				in.Steer.HoldUntil = start.Add(at + time.Hour).UTC()
			}
		case 11:
			in.Open = &incident.Open{Service: names[r.IntN(3)], Severity: "critical", StartedAt: start.Add(at - 10*time.Minute).UTC()}
		case 12:
			in.Send = &incident.Send{Incident: id}
		case 13:
			in.Cancel = &incident.Cancel{Incident: id, Update: 1 + r.IntN(40)}
		case 14:
			in.Merge = &incident.Merge{Incident: id, Into: fmt.Sprint("SR-", 1+r.IntN(3))}
		case 10:
			in.Reopen = &incident.Reopen{Incident: id}
		case 8:
			in.Set = &incident.Set{Incident: id, Lead: new("Fatima"), Severity: new("critical")}
		case 9:
			in.Resolve = &incident.Resolve{Incident: id}
		}
		all = append(all, happening{at, in})
	}
	for _, f := range slices.Sorted(func(yield func(string) bool) {
		for f := range firing {
			if !yield(f) {
				return
			}
		}
	}) {
		at += 1703 * time.Millisecond
		all = append(all, happening{at, incident.Input{Alerts: []incident.Observation{alert(f[:len(f)-2], f[len(f)-2:], false)}}})
	}
	return all
}

// postman brings parts to people, and reports so a second later.
type postman struct {
	mu    sync.Mutex
	known map[string]bool
	bag   []channels.Part
	parts []string
	texts map[string]int // by hash, which differs from store to store, in their order
}

func (p *postman) cut(part channels.Part) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known[part.ID()] { // cutting twice is cutting once
		return
	}
	p.known[part.ID()] = true
	p.bag = append(p.bag, part)
	if p.texts[part.Texts] == 0 {
		p.texts[part.Texts] = len(p.texts) + 1
	}
	p.parts = append(p.parts, fmt.Sprint(part.ID(), " ", part.Kind, " to ", part.Audience, ", text ", p.texts[part.Texts]))
}

func (p *postman) deliver(ctx context.Context, b *bus.Bus) error {
	p.mu.Lock()
	bag := p.bag
	p.bag = nil
	p.mu.Unlock()
	var reports []incident.Input
	now := time.Now().UTC()
	for n, part := range bag {
		d := incident.Delivered{Update: part.Update, Part: part.ID(), Accepted: 1, LastAt: now}
		if part.Fallback && part.Update%3 == 0 { // the first of them cannot be reached
			d.Accepted, d.Failed, d.LastAt, d.Fell = 0, 1, time.Time{}, []int{0}
			if n%2 == 0 { // and that is known before the rest
				early := incident.Delivered{Update: part.Update, Part: part.ID(), Fell: []int{0}, Partial: true}
				reports = append(reports, incident.Input{At: now, Receipt: &incident.Receipt{Incident: part.Incident, Delivered: early}})
			}
		}
		reports = append(reports, incident.Input{At: now, Receipt: &incident.Receipt{Incident: part.Incident, Delivered: d}})
	}
	if reports == nil {
		return nil
	}
	return b.Put(ctx, reports...)
}

// lived is what an afternoon came to: the facts, and the parts in the outbox.
type lived struct {
	lines        []string // of the audit
	facts, parts []string
	deaths       int
}

// shippedWords are the messages as they ship.
func shippedWords(t *testing.T) *words.Pack {
	t.Helper()
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		t.Fatal(err)
	}
	pack, err := words.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	return pack
}

// live plays an afternoon. Lives says at which of its calls the next router
// dies, and whether after it.
func live(t *testing.T, dir string, seed uint64, lives func() (calls int, after bool)) (out lived) {
	ctx := context.Background()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	b, err := bus.Open(ctx, bus.Options{Dir: dir, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	pack := shippedWords(t)
	cfg := shipped(t)
	post := &postman{known: map[string]bool{}, texts: map[string]int{}}

	running, stop := context.WithCancel(ctx)
	var routers sync.WaitGroup
	routers.Go(func() { // one after the other
		for running.Err() == nil {
			m := &mortal{Bus: b, cut: post.cut}
			m.left, m.after = lives()
			r := router.New(router.Options{
				Store: m, Inbox: m, Library: m, Audit: m, Writer: pack, Key: b.Key(), Log: log, Global: cfg.Global,
				Policy: casebook.Policy{
					Severities: cfg.Severities, Services: cfg.Services, Audiences: cfg.Audiences,
					Policies: cfg.Policies, Teams: cfg.Teams, Watchdogs: cfg.Watchdogs, Needs: cfg.Needs(),
				},
			})
			err := r.Start(running)
			if err == nil {
				err = r.Run(running)
			}
			if running.Err() != nil {
				return
			}
			if !errors.Is(err, fatal{}) {
				t.Errorf("it ended with %v", err)
				return
			}
			out.deaths++
		}
	})

	began := time.Now()
	wait := func(until time.Duration) {
		for next := time.Since(began).Truncate(time.Second) + time.Second; next < until; next += time.Second {
			// Every second, parts that are in the outbox are delivered; every five
			// minutes monitoring says that it lives.
			time.Sleep(time.Until(began.Add(next)))
			if next%(5*time.Minute) == time.Second {
				beat := incident.Observation{Fingerprint: "watchdog", Firing: true, StartsAt: began, Labels: map[string]string{"alertname": "Watchdog"}}
				if err := b.Put(ctx, incident.Input{At: time.Now().UTC(), Alerts: []incident.Observation{beat}}); err != nil {
					t.Fatal(err)
				}
			}
			if err := post.deliver(ctx, b); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Until(began.Add(until)))
	}
	var last time.Duration
	for _, h := range afternoon(rand.New(rand.NewPCG(seed, 1))) {
		wait(h.at)
		h.in.At, last = time.Now().UTC(), h.at
		if err := b.Put(ctx, h.in); err != nil {
			t.Fatal(err)
		}
	}
	wait(last + 20*time.Hour) // the next morning has been told, too
	synctest.Wait()
	stop()
	routers.Wait()
	if err := b.Replay(ctx, func(c incident.Commit) error {
		for _, f := range c.Facts {
			out.facts = append(out.facts, f.At.Format("15:04:05.000 ")+f.String())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	out.parts = post.parts
	lines, err := b.AuditLines(ctx, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range slices.Backward(lines) {
		out.lines = append(out.lines, fmt.Sprint(l.Number, " ", l))
	}
	return out
}

// shipped is the configuration that comes with sitrep.
func shipped(t *testing.T) *policies.Config {
	t.Helper()
	files, err := fs.Sub(policies.Default, "default")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := policies.Load("sitrep.yml", func(name string) ([]byte, error) { return fs.ReadFile(files, name) })
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// TestACrashBetweenAnyTwoDuties: a router that dies at any of its calls to the
// store, again and again, decides what one decides that lives, tells the same
// people the same, and nothing twice.
func TestACrashBetweenAnyTwoDuties(t *testing.T) {
	for n := range *crashSeeds {
		seed := *crashFirst + uint64(n)
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			var whole, broken lived
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				whole = live(t, dir, seed, func() (int, bool) { return -1, false })
			})
			dir = t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 2))
				broken = live(t, dir, seed, func() (int, bool) { return r.IntN(40), r.IntN(2) == 0 })
			})
			t.Logf("%d facts and %d parts; the other died %d times", len(whole.facts), len(whole.parts), broken.deaths)
			if len(whole.parts) < 10 || broken.deaths < 5 {
				t.Errorf("nothing much happened")
			}
			same(t, "fact", whole.facts, broken.facts)
			slices.Sort(whole.parts)
			slices.Sort(broken.parts)
			same(t, "part", whole.parts, broken.parts)
			if len(whole.lines) < 2 {
				t.Error("nobody decided anything")
			}
			same(t, "line", whole.lines, broken.lines)
		})
	}
}

func same(t *testing.T, what string, want, got []string) {
	t.Helper()
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("%s %d is\n%s\nwant\n%s", what, i, got[i], want[i])
		}
	}
	if len(want) != len(got) {
		t.Errorf("%d %ss, want %d", len(got), what, len(want))
	}
}
