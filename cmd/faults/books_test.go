package faults

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
	"sitrep/router/bus"
	"sitrep/router/incident"
)

// sums are deliveries by what became of them.
type sums struct {
	planned, accepted, failed, unreached, superseded, possible int
}

func (s *sums) add(r channels.Report) {
	s.accepted += r.Accepted
	s.failed += r.Failed
	s.unreached += r.Unreached
	s.superseded += r.Superseded
	s.possible += r.Possible
}

// books are what a run left: what the ledger says, and what the inboxes hold.
type books struct {
	sums
	inbox, twice int
	missing      int                     // planned, and in no inbox
	updates      []incident.Planned      // in their order
	key          channels.Key            // of the store
	reports      map[string]*sums        // by audience
	copies       map[string]int          // of each mail, by its Message-ID's left half
	people       map[int][]channels.Part // of each update
}

// incidentPage is what the API says of an incident, as far as it is looked at.
type incidentPage struct {
	State     string
	Audiences []struct {
		Name       string
		Updates    int
		Deliveries struct {
			Planned, Accepted, Failed, Superseded int
			Possible                              int `json:"possible_duplicates"`
		}
	}
	Timeline []struct{ Fact, Text string }
}

// page reads the incident's; an empty one where nobody answers.
func (w *world) page() (p incidentPage) {
	if w.get("/api/v1/incidents/SR-1", &p) != http.StatusOK {
		return incidentPage{}
	}
	return p
}

// settled reports whether all that was planned for the audiences came to an end.
func (p incidentPage) settled() bool {
	for _, a := range p.Audiences {
		d := a.Deliveries
		if d.Planned == 0 || d.Planned != d.Accepted+d.Failed+d.Superseded {
			return false
		}
	}
	return len(p.Audiences) > 0
}

// settle waits until every delivery that was planned came to an end.
func (w *world) settle() {
	w.Helper()
	w.until("every delivery came to an end", patience(), func() bool { return w.page().settled() })
}

// audit stops sitrep and compares its books with each other and with the
// inboxes: see the package. The incident must be settled.
func (w *world) audit() books {
	w.Helper()
	page := w.page()
	w.stop(20 * time.Second)
	b := w.ledger(w.store)
	for _, a := range page.Audiences {
		r, d := b.reports[a.Name], a.Deliveries
		if r == nil {
			w.Fatalf("seed %d: the API tells of audience %s, the facts do not", w.seed, a.Name)
		}
		says := sums{planned: d.Planned, accepted: d.Accepted, failed: d.Failed - r.unreached, unreached: r.unreached, superseded: d.Superseded, possible: d.Possible}
		if says != *r {
			w.Errorf("seed %d: the API says of %s %+v, the ledger %+v", w.seed, a.Name, says, *r)
		}
	}
	if len(page.Audiences) != len(b.reports) {
		w.Errorf("seed %d: the API tells of %d audiences, the facts of %d", w.seed, len(page.Audiences), len(b.reports))
	}
	return b
}

// ledger opens a store that nobody uses, and compares its facts, its ledger and
// the inboxes.
func (w *world) ledger(dir string) books {
	w.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	o := bus.Options{Dir: dir, Log: slog.New(slog.DiscardHandler)}
	if w.nats != "" {
		o.Cluster = &bus.Cluster{Servers: strings.Split(w.nats, ",")}
	}
	store, err := bus.Open(ctx, o)
	if err != nil {
		w.Fatalf("seed %d: open the store: %v", w.seed, err)
	}
	defer store.Close()
	b := books{key: store.Key(), reports: map[string]*sums{}, copies: map[string]int{}, people: map[int][]channels.Part{}}
	var parts []channels.Part
	err = store.Replay(ctx, func(c incident.Commit) error {
		for _, f := range c.Facts {
			if p := f.Planned(); p != nil {
				b.updates = append(b.updates, *p)
				parts = append(parts, cut(f.Incident, *p)...)
			}
		}
		return nil
	})
	if err != nil {
		w.Fatalf("seed %d: read the facts: %v", w.seed, err)
	}
	for _, p := range b.updates {
		if b.reports[p.Audience] == nil {
			b.reports[p.Audience] = &sums{}
		}
		b.reports[p.Audience].planned += p.Deliveries
		b.planned += p.Deliveries
	}
	inbox := w.inboxes()
	b.inbox, b.copies = inbox.all, inbox.mails
	claimed := map[string]bool{}
	for _, p := range parts {
		b.people[p.Update] = append(b.people[p.Update], p)
		people, err := store.Roster(ctx, p.Roster)
		if err != nil {
			w.Fatalf("seed %d: %v", w.seed, err)
		}
		done := w.done(ctx, store, p)
		if done == nil {
			continue
		}
		b.add(*done.Done)
		b.reports[p.Audience].add(*done.Done)
		w.inInbox(&b, p, people, done, claimed)
	}
	for id := range inbox.mails {
		if !claimed[id] {
			w.Errorf("seed %d: a mail %s is in the inbox that nobody planned", w.seed, id)
		}
	}
	b.twice = inbox.twice
	texts := 0
	if r := b.reports[texted]; r != nil {
		if texts = len(inbox.texts); texts < r.accepted || texts > r.accepted+r.unreached {
			w.Errorf("seed %d: the ledger says that %d SMS were accepted and of %d nobody knows; the provider has %d", w.seed, r.accepted, r.unreached, texts)
		}
		b.missing += r.planned - texts
	}
	if b.planned != b.accepted+b.failed+b.unreached+b.superseded {
		w.Errorf("seed %d: planned is not the sum of what became of it: %+v", w.seed, b.sums)
	}
	if b.twice > b.possible {
		w.Errorf("seed %d: %d copies too many, and the ledger counts %d possible duplicates", w.seed, b.twice, b.possible)
	}
	return b
}

