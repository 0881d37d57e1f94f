package words

import (
	"cmp"
	"slices"
	"time"
)

// Example is a message as somebody may get it: to look at, and to begin a fact
// sheet of one's own with.
type Example struct {
	// Name is its kind, and for some what is special about it: "closing-partly".
	Name string
	// Views is what it is made of: one, or those of a combined message.
	Views []View
}

// Kind returns what it is to its reader.
func (e Example) Kind() Kind {
	if len(e.Views) > 1 {
		return Combined
	}
	return e.Views[0].Kind
}

// Readers returns who may read it.
func (e Example) Readers() []string {
	if e.Kind() == Ailing { // those who talk are not asked to mend it
		return []string{resolution}
	}
	return slices.Clone(readersOf(e.Views[0].Kind))
}

// Pieces returns it as one reader gets it: as what he reads, and as he is called.
func (e Example) Pieces(r Reader) []Piece {
	var all []Piece
	for _, v := range e.Views {
		all = append(all, Piece{View: v, Reads: r.Reads, Informal: r.Informal})
	}
	return all
}

// Scene is where the examples take place. What it leaves out is as in the
// configuration that ships.
type Scene struct {
	Organisation string
	// Titles are those of the services mail, permits and network, by these names.
	Titles map[string]map[string]string
	// Address is that of sitrep, without a slash at its end.
	Address string
	// Quoted is who reads the updates that a nudge quotes; what he Reads is of no
	// matter.
	Quoted Reader
}

// Examples are the course of an outage, of a planned change, and what the teams
// get: at least one of each kind. Their moments are fixed.
func (p *Pack) Examples(s Scene) ([]Example, error) {
	teams, err := p.teamExamples(s)
	if err != nil {
		return nil, err
	}
	return slices.Concat(s.outageExamples(), s.changeExamples(), s.combinedExamples(), teams), nil
}

// Kinds returns every kind of message.
func Kinds() []Kind { return slices.Concat(kinds, []Kind{Combined}, teamKinds) }

// Readers returns as what a message can be read: what audiences read, then the
// teams.
func Readers() []string { return slices.Concat(audiences, teams) }

// The services of the examples.
var (
	mailTitle    = map[string]string{"nl": "e-mail", "en": "email"}
	permitsTitle = map[string]string{"nl": "het vergunningenloket", "en": "the permit desk"}
	networkTitle = map[string]string{"nl": "het netwerk", "en": "the network"}
)

var noon = time.Date(2026, 11, 23, 12, 5, 0, 0, time.UTC) // 13.05 in Amsterdam, a Monday

// outage is an ordinary view: email has been out for an hour and a bit.
func outage(kind Kind, number int) View {
	now := noon.Add(65 * time.Minute)
	v := View{
		Organisation: "Gemeente Voorbeeld", Incident: "SR-12", Kind: kind, Number: number,
		Service:  mailTitle,
		Severity: "critical", Phase: "investigating",
		Since: noon, Now: now, NextBefore: now.Add(20 * time.Minute),
		Lead: "Anna de Vries", Firing: 3,
		Expected: ClockShare{Limit: time.Hour, Used: 65 * time.Minute},
		Agreed:   ClockShare{Limit: 24 * time.Hour, Used: 65 * time.Minute},
		Alerts: []Alert{
			{Name: "MailQueueHigh", Severity: "critical", Instance: "mx1:9100", Summary: "queue holds 5000 messages", Since: noon, Firing: true},
			{Name: "ImapDown", Severity: "critical", Instance: "imap2", Since: noon.Add(4 * time.Minute), Firing: true},
			{Name: "SmtpSlow", Severity: "warning", Instance: "mx2:9100", Summary: "5s to answer", Since: noon, Firing: false},
		},
		Link: "https://sitrep.example/incidents/SR-12",
	}
	if kind != First {
		v.LastAt = now.Add(-20 * time.Minute)
		v.PhaseBefore, v.SeverityBefore = v.Phase, v.Severity
		v.FiringBefore, v.CameBack = 5, 2
	}
	if slices.Contains(ofChange, kind) {
		v.Change = work(noon)
	}
	if kind.final() {
		v.Ended, v.NextBefore, v.Firing = now.Add(-5*time.Minute), time.Time{}, 0
		for i := range v.Alerts {
			v.Alerts[i].Firing = false
		}
	}
	return v
}

// plenty is all that can be known of it.
var plenty = Account{
	Summary:    map[string]string{"nl": "Berichten van buiten komen niet aan.", "en": "Messages from outside do not arrive."},
	Impact:     map[string]string{"nl": "Mailen binnen de gemeente werkt gewoon.", "en": "Mail inside the town hall works as ever."},
	Workaround: map[string]string{"nl": "Bel, of gebruik de chat.", "en": "Call, or use the chat."},
	Known:      map[string]string{"nl": "Een schijf van de mailserver is vol.", "en": "A disk of the mail server is full."},
	RuledOut:   map[string]string{"nl": "Er is geen mail verloren gegaan", "en": "No mail was lost"},
	Doing:      map[string]string{"nl": "Wij maken ruimte vrij.", "en": "We are making room."},
}

// title is a service's in this scene.
func (s Scene) title(name string, otherwise map[string]string) map[string]string {
	if t := s.Titles[name]; len(t) > 0 {
		return t
	}
	return otherwise
}

// place moves a view into the scene.
func (s Scene) place(v View) View {
	v.Organisation = cmp.Or(s.Organisation, v.Organisation)
	address := cmp.Or(s.Address, "https://sitrep.voorbeeld.example")
	v.Link = address + "/"
	if v.Incident != "" {
		v.Link += "incidents/" + v.Incident
	}
	if v.Answer != "" {
		v.Answer = address + "/answer/~" + v.Incident
	}
	if v.API != "" {
		v.API = address + "/api/v1/incidents/" + v.Incident
	}
	return v
}

// mail is the mail outage as it is told so long after it began, with half an hour
// from one update to the next.
func (s Scene) mail(kind Kind, number int, after time.Duration, change func(*View)) View {
	v := s.place(outage(kind, number))
	v.Service = s.title("mail", mailTitle)
	v.Now = noon.Add(after)
	v.Expected.Used, v.Agreed.Used = after, after
	v.Account = Account{Summary: plenty.Summary, Impact: plenty.Impact, Workaround: plenty.Workaround}
	if kind.final() {
		v.Ended = v.Now.Add(-5 * time.Minute)
		v.Account = Account{Summary: plenty.Summary, Known: plenty.Known}
	} else {
		v.NextBefore = promised(v.Now)
	}
	if number > 1 {
		v.LastAt = v.Now.Add(-30 * time.Minute)
	}
	if number > 2 { // since the second update
		v.Known, v.KnownAt = saidOfMail, noon.Add(32*time.Minute)
		v.Phase, v.PhaseBefore = "identified", "identified"
		v.Consequences = []map[string]string{s.title("permits", permitsTitle)}
		v.Estimate = fourOClock
	}
	if change != nil {
		change(&v)
	}
	return v
}

// promised is what an update half an hour before the next one promises.
func promised(now time.Time) time.Time { return now.Add(35 * time.Minute).Truncate(5 * time.Minute) }

var (
	saidOfMail = map[string]string{
		"nl": "Een schijf van de mailserver is vol.\nDe leverancier maakt nu ruimte vrij.",
		"en": "A disk of the mail server is full.\nThe supplier is making room now.",
	}
	fourOClock = noon.Add(2*time.Hour + 55*time.Minute)
)
