package speed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/policies"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// beginning: a start that finds a year of facts.
func beginning(b *bench) {
	server := b.sink(nil)
	s := b.sitrep(many(server.addr, 200, 3))
	data := filepath.Join(s.dir, "data")
	n, commits := b.year(filepath.Join(s.dir, "sitrep.yml"), data, *facts)
	s.start() // what the first start after that year does, no later one does again
	s.stop()
	var took, bare []float64
	for range *rounds {
		var nanos int64
		b.result("reader", readerTerms{filepath.Join(data, "nats")}, &nanos)
		bare = append(bare, time.Duration(nanos).Seconds())
		took = append(took, s.start().Seconds())
		if open := s.metric("sitrep_incidents_open"); open == 0 {
			b.Errorf("seed %d: after the start no incident is open", b.seed)
		}
		s.stop()
	}
	now, times := middle(took), ratio(took, bare)
	b.add(line{
		fmt.Sprintf("start with a year of facts (%d in %d commits)", n, commits), fmt.Sprintf("%.2f s", now),
		fmt.Sprintf("bare reading of the stream %.2f s", middle(bare)), two(times), "under twice it, and under 5 s", times < 2 && now < 5,
	})
}

// year puts a year of facts into a new store: outages one after the other, each
// told of and over within hours, but for the last ones. What is judged is judged by
// the casebook, as in a router.
func (b *bench) year(file, data string, want int) (n, commits int) {
	b.Helper()
	cfg, err := policies.Load(file, os.ReadFile)
	if err != nil {
		b.Fatal(err)
	}
	store, err := bus.Open(b.Context(), bus.Options{Dir: data, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	w := &writer{}
	book := casebook.New(casebook.Policy{Severities: cfg.Severities, Services: cfg.Services, Audiences: cfg.Audiences, Policies: cfg.Policies, Rate: map[string]float64{"email": 50}})
	do := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	flush := func(at time.Time, least int) {
		if len(w.facts) < least {
			return
		}
		do(store.Commit(b.Context(), incident.Commit{At: at, Facts: w.facts}))
		n, commits = n+len(w.facts), commits+1
		w.facts = nil
	}
	take := func(in incident.Input) {
		_, _, err := book.Take(in, w)
		do(err)
		do(book.Tick(in.At, w))
		for len(w.receipts) > 0 {
			r := w.receipts[0]
			w.receipts = w.receipts[1:]
			_, _, err := book.Take(incident.Input{At: in.At, Receipt: &r}, w)
			do(err)
			do(book.Tick(in.At, w))
		}
		flush(in.At, 5)
	}
	// An outage comes to some twenty facts; a year is divided by that.
	const each = 20
	gap := 364 * 24 * time.Hour / time.Duration(max(want/each, 1))
	at := time.Now().Add(-364 * 24 * time.Hour).UTC()
	for i := 0; n+len(w.facts) < want; i++ {
		service := fmt.Sprint("s", i%len(cfg.Services))
		var alerts []incident.Observation
		for a := range 3 {
			alerts = append(alerts, incident.Observation{
				Fingerprint: fmt.Sprintf("%s-%d", service, a), StartsAt: at, Firing: true, Summary: "postfix does not answer on port 25",
				Labels: map[string]string{"alertname": "TargetDown", "service": service, "severity": "critical", "instance": fmt.Sprintf("node-%d.example.org:9100", a), "job": "blackbox", "namespace": "mail-system"},
			})
		}
		take(incident.Input{At: at.Add(2 * time.Second), Alerts: alerts})
		if n+len(w.facts) < want-each { // the last one stays open
			for a := range alerts {
				alerts[a].Firing, alerts[a].EndsAt = false, at.Add(gap/3)
			}
			take(incident.Input{At: at.Add(gap / 3), Alerts: alerts})
			for next := book.Next(at.Add(gap)); next.Before(at.Add(gap)); next = book.Next(at.Add(gap)) {
				take(incident.Input{At: next})
			}
		}
		if at = at.Add(gap); at.After(time.Now()) {
			at = time.Now().UTC()
		}
	}
	flush(at, 1)
	return n, commits
}

// writer keeps facts, and reports each update as delivered.
type writer struct {
	facts    []incident.Fact
	receipts []incident.Receipt
}

func (w *writer) Order(c *casebook.Case, o casebook.Order, now time.Time) (incident.Fact, error) {
	p := casebook.Numbered(c, o)
	p.Channels, p.Texts, p.Roster, p.Parts, p.Deliveries = []string{"email"}, fmt.Sprintf("%032x", now.UnixNano()), []string{fmt.Sprintf("%032x", 7)}, 1, 1
	w.receipts = append(w.receipts, incident.Receipt{Incident: c.State.ID, Delivered: incident.Delivered{
		Update: p.Update, Part: fmt.Sprintf("%s.%d.0.email", c.State.ID, p.Update), Accepted: 1, LastAt: now,
	}})
	return incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &p}, nil
}

func (w *writer) Combine(c *casebook.Case, m casebook.Combined, now time.Time) (incident.Fact, error) {
	p := m.Planned
	p.Texts, p.Roster, p.Parts, p.Deliveries = fmt.Sprintf("%032x", now.UnixNano()), []string{fmt.Sprintf("%032x", 7)}, 1, 1
	w.receipts = append(w.receipts, incident.Receipt{Incident: c.State.ID, Delivered: incident.Delivered{
		Update: p.Update, Part: fmt.Sprintf("%s.%d.0.email", c.State.ID, p.Update), Accepted: 1, LastAt: now,
	}})
	return incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &p}, nil
}

func (w *writer) Decided(_ *casebook.Case, f incident.Fact) { w.facts = append(w.facts, f) }
func (w *writer) Rest() error                               { return nil }

type readerTerms struct{ Dir string }

// playReader reads the stream of facts from its beginning to its end, and makes
// nothing of it.
func playReader(terms []byte) error {
	var t readerTerms
	if err := json.Unmarshal(terms, &t); err != nil {
		return err
	}
	s, err := natsserver.NewServer(&natsserver.Options{ServerName: "sitrep", DontListen: true, NoSigs: true, JetStream: true, SyncAlways: true, StoreDir: t.Dir})
	if err != nil {
		return err
	}
	s.Start()
	defer func() { s.Shutdown(); s.WaitForShutdown() }()
	if !s.ReadyForConnections(time.Minute) {
		return errors.New("the server is not ready")
	}
	conn, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	began := time.Now()
	c, err := js.OrderedConsumer(context.Background(), "SITREP_FACTS", jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	messages, err := c.Messages(jetstream.PullMaxMessages(500))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		m, err := messages.Next()
		if err != nil {
			return err
		}
		meta, err := m.Metadata()
		if err != nil {
			return err
		}
		if meta.NumPending == 0 {
			return say(time.Since(began).Nanoseconds())
		}
	}
}
