package rehearse

import (
	"fmt"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// maxPart is how many people a part of an order has at most, as in the outbox.
const maxPart = 500

// maxUpdates stops a rehearsal under a cadence of seconds before it fills the
// memory.
const maxUpdates = 500_000

// scribe makes facts of what is due as the router does, and stores nothing.
type scribe struct {
	stage    Stage
	book     *casebook.Book // the one that it writes for
	out      *Transcript
	zones    map[string]*time.Location
	facts    []incident.Fact
	receipts []receipt
	orders   int
}

// receipt is what the channels report of a part, and when. The audience of one
// that moves no audience's clock is empty.
type receipt struct {
	at       time.Time
	audience string
	incident.Receipt
}

// Order is the router's order without a library: nobody's address and nobody's
// text is kept.
func (s *scribe) Order(c *casebook.Case, o casebook.Order, now time.Time) (incident.Fact, error) {
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID}
	if s.orders++; s.orders > maxUpdates {
		return f, fmt.Errorf("more than %d updates by %s\nhint: look at the cadences, or end the rehearsal earlier", maxUpdates, now.Format(time.RFC3339))
	}
	all, who, critical := s.audience(c, o.Due)
	route := s.book.Route(c, o.Due)
	var by casebook.By
	var people []policies.Recipient
	deliveries := 0
	for _, r := range all {
		uses, waits := route.Uses(r.Address)
		by.Add(route, uses, waits)
		own := policies.Recipient{Name: r.Name, Language: r.Language, TimeZone: r.TimeZone}
		before := deliveries
		for _, channel := range uses {
			address := r.Address(channel)
			if o.Omits(channel, strings.ToLower(address)) {
				continue
			}
			deliveries++
			if channel == "sms" {
				own.Phone = address
			} else {
				own.Email = address
			}
		}
		if deliveries > before {
			people = append(people, own)
		}
	}
	if deliveries == 0 && len(o.Carried) == 0 {
		f.Body = &incident.Unrostered{Audience: o.Audience, CatchUp: o.CatchUp}
		return f, nil
	}
	p := casebook.Numbered(c, o)
	by.Mark(&p, route)
	p.Critical, p.Deliveries = critical, deliveries
	p.Roster = rosters(o.Audience, len(all))
	p.Parts = len(p.Roster) * len(p.Channels)
	f.Body = &p
	var sheets []words.Piece
	text, err := s.text(people, p.Channels, func(r words.Reader) (words.Rendered, error) {
		r.Reads, r.Informal = who.Reads, who.Informal
		sheet := s.book.Sheet(s.stage.Global, s.stage.Words, c, o.Due, now)
		sheets = []words.Piece{{View: sheet, Reads: who.Reads, Informal: who.Informal}}
		return s.stage.Words.Render(sheet, r)
	})
	if err != nil {
		return f, fmt.Errorf("put update %d of %s into words: %w", p.Update, c.State.ID, err)
	}
	text.sheets = sheets
	s.out.ordered(text, len(people))
	return f, nil
}

// Combine is the router's, likewise.
func (s *scribe) Combine(c *casebook.Case, m casebook.Combined, now time.Time) (incident.Fact, error) {
	p := m.Planned
	p.Deliveries, p.Roster = len(m.People), rosters("combined", len(m.People))
	p.Parts = len(p.Roster)
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &p}
	var sheets []words.Piece
	text, err := s.text(m.People, p.Channels, func(r words.Reader) (words.Rendered, error) {
		sheets = s.book.Combination(s.stage.Global, s.stage.Words, m, now)
		return casebook.Say(s.stage.Words, sheets, r)
	})
	if err != nil {
		return f, fmt.Errorf("put update %d of %s into words: %w", p.Update, c.State.ID, err)
	}
	text.sheets = sheets
	s.out.ordered(text, len(m.People))
	for _, piece := range m.Pieces {
		if at := piece.Due.Promise; !at.IsZero() && (s.out.next.Promise.IsZero() || at.Before(s.out.next.Promise)) {
			s.out.next.Promise = at
		}
	}
	return f, nil
}

