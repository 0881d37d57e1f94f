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
	receipts []incident.Receipt
	orders   int
}

// Order is the router's order without a library: nobody's address and nobody's
// text is kept.
func (s *scribe) Order(c *casebook.Case, d schedule.Due, now time.Time) (incident.Fact, error) {
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID}
	if s.orders++; s.orders > maxUpdates {
		return f, fmt.Errorf("more than %d updates by %s\nhint: look at the cadences, or end the rehearsal earlier", maxUpdates, now.Format(time.RFC3339))
	}
	a := s.book.Audience(d.Audience)
	if a == nil {
		a = &policies.Audience{} // nobody
	}
	by := a.Channels
	if d.Channels != nil {
		by = d.Channels
	}
	people, deliveries := reach(a, by)
	if deliveries == 0 {
		f.Unrostered = &incident.Unrostered{Audience: d.Audience}
		return f, nil
	}
	p := casebook.Numbered(c, d)
	p.Channels, p.Critical, p.Deliveries = by, a.Critical, deliveries
	for chunk := 0; chunk*maxPart < len(a.Recipients); chunk++ {
		p.Roster = append(p.Roster, fmt.Sprintf("%s %d", a.Name, chunk))
	}
	p.Parts = len(p.Roster) * len(p.Channels)
	f.Planned = &p
	text, err := s.text(c.State, a, d, by, now)
	if err != nil {
		return f, fmt.Errorf("put update %d of %s into words: %w", p.Update, c.State.ID, err)
	}
	s.out.ordered(text, people)
	return f, nil
}

// reach counts who is reached by any of these channels, and how many
// deliveries that takes.
func reach(a *policies.Audience, by []string) (people, deliveries int) {
	for _, r := range a.Recipients {
		before := deliveries
		for _, channel := range by {
			if address(r, channel) != "" {
				deliveries++
			}
		}
		if deliveries > before {
			people++
		}
	}
	return people, deliveries
}

func address(r policies.Recipient, channel string) string {
	if channel == "sms" {
		return r.Phone
	}
	return r.Email
}

// text puts an update into words for the first who gets it: the SMS where one
// goes out, else the mail.
func (s *scribe) text(state *incident.State, a *policies.Audience, d schedule.Due, by []string, now time.Time) (told, error) {
	if s.stage.Words == nil {
		return told{}, nil
	}
	var reader *policies.Recipient
	channel := ""
	for i := range a.Recipients {
		r := &a.Recipients[i]
		for _, c := range by {
			if address(*r, c) != "" && (reader == nil || c == "sms" && channel != "sms") {
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
	v := s.book.Sheet(s.stage.Global, state, d, now)
	r, err := s.stage.Words.Render(v, words.Reader{Reads: string(a.Reads), Language: reader.Language, Zone: zone})
	if err != nil {
		return told{}, err
	}
	if channel == "sms" {
		return told{short: r.SMS, whole: r.SMS}, nil
	}
	return told{short: r.Subject, whole: strings.ReplaceAll(words.Fill(r.Text, nil), "\n \n", "\n\n")}, nil
}

// Decided keeps a fact, and orders the receipts of an update.
func (s *scribe) Decided(c *casebook.Case, f incident.Fact) {
	s.facts = append(s.facts, f)
	s.out.decided(c, f)
	p := f.Planned
	if p == nil {
		return
	}
	for part := range p.Parts {
		d := incident.Delivered{Update: p.Update, Part: fmt.Sprintf("%s.%d.%d", f.Incident, p.Update, part), LastAt: f.At}
		if part == 0 {
			d.Accepted = p.Deliveries // the sum is what counts
		}
		s.receipts = append(s.receipts, incident.Receipt{Incident: f.Incident, Delivered: d})
	}
}

// Rest has nothing to store.
func (s *scribe) Rest() error { return nil }
