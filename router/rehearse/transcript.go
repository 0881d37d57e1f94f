package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sitrep/policies/words"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Transcript is what a rehearsal came to.
type Transcript struct {
	Script  *Script
	Updates []Update // in the order in which they were planned
	Notes   []Note
	Sums    []Sum
	// Warnings are lines of the script that did nothing, each a sentence.
	Warnings []string
	Open     []string // incidents that are open at the end
	Coming   []string // what those that are over still have to tell

	stage Stage
	zone  *time.Location // of all times that people read
	facts []incident.Fact

	next    Update         // what the next fact Planned completes
	numbers map[number]int // index of an update
	unmet   map[pair]bool  // promises that broke before anything answered them
	nowhere map[string]bool
	lapses  map[string]bool // parts of own words that could not be said
}

// number names an update, and pair an audience of an incident.
type (
	number struct {
		incident string
		update   int
	}
	pair struct{ incident, audience string }
)

// Update is one thing told to one audience.
type Update struct {
	At         time.Time
	Incident   string
	Number     int // within the incident
	Audience   string
	Kind       incident.UpdateKind
	Recipients int
	Channels   []string
	Behind     []string // channels that wait for the audience's hours
	Promise    time.Time
	Kept       *bool // whether it kept the promise before it; nil: there was none
	Late       bool
	Why        string
	Short      string // the SMS, or the subject of the mail
	Text       string // the SMS, or the text of the mail
	Team       bool   // Audience is a team, which is asked for something
	// Sheets are what its words were made from: one, or the pieces of a combined
	// update. Without words in the stage there are none.
	Sheets []words.Piece

	mail   string // what a mail of it says to its first reader
	covers []int  // the updates that a combined one says, by index
	// hidden says that combined updates reach everybody of the audience, and gone
	// that a newer one took its place.
	hidden, gone bool
}

// told is an update in words.
type told struct {
	short, whole, mail string
	sheets             []words.Piece
}

// Note is something that happened besides the updates.
type Note struct {
	At    time.Time
	After int // so many updates came before it
	Text  string
	// of is the incident whose phase it tells, where that changed by itself.
	of    string
	phase incident.Phase
}

// Sum is what one audience got and was promised.
type Sum struct {
	Audience           string
	Updates            int
	Made, Kept, Broken int
	Silence            time.Duration // the longest between two updates
}

func newTranscript(stage Stage, s *Script) *Transcript {
	t := &Transcript{
		Script: s, stage: stage, zone: s.Start.Location(),
		numbers: map[number]int{}, unmet: map[pair]bool{}, lapses: map[string]bool{}, nowhere: map[string]bool{},
	}
	// A script that begins in the organisation's own time goes on in it, also
	// over a change of the clock.
	if home := stage.Global.TimeZone; home != nil {
		_, a := s.Start.Zone()
		_, b := s.Start.In(home).Zone()
		if a == b {
			t.zone = home
		}
	}
	return t
}

func (t *Transcript) note(at time.Time, format string, args ...any) {
	t.Notes = append(t.Notes, Note{At: at, After: len(t.Updates), Text: fmt.Sprintf(format, args...)})
}

// warn tells that a line of the script did nothing.
func (t *Transcript) warn(at time.Time, s Step, why string) {
	t.note(at, "nothing happens: %s", why)
	t.Warnings = append(t.Warnings, fmt.Sprintf("%s:%d: nothing happens: %s", t.Script.Name, s.Line, why))
}

// lapsed warns that a template of the configuration's own cannot be said, once for
// each part.
func (t *Transcript) lapsed(l *words.Lapse) {
	if l == nil || t.lapses[l.Part] {
		return
	}
	t.lapses[l.Part] = true
	t.Warnings = append(t.Warnings, fmt.Sprintf("a template of your own could not be said, and the one that ships was: %s: %s", l.Part, l.Err))
}

// happened tells a step as the script has it.
func (t *Transcript) happened(now time.Time, s Step) {
	if s.Set != nil || s.Steer != nil || s.Reopen != nil || s.Open != nil || s.Send != nil || s.Cancel != nil || s.Merge != nil || s.Split != nil || s.Approve != nil || s.Plan != nil || s.Conduct != nil {
		return // the facts say what came of it
	}
	text := s.sentence()
	if s.At.Before(now) {
		text += " (since " + t.clock(s.At, now) + ")"
	}
	t.note(now, "%s", text)
}

// unmatched tells, once for each name, of alerts that belong to no service.
func (t *Transcript) unmatched(at time.Time, name string, n int) {
	if n > 0 && !t.nowhere[name] {
		t.nowhere[name] = true
		t.note(at, "%s belongs to no service: counted, and nobody is told", name)
	}
}

// ordered adds what a fact does not hold to the update that comes next.
func (t *Transcript) ordered(text told, people int) {
	t.next = Update{Short: text.short, Text: text.whole, mail: text.mail, Recipients: people, Sheets: text.sheets}
}

