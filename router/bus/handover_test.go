package bus_test

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// shared is the configuration of all of them.
const shared = `
global: {organisation: Voorbeeld, language: en, time_zone: UTC}
channels:
  email: {smarthosts: ["mail.voorbeeld.example:25"], from: "ICT <ict@voorbeeld.example>", require_tls: false}
services:
  - {name: mail, title: {en: email}, matchers: ['service="mail"'], threshold: [{firing_for: 1s}], resolved_after: 10s}
audiences:
  - {name: it, channels: [email], recipients: [{name: "IT", email: it@voorbeeld.example}]}
policies:
  - {name: all, updates: [{audience: it, cadence: [{from: 0s, every: 30s}]}]}
`

// office is a router among others on one store.
type office struct {
	*router.Router
	t     *testing.T
	name  string
	store *bus.Bus
	log   *journal
	stop  context.CancelFunc
	ended chan error
}

type journal struct {
	t    *testing.T
	name string
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.t.Log(j.name, strings.TrimSpace(string(b)))
	return j.text.Write(b)
}

func (j *journal) says(text string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Contains(j.text.String(), text)
}

// open opens an office; seat is what its router has of the seat, nil: all of it.
func open(t *testing.T, name string, store *bus.Bus, mend func(*router.Options)) *office {
	t.Helper()
	o := &office{t: t, name: name, store: store, log: &journal{t: t, name: name}, ended: make(chan error, 1)}
	seat, err := store.Seat(t.Context(), name, func() string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := policies.Load("sitrep.yml", func(string) ([]byte, error) { return []byte(shared), nil })
	if err != nil {
		t.Fatal(err)
	}
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		t.Fatal(err)
	}
	pack, err := words.Parse(files)
	if err != nil {
		t.Fatal(err)
	}
	options := router.Options{
		Store: store, Inbox: store, Library: store, Audit: store, Writer: pack, Key: store.Key(), Global: cfg.Global,
		Log: slog.New(slog.NewTextHandler(o.log, nil)),
		Policy: casebook.Policy{
			Severities: cfg.Severities, Services: cfg.Services, Audiences: cfg.Audiences,
			Policies: cfg.Policies, Teams: cfg.Teams, Watchdogs: cfg.Watchdogs, Needs: cfg.Needs(),
		},
		Share: &router.Share{Seat: seat, Chain: store},
	}
	if mend != nil {
		mend(&options)
	}
	o.Router = router.New(options)
	ctx, stop := context.WithCancel(context.Background())
	o.stop = stop
	if err := o.Start(ctx); err != nil {
		t.Fatal(err)
	}
	go func() { o.ended <- o.Run(ctx) }()
	return o
}

// close ends it as a stop does.
func (o *office) close() {
	o.t.Helper()
	o.stop()
	if err := <-o.ended; err != nil {
		o.t.Errorf("%s ended with %v", o.name, err)
	}
}

// active waits until it is the active one, and returns how long that took.
func (o *office) active(within time.Duration) time.Duration {
	o.t.Helper()
	began := time.Now()
	for !o.Active() {
		if time.Since(began) > within {
			o.t.Fatalf("%s is not the active one after %v", o.name, within)
		}
		time.Sleep(10 * time.Millisecond)
	}
	return time.Since(began)
}

var submitted int

// ask submits an override, and returns what was decided and how long that took.
func (o *office) ask(in incident.Input) (router.Decision, time.Duration) {
	o.t.Helper()
	submitted++
	in.At, in.By = time.Now().UTC(), "oncall"
	if in.ID == "" {
		in.ID = fmt.Sprint("input ", submitted)
	}
	began := time.Now()
	d, err := o.Submit(context.Background(), in)
	if err != nil {
		o.t.Errorf("%s answered %v after %v: %+v", o.name, err, time.Since(began), in)
	}
	return d, time.Since(began)
}

func lead(name string) incident.Input {
	return incident.Input{Set: &incident.Set{Incident: "SR-1", Lead: new(name)}}
}

// fire has an alert of a service fire, as the office's own door takes it.
func (o *office) fire(service, name string) {
	o.t.Helper()
	alert := incident.Observation{Fingerprint: service + name, Firing: true, StartsAt: time.Now().UTC(), Labels: map[string]string{"alertname": name, "service": service, "severity": "critical"}}
	if err := o.store.Put(o.t.Context(), incident.Input{At: time.Now().UTC(), Alerts: []incident.Observation{alert}}); err != nil {
		o.t.Fatal(err)
	}
}