// audience returns who is told or asked, and in which words.
func (s *scribe) audience(c *casebook.Case, d schedule.Due) (people []policies.Recipient, who words.Reader, critical bool) {
	if d.Team {
		t := s.book.Team(d.Audience)
		return s.book.Asked(d), words.Reader{Reads: d.AsksAs(), Informal: t.Informal}, true
	}
	a := s.book.Audience(d.Audience)
	if a == nil {
		return nil, words.Reader{}, false // nobody
	}
	return s.book.Members(c.State, a), words.Reader{Reads: string(a.Reads), Informal: a.Informal}, a.Critical
}

// rosters names the chunks of people that an order goes to.
func rosters(of string, people int) []string {
	var all []string
	for chunk := 0; chunk*maxPart < people; chunk++ {
		all = append(all, fmt.Sprintf("%s %d", of, chunk))
	}
	return all
}

// text puts an update into words for the first who gets it: the SMS where one
// goes out, else the mail.
func (s *scribe) text(people []policies.Recipient, by []string, say func(words.Reader) (words.Rendered, error)) (told, error) {
	if s.stage.Words == nil || len(people) == 0 {
		return told{}, nil
	}
	var reader *policies.Recipient
	channel := ""
	for i := range people {
		r := &people[i]
		for _, c := range by {
			if r.Address(c) != "" && (reader == nil || c == "sms" && channel != "sms") {
				reader, channel = r, c
			}
		}
	}
	zone := s.zones[reader.TimeZone]
	if zone == nil {
		var err error
		if zone, err = time.LoadLocation(reader.TimeZone); err != nil {
			zone = s.stage.Global.TimeZone
		}
		s.zones[reader.TimeZone] = zone
	}
	r, err := say(words.Reader{Language: reader.Language, Zone: zone})
	if err != nil {
		return told{}, err
	}
	s.out.lapsed(r.Lapse)
	mail := words.Fill(r.Text, nil)
	if channel == "sms" {
		return told{short: r.SMS, whole: r.SMS, mail: mail}, nil
	}
	return told{short: r.Subject, whole: mail, mail: mail}, nil
}

// Decided keeps a fact, and orders the receipts of an update.
func (s *scribe) Decided(c *casebook.Case, f incident.Fact) {
	s.facts = append(s.facts, f)
	s.out.decided(c, f)
	if of := f.Cancelled(); of != nil {
		s.withdraw(f.Incident, of.Update, f.At)
	}
	p := f.Planned()
	if p == nil {
		return
	}
	at := latest(f.At, p.DueAt)
	for n := range s.receipts { // what waited for its moment is not sent any more
		if r := &s.receipts[n]; !p.Side() && r.Incident == f.Incident && r.audience == p.Audience && r.at.After(f.At) {
			r.at, r.Accepted, r.Superseded, r.LastAt = f.At, 0, r.Accepted, time.Time{}
			s.out.superseded(f.Incident, r.Update)
		}
	}
	audience := p.Audience
	if p.Side() {
		audience = ""
	}
	for part := range p.Parts {
		d := incident.Delivered{Update: p.Update, Part: fmt.Sprintf("%s.%d.%d", f.Incident, p.Update, part), LastAt: at}
		if part == 0 {
			d.Accepted = p.Deliveries // the sum is what counts
		}
		s.receipts = append(s.receipts, receipt{at: at, audience: audience, Receipt: incident.Receipt{Incident: f.Incident, Delivered: d}})
	}
}

// withdraw takes back an update that waits for its moment.
func (s *scribe) withdraw(id string, update int, now time.Time) {
	for n := range s.receipts {
		if r := &s.receipts[n]; r.Incident == id && r.Update == update && r.at.After(now) {
			r.at, r.Accepted, r.Superseded, r.LastAt = now, 0, r.Accepted, time.Time{}
			s.out.superseded(id, update)
		}
	}
}

// Rest has nothing to store.
func (s *scribe) Rest() error { return nil }

// latest is when an update goes out: one that was planned ahead, when it is due.
func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