// decided takes a fact into the transcript.
func (t *Transcript) decided(c *casebook.Case, f incident.Fact) {
	t.facts = append(t.facts, f)
	switch {
	case f.Planned() != nil:
		t.planned(f)
	case f.Kept() != nil:
		t.answered(f.Incident, f.Kept(), true)
		if f.Kept().Late {
			t.note(f.At, "%s: the promise to %s is kept after all", f.Incident, f.Kept().Audience)
		}
	case f.Broken() != nil:
		t.answered(f.Incident, f.Broken(), false)
		text := fmt.Sprintf("%s: the promise to %s is broken: nothing came before %s", f.Incident, f.Broken().Audience, t.clock(f.Broken().PromiseAt, f.At))
		if f.Broken().Held == incident.Unapproved {
			text += ", as nobody approved it"
		} else if f.Broken().Held != "" {
			text += ", as a person had decided"
		}
		t.note(f.At, "%s", text)
	case f.Estimated() != nil && !f.Estimated().At.IsZero():
		t.note(f.At, "%s: a person thinks that it is over at %s", f.Incident, t.clock(f.Estimated().At, f.At))
	case f.Accounted() != nil && len(f.Accounted().Texts) > 0:
		t.note(f.At, "%s: a person says of it, %s: %s", f.Incident, called(f.Accounted().Thing), inLanguages(f.Accounted().Texts))
	case f.Accounted() != nil:
		t.note(f.At, "%s: a person takes back what was said of it, %s", f.Incident, called(f.Accounted().Thing))
	case f.Steered() != nil:
		t.note(f.At, "%s: a person decides that %s", f.Incident, t.steered(f.Steered(), f.At))
	case f.Awaited() != nil:
		t.note(f.At, "%s: update %d to %s waits for a yes: %s", f.Incident, f.Awaited().Update, f.Awaited().Audience, f.Awaited().Kind)
	case f.Approved() != nil:
		t.note(f.At, "%s: another person approves update %d to %s", f.Incident, f.Approved().Update, f.Approved().Audience)
	case f.Rejected() != nil:
		t.note(f.At, "%s: another person rejects update %d to %s", f.Incident, f.Rejected().Update, f.Rejected().Audience)
	case f.Lapsed() != nil && f.Lapsed().Final:
		t.note(f.At, "%s: nothing goes to %s any more: nobody approved it", f.Incident, f.Lapsed().Audience)
	case f.Lapsed() != nil:
		t.note(f.At, "%s: nothing goes to %s: nobody approved it", f.Incident, f.Lapsed().Audience)
	case f.Phased() != nil:
		t.phased(f)
	case f.Refused() != nil:
		text := fmt.Sprintf("%s: refused to %s: %s", f.Incident, f.Refused().What, f.Refused().Reason)
		t.note(f.At, "%s", text)
		t.Warnings = append(t.Warnings, t.Script.Name+":"+lineOf(f.Input)+": "+text)
	case f.Resolved() != nil:
		text := fmt.Sprintf("%s is resolved: out from %s to %s", f.Incident, t.clock(f.Resolved().StartedAt, f.At), t.clock(f.Resolved().EndedAt, f.At))
		if f.Resolved().Firing > 0 {
			text += fmt.Sprintf(", %s muted", plural(f.Resolved().Firing, "firing alert"))
		}
		t.note(f.At, "%s", text)
	case f.Conducted():
		t.note(f.At, "%s", t.conducted(f))
	case f.Unconfirmed() != nil:
		t.note(f.At, "%s is unconfirmed: no webhook since about %s", f.Incident, t.clock(f.Unconfirmed().Since, f.At))
	case f.Silent() != nil:
		t.note(f.At, "monitoring is blind: no webhook with %s since %s", f.Silent().Watchdog, t.clock(f.Silent().Since, f.At))
	case f.Returned() != nil:
		t.note(f.At, "monitoring is heard again: %s", f.Returned().Watchdog)
	case f.Caused() != nil, f.Eased() != nil:
		// The outage itself says so.
	case f.Fired() != nil, f.Retold() != nil, f.Ceased() != nil, f.Heard() != nil, f.Said() != nil, f.Delivered() != nil:
		// The script's own lines tell these, and the last goes without saying.
	default:
		t.note(f.At, "%s", strings.TrimPrefix(f.String(), "incident "))
	}
}

func (t *Transcript) planned(f incident.Fact) {
	p := f.Planned()
	u := t.next
	u.At, u.Incident, u.Number, u.Audience, u.Kind = latest(f.At, p.DueAt), f.Incident, p.Update, p.Audience, p.Kind
	u.Channels, u.Behind, u.Late, u.Why, u.Team = p.Channels, p.Behind, p.Late, p.Why, p.Team
	if p.Kind == incident.Combined {
		t.combined(&u, p)
		return
	}
	u.Promise, u.hidden = p.PromiseAt, p.Deliveries == 0
	if who := (pair{u.Incident, u.Audience}); t.unmet[who] && !p.CatchUp {
		delete(t.unmet, who)
		u.Kept = new(bool)
	}
	t.numbers[number{u.Incident, u.Number}] = len(t.Updates)
	t.Updates = append(t.Updates, u)
	t.next = Update{}
}

// superseded takes back an update that waited for its moment.
func (t *Transcript) superseded(id string, update int) {
	if i, known := t.numbers[number{id, update}]; known {
		t.Updates[i].gone = true
	}
}