// alike asks that two offices show the same.
func alike(t *testing.T, one, other *office) {
	t.Helper()
	synctest.Wait()
	show := func(o *office) (text string) {
		for _, p := range o.Incidents() {
			text += fmt.Sprintf("%s %d %s open=%v lead=%q next=%v\n", p.ID, p.Version, p.Phase, p.Open, p.Lead, p.NextAt())
			for _, f := range p.Timeline {
				text += "  " + f.At.Format("15:04:05.000 ") + f.String() + "\n"
			}
		}
		return text
	}
	if a, b := show(one), show(other); a != b || a == "" {
		t.Errorf("%s shows\n%s\n%s shows\n%s", one.name, a, other.name, b)
	}
}

// together plays with two offices on one store, of which the first is the active one.
func together(t *testing.T, mend func(*router.Options), f func(t *testing.T, one, other *office)) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b, err := bus.Open(t.Context(), bus.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		one := open(t, "one", bus.Twin(t, b), mend)
		one.active(time.Second)
		f(t, one, open(t, "other", b, nil))
	})
}

// TestEveryOneAnswers: what is asked of the one that is not active is stored, decided
// by the active one, and answered where it was asked.
func TestEveryOneAnswers(t *testing.T) {
	together(t, nil, func(t *testing.T, one, other *office) {
		defer one.close()
		defer other.close()
		other.fire("mail", "MailDown")
		w := other.Follow("")
		time.Sleep(2 * time.Second)
		alike(t, one, other)
		events, missed, err := w.Next(t.Context())
		if err != nil || missed || len(events) == 0 {
			t.Errorf("who follows events heard of %d, missed %v, %v", len(events), missed, err)
		}
		for _, o := range []*office{one, other} {
			d, took := o.ask(lead(o.name))
			if took > time.Second || d.Refused != "" || len(d.Facts) == 0 || d.Facts[0].Led() == nil || d.Facts[0].Led().Lead != o.name {
				t.Errorf("%s answered after %v: %+v", o.name, took, d)
			}
			stale := lead("nobody")
			stale.IfVersion = []int{1}
			if d, took := o.ask(stale); took > time.Second || !d.Stale || d.Refused == "" {
				t.Errorf("%s answered what was meant for another version after %v: %+v", o.name, took, d)
			}
			unknown := lead("nobody")
			unknown.Set.Incident = "SR-9"
			if d, took := o.ask(unknown); took > time.Second || !d.Unknown {
				t.Errorf("%s answered of what there is not after %v: %+v", o.name, took, d)
			}
			keyed := lead("Keyed at " + o.name)
			keyed.Key, keyed.Asked = "key of "+o.name, "this"
			first, _ := o.ask(keyed)
			again, took := other.ask(keyed)
			if took > time.Second || again.Incident != "SR-1" || len(again.Facts) != len(first.Facts) || len(first.Facts) == 0 || again.Facts[0].Input != first.Facts[0].Input {
				t.Errorf("asked again it was answered after %v: %+v, at first %+v", took, again, first)
			}
			keyed.Asked = "that"
			if d, took := other.ask(keyed); took > time.Second || !d.Reused {
				t.Errorf("a name that was used for something else was answered after %v: %+v", took, d)
			}
		}
		d, _ := other.ask(incident.Input{Say: &incident.Say{Incident: "SR-1", Texts: map[string]string{"": "somebody looks at it"}}})
		planned := 0
		for _, f := range d.Facts {
			if f.Planned() != nil {
				planned++
			}
		}
		if planned == 0 {
			t.Errorf("words were told to nobody: %+v", d)
		}
		alike(t, one, other)
	})
}

// late is a chain whose commits take a while to come.
type late struct{ router.Chain }

func (l late) Follow(ctx context.Context, apply func(incident.Commit) error) error {
	return l.Chain.Follow(ctx, func(c incident.Commit) error {
		time.Sleep(300 * time.Millisecond)
		return apply(c)
	})
}

// TestWhatWasOpenedAMomentAgo: one that stands by looks twice before it says that there
// is no such incident.
func TestWhatWasOpenedAMomentAgo(t *testing.T) {
	together(t, nil, func(t *testing.T, one, other *office) {
		defer one.close()
		other.close()
		other = open(t, other.name, other.store, func(o *router.Options) { o.Share.Chain = late{o.Share.Chain} })
		defer func() { other.close() }()
		one.fire("mail", "MailDown")
		for one.Incident("SR-1") == nil {
			time.Sleep(time.Millisecond)
		}
		if other.Incident("SR-1") != nil {
			t.Fatal("it is shown at once, although what is committed comes late")
		}
		began := time.Now()
		other.Abreast(t.Context())
		if other.Incident("SR-1") == nil {
			t.Errorf("it is not shown after %v", time.Since(began))
		}
		other.Abreast(t.Context()) // nothing is to come
		one.Abreast(t.Context())
		if took := time.Since(began); took > time.Second {
			t.Errorf("it was waited for %v", took)
		}
	})
}