// cut is what the router cuts an update into.
func cut(id string, p incident.Planned) (parts []channels.Part) {
	for chunk, roster := range p.Roster {
		for _, channel := range p.Channels {
			parts = append(parts, channels.Part{Incident: id, Update: p.Update, Chunk: chunk, Channel: channel, Audience: p.Audience, Roster: roster})
		}
	}
	return parts
}

// done returns the last record of a part, in which all of it is final.
func (w *world) done(ctx context.Context, store *bus.Bus, p channels.Part) *channels.Record {
	w.Helper()
	records, _, err := store.Records(ctx, p.ID())
	if err != nil {
		w.Errorf("seed %d: %v", w.seed, err)
		return nil
	}
	if n := len(records); n > 0 && records[n-1].Done != nil {
		return &records[n-1]
	}
	last := map[int]channels.State{}
	for _, r := range records {
		for _, step := range r.Steps {
			last[step.Row] = step.State
		}
	}
	states := map[channels.State]int{}
	for _, s := range last {
		states[s]++
	}
	w.Errorf("seed %d: part %s is not finished; its rows are %v", w.seed, p.ID(), states)
	return nil
}

// inInbox compares a part of the ledger with the mailboxes of its people.
func (w *world) inInbox(b *books, p channels.Part, people []channels.Person, done *channels.Record, claimed map[string]bool) {
	w.Helper()
	if p.Channel != channels.Email {
		return // an SMS names no delivery: they are counted
	}
	there := 0
	for row, person := range people {
		id := b.key.Delivery(p.Incident, p.Update, p.Channel, person.Email)
		claimed[id] = true
		n := b.copies[id]
		if n > 0 {
			there++
		} else {
			b.missing++
		}
		if n > 0 && slices.Contains(done.Unsent, row) {
			w.Errorf("seed %d: the ledger says that row %d of %s was never sent, and it is in the inbox", w.seed, row, p.ID())
		}
	}
	if d := done.Done; there < d.Accepted || there > d.Accepted+d.Unreached {
		w.Errorf("seed %d: the ledger says that %d of %s were accepted and of %d nobody knows; %d are in the inbox", w.seed, d.Accepted, p.ID(), d.Unreached, there)
	}
}

// inbox is what both inboxes hold.
type inbox struct {
	all, twice int
	mails      map[string]int // copies, by the Message-ID's left half
	texts      map[string]int // by number and text
}

// inboxes counts. Copies of a mail must be the same message to the same person.
func (w *world) inboxes() inbox {
	w.Helper()
	in := inbox{mails: map[string]int{}, texts: map[string]int{}}
	first := map[string]channeltest.Mail{}
	for _, m := range w.mail() {
		id, _, _ := strings.Cut(m.MessageID, "@")
		if before, again := first[id]; again && (before.To != m.To || before.Subject != m.Subject || before.Text != m.Text || before.HTML != m.HTML) {
			w.Errorf("seed %d: two different mails have the Message-ID %s", w.seed, m.MessageID)
		}
		first[id] = m
		in.mails[id]++
		in.all++
	}
	for _, s := range w.twilio.Messages() {
		in.texts[fmt.Sprint(s.To, " ", s.Body)]++
		in.all++
	}
	in.twice = in.all - len(in.mails) - len(in.texts)
	return in
}