// combined takes in an update that says what others would have said.
func (t *Transcript) combined(u *Update, p *incident.Planned) {
	var incidents, audiences []string
	for _, c := range p.Covers {
		if i, known := t.numbers[number{c.Incident, c.Update}]; known {
			u.covers = append(u.covers, i)
		}
		if !slices.Contains(incidents, c.Incident) {
			incidents = append(incidents, c.Incident)
		}
		if !slices.Contains(audiences, c.Audience) {
			audiences = append(audiences, c.Audience)
		}
	}
	u.Incident, u.Audience = strings.Join(incidents, ", "), strings.Join(audiences, ", ")
	t.Updates = append(t.Updates, *u)
	t.next = Update{}
}

// Shown are the updates that reach somebody by themselves, and whether a
// combined one kept what those that it says promised.
func (t *Transcript) Shown() []Update {
	var all []Update
	for _, u := range t.Updates {
		for _, i := range u.covers {
			if k := t.Updates[i].Kept; k != nil && (u.Kept == nil || !*k) {
				u.Kept = k
			}
		}
		if !u.hidden && !u.gone {
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, func(a, b Update) int { return a.At.Compare(b.At) })
	return all
}

// answered notes the fate of a promise at the update that answered it; where
// none has yet, at the one that will.
func (t *Transcript) answered(id string, p *incident.Promise, kept bool) {
	if i, ok := t.numbers[number{id, p.By}]; ok {
		t.Updates[i].Kept = &kept
		return
	}
	t.unmet[pair{id, p.Audience}] = !kept
}

// lineOf returns the line of a script that an override's input is of.
func lineOf(input string) string {
	line, _, _ := strings.Cut(strings.TrimPrefix(input, "line "), ".")
	return line
}

// phased tells a phase. Of changes between which nobody was told anything, only
// the last is worth telling: what flaps makes hundreds.
func (t *Transcript) phased(f incident.Fact) {
	for n := len(t.Notes) - 1; n >= 0 && t.Notes[n].After == len(t.Updates); n-- {
		if t.Notes[n].of == f.Incident && f.By == "" {
			t.Notes = append(t.Notes[:n], t.Notes[n+1:]...)
			break
		}
	}
	t.note(f.At, "%s: phase %s", f.Incident, f.Phased().To)
	last := &t.Notes[len(t.Notes)-1]
	last.phase = f.Phased().To
	if f.By == "" {
		last.of = f.Incident
	}
}

// steered says when an audience hears from now on.
func (t *Transcript) steered(c *incident.Steered, now time.Time) string {
	var parts []string
	if c.Paused {
		parts = append(parts, "nothing until resumed")
	}
	if !c.HoldUntil.IsZero() {
		parts = append(parts, "nothing before "+t.clock(c.HoldUntil, now))
	}
	if c.Every > 0 {
		parts = append(parts, "an update every "+brief(c.Every))
	}
	if parts == nil {
		parts = []string{"updates by the policy again"}
	}
	out := c.Audience + " gets " + strings.Join(parts, ", and ")
	if !c.Breaks.IsZero() {
		out += ", which breaks what was promised before " + t.clock(c.Breaks, now)
	}
	return out
}

// still drops phases that an incident is in already, as was told.
func (t *Transcript) still() {
	in := map[string]incident.Phase{}
	t.Notes = slices.DeleteFunc(t.Notes, func(n Note) bool {
		if n.phase == "" {
			return false
		}
		id, _, _ := strings.Cut(n.Text, ":")
		before := orElse(string(in[id]), string(incident.Investigating))
		in[id] = n.phase
		return n.of != "" && before == string(n.phase)
	})
}

// close sums up.
func (t *Transcript) close(b *casebook.Book) {
	t.still()
	sums := map[string]*Sum{}
	for _, a := range t.stage.Policy.Audiences {
		sums[a.Name] = &Sum{Audience: a.Name}
	}
	for _, u := range t.Updates {
		if s := sums[u.Audience]; s != nil && !u.Team && u.Kind != incident.Combined && !u.gone {
			s.Updates++
		}
	}
	cases := b.Cases()
	slices.SortFunc(cases, func(a, b *casebook.Case) int {
		return casebook.Number(a.State.ID) - casebook.Number(b.State.ID)
	})
	for _, c := range cases {
		if c.State.Open() {
			t.Open = append(t.Open, c.State.ID)
		} else if !c.State.Own() {
			for _, d := range b.Coming(c, t.Script.End) {
				t.Coming = append(t.Coming, fmt.Sprintf("%s  %s to %s  [%s]", t.when(d.At), d.Kind, d.Audience, c.State.ID))
			}
		}
		for name, told := range c.State.Told {
			if s := sums[name]; s != nil {
				s.Made, s.Kept, s.Broken = s.Made+told.Made, s.Kept+told.Kept, s.Broken+told.Broken
				s.Silence = max(s.Silence, told.Silence)
			}
		}
	}
	for _, a := range t.stage.Policy.Audiences {
		t.Sums = append(t.Sums, *sums[a.Name])
	}
}