// TestCleanHandOver: the seat is handed over by a stop, and whoever waits at that
// moment is answered by the other one.
func TestCleanHandOver(t *testing.T) {
	together(t, nil, func(t *testing.T, one, other *office) {
		one.fire("mail", "MailDown")
		time.Sleep(2 * time.Second)
		for range 4 {
			one.close()
			_, took := other.ask(lead("during"))
			if took > time.Second {
				t.Errorf("asked while it was handed over, it was answered after %v", took)
			}
			if took = other.active(time.Second); took > time.Second {
				t.Errorf("handed over in %v", took)
			}
			if other.Incident("SR-1").Lead != "during" {
				t.Error("it is not shown")
			}
			one = open(t, one.name, one.store, nil)
			time.Sleep(40 * time.Second)
			alike(t, one, other)
			one, other = other, one
		}
		one.close()
		other.close()
	})
}

// TestHandOverAfterAKill: nobody says that he leaves.
func TestHandOverAfterAKill(t *testing.T) {
	together(t, nil, func(t *testing.T, one, other *office) {
		one.fire("mail", "MailDown")
		time.Sleep(2 * time.Second)
		one.store.Cut()
		d, took := other.ask(lead("during"))
		t.Logf("answered after %v", took)
		if took > 10*time.Second || len(d.Facts) == 0 {
			t.Errorf("asked after the active one was killed, it was answered after %v: %+v", took, d)
		}
		time.Sleep(5 * time.Minute)
		if got := len(other.Incidents()[0].Timeline); got < 10 {
			t.Errorf("%d facts after five minutes", got)
		}
		one.stop()
		<-one.ended
		other.close()
	})
}

// stuck is a seat that does not notice that it is lost: that of a process that was
// frozen, as far as it knows a moment after it wakes.
type stuck struct {
	router.Seat
	mu   sync.Mutex
	lose bool // from now on it is noticed
}

func (s *stuck) Take(ctx context.Context) (context.Context, error) {
	held, err := s.Seat.Take(ctx)
	if s.mu.Lock(); err == nil && !s.lose {
		held = context.Background()
	}
	s.mu.Unlock()
	return held, err
}

// frozen is a store to which nothing gets through for a while.
type frozen struct {
	*bus.Bus
	way chan struct{} // holds one while something may get through
}

func (f *frozen) Commit(ctx context.Context, c incident.Commit) error {
	<-f.way
	defer func() { f.way <- struct{}{} }()
	c.At = c.At.Add(time.Millisecond) // no two machines have the same time, to the nanosecond
	return f.Bus.Commit(ctx, c)
}

// TestWhoWakesIsFenced: a router that was frozen, and believes that it is the active
// one, decides something. Nothing of that happened; it stands by, and shows what did.
func TestWhoWakesIsFenced(t *testing.T) {
	seat, ice := &stuck{}, &frozen{}
	together(t, func(o *router.Options) {
		seat.Seat, o.Share.Seat = o.Share.Seat, seat
		ice.Bus, ice.way, o.Store = o.Store.(*bus.Bus), make(chan struct{}, 1), ice
		ice.way <- struct{}{}
	}, func(t *testing.T, one, other *office) {
		one.fire("mail", "MailDown")
		time.Sleep(2 * time.Second)
		<-ice.way
		seat.mu.Lock()
		seat.lose = true
		seat.mu.Unlock()
		seat.Seat.Leave() // as if its time had passed
		other.active(10 * time.Second)
		asked := make(chan router.Decision)
		go func() {
			d, err := one.Submit(context.Background(), incident.Input{At: time.Now().UTC(), ID: "late", By: "oncall", Set: &incident.Set{Incident: "SR-1", Lead: new("of the frozen one")}})
			if err != nil {
				t.Error(err)
			}
			asked <- d
		}()
		time.Sleep(time.Second)
		if lead := other.Incident("SR-1").Lead; lead != "of the frozen one" {
			t.Errorf("the lead is %q", lead)
		}
		ice.way <- struct{}{}
		if d := <-asked; len(d.Facts) != 1 || d.Facts[0].Led() == nil {
			t.Errorf("it was answered %+v", d)
		}
		time.Sleep(5 * time.Second)
		if one.Active() || !other.Active() || !one.log.says("not the active one any more") {
			t.Errorf("active: %v and %v", one.Active(), other.Active())
		}
		other.ask(lead("after all"))
		alike(t, one, other)
		led := 0
		for _, f := range one.Incident("SR-1").Timeline {
			if f.Led() != nil {
				led++
			}
		}
		if led != 2 {
			t.Errorf("%d were appointed, 2 were asked for", led)
		}
		one.close()
		other.close()
	})
}
