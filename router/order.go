package router

import (
	"context"
	"slices"
	"strings"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// order is an update that was planned.
type order struct {
	incident string
	planned  incident.Planned
	at       time.Time
}

// parts cuts an order. What it is cut into follows from the order alone.
func (o order) parts() []channels.Part {
	p := o.planned
	var parts []channels.Part
	for chunk, hash := range p.Roster {
		for _, channel := range p.Channels {
			parts = append(parts, channels.Part{
				Incident:  o.incident,
				Update:    p.Update,
				Chunk:     chunk,
				Channel:   channel,
				Audience:  p.Audience,
				Kind:      string(p.Kind),
				Critical:  p.Critical,
				Texts:     p.Texts,
				Roster:    hash,
				PlannedAt: o.at,
				Promised:  p.Promised,
				First:     p.First,
				Previous:  p.Previous,
			})
		}
	}
	return parts
}

// order fixes what an update says and who gets it, and returns the fact.
func (r *Router) order(ctx context.Context, c *casebook.Case, d schedule.Due, now time.Time) (incident.Fact, error) {
	s := c.State
	f := incident.Fact{At: now, Service: s.Service, Incident: s.ID}
	a := r.cases.Audience(d.Audience)
	people, err := r.roster(ctx, s, a, d)
	if err != nil {
		return f, err
	}
	if d.Channels != nil {
		people.channels = d.Channels
	}
	deliveries := 0
	for _, p := range people.all {
		for _, channel := range people.channels {
			if p.Address(channel) != "" {
				deliveries++
			}
		}
	}
	if deliveries == 0 {
		f.Unrostered = &incident.Unrostered{Audience: d.Audience}
		return f, nil
	}
	texts := r.write(s, people.reads, d, people.all, now)
	p := casebook.Numbered(c, d)
	p.Channels, p.Critical, p.Roster, p.Deliveries = people.channels, people.critical, people.hashes, deliveries
	p.Parts = len(p.Roster) * len(p.Channels)
	err = r.insist(ctx, "the texts of an update", func() (err error) {
		p.Texts, err = r.o.Library.PutTexts(ctx, texts)
		return err
	})
	f.Planned = &p
	return f, err
}

// roster is who gets an update, and how.
type roster struct {
	all      []channels.Person
	hashes   []string
	channels []string
	reads    policies.Reads
	critical bool
}

// roster returns who gets an update: the audience as it is now; of a closing
// update, everyone who was told.
func (r *Router) roster(ctx context.Context, s *incident.State, a *policies.Audience, d schedule.Due) (roster, error) {
	var out roster
	told := s.Told[d.Audience]
	if a != nil {
		out.channels, out.reads, out.critical = a.Channels, a.Reads, a.Critical
		now, err := r.current(ctx, a)
		if err != nil {
			return out, err
		}
		if d.Kind != incident.Closing || sameSet(now.hashes, told.Rosters) {
			out.all, out.hashes = now.all, now.hashes
			return out, nil
		}
	} else if told != nil {
		// The configuration knows the audience no more. Those who were told are
		// told the end, by whatever reaches them.
		out.channels, out.reads = told.Channels, policies.Staff
	}
	if told == nil || d.Kind != incident.Closing {
		return out, nil
	}
	// The newest row of a person comes first; an address that it has is not
	// written to a second time for an older row's sake.
	seen := map[string]bool{}
	for _, hash := range slices.Backward(told.Rosters) {
		var people []channels.Person
		err := r.insist(ctx, "a roster", func() (err error) {
			people, err = r.o.Library.Roster(ctx, hash)
			return err
		})
		if err != nil {
			return out, err
		}
		for _, p := range people {
			for _, address := range []*string{&p.Email, &p.Phone} {
				key := strings.ToLower(*address)
				if seen[key] {
					*address = ""
				}
				seen[key] = key != ""
			}
			if p.Email != "" || p.Phone != "" {
				out.all = append(out.all, p)
			}
		}
	}
	hashes, err := r.store(ctx, out.all)
	out.hashes = hashes
	return out, err
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for _, v := range a {
		if !slices.Contains(b, v) {
			return false
		}
	}
	return true
}

// current returns an audience's roster as the configuration has it, stored.
func (r *Router) current(ctx context.Context, a *policies.Audience) (*roster, error) {
	if known := r.rosters[a.Name]; known != nil {
		return known, nil
	}
	out := &roster{}
	for _, p := range a.Recipients {
		out.all = append(out.all, channels.Person{
			ID: r.o.Key.Person(p.Email, p.Phone), Name: p.Name, Email: p.Email, Phone: p.Phone,
			Language: p.Language, Zone: p.TimeZone,
		})
	}
	hashes, err := r.store(ctx, out.all)
	if err != nil {
		return nil, err
	}
	out.hashes = hashes
	r.rosters[a.Name] = out
	return out, nil
}

// store keeps people in chunks, by the hash of their content.
func (r *Router) store(ctx context.Context, people []channels.Person) ([]string, error) {
	var hashes []string
	for chunk := range slices.Chunk(people, channels.MaxPart) {
		err := r.insist(ctx, "a roster", func() error {
			hash, err := r.o.Library.PutRoster(ctx, chunk)
			if err == nil {
				hashes = append(hashes, hash)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return hashes, nil
}

// write puts an update into words, once for each language and time zone that
// somebody reads.
func (r *Router) write(s *incident.State, reads policies.Reads, d schedule.Due, people []channels.Person, now time.Time) []channels.Text {
	v := r.cases.Sheet(r.o.Global, s, d, now)
	type reader struct{ language, zone string }
	seen := map[reader]bool{}
	var texts []channels.Text
	for _, p := range people {
		who := reader{p.Language, p.Zone}
		if seen[who] {
			continue
		}
		seen[who] = true
		zone, err := time.LoadLocation(p.Zone)
		if err != nil {
			zone = r.o.Global.TimeZone
		}
		t, err := r.o.Writer.Render(v, words.Reader{Reads: string(reads), Language: p.Language, Zone: zone})
		if err != nil {
			// A template that fails must not silence an outage: check-config finds
			// it beforehand, and here the bare facts go out.
			r.o.Log.Error("a message could not be rendered; the bare facts go out instead", "incident", s.ID, "audience", d.Audience, "language", p.Language, "err", err)
			t = bare(v, p.Language, zone)
		}
		texts = append(texts, channels.Text{
			Language: p.Language, Zone: p.Zone,
			Subject: t.Subject, Text: t.Text, HTML: t.HTML, SMS: t.SMS, Phrases: t.Phrases,
		})
	}
	return lean(texts)
}

// maxTexts is how large the texts of one update may be together: one message
// of the store holds them.
const maxTexts = 700 << 10

// lean leaves the HTML out where an audience is spread over so many time zones
// and languages that all of it does not fit; the plain text says the same.
func lean(texts []channels.Text) []channels.Text {
	size := 0
	for i := range texts {
		t := &texts[i]
		if size += len(t.Subject) + 2*len(t.Text) + 2*len(t.HTML) + 2*len(t.SMS); size > maxTexts {
			size -= 2 * len(t.HTML)
			t.HTML = ""
		}
	}
	return texts
}
