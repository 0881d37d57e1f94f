package words

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxSubject is what a phone shows of a subject, in runes.
const maxSubject = 60

// maxPreheader is what an inbox shows beside the subject at most.
const maxPreheader = 140

// Reader says for whom an update is rendered.
type Reader struct {
	// Reads is executive, management, technical, staff or customer; of the kinds
	// to the teams communication or resolution.
	Reads    string
	Language string // one of Languages
	Zone     *time.Location
	// Informal says that the reader is called "je", not "u". English has one word.
	Informal bool
}

// Rendered is one update in one language and time zone, by channel. Slots (see
// Fill) are still marked.
type Rendered struct {
	Language string `json:"language"`
	Zone     string `json:"zone"`
	Subject  string `json:"subject"` // of the email
	Text     string `json:"text"`    // plain part of the email
	HTML     string `json:"html"`    // HTML part of the email
	SMS      string `json:"sms"`
	// SMSMissed is the SMS for somebody who missed updates before it: {n} in it
	// is how many. Empty where nothing went before, or it has no room for that.
	SMSMissed string `json:"sms_missed,omitempty"`
	// Phrases are what a worker puts into the slots, by slot: it knows only
	// when it sends how late it is and what was missed.
	Phrases map[string]string `json:"phrases,omitempty"`
	// Lapse is why it is said in the words that ship; nil where it is in those
	// that it should be.
	Lapse *Lapse `json:"-"`
	// Event is a planned change as an entry for the reader's calendar; nil: none.
	Event *Event `json:"event,omitempty"`
}

// Render says one update to one reader. Whatever the view holds is cleaned
// first; alerts and links are dropped here for all who are not to see them, so
// that no template can show them.
func (p *Pack) Render(v View, r Reader) (Rendered, error) {
	return p.tell(r, func(p *Pack, r Reader) (Rendered, *speaker, error) {
		s, err := p.speaker(v, r)
		if err == nil {
			var out Rendered
			if out, err = p.rendered(s, s.letter(), s.sms); err == nil {
				if out.Event, err = p.event(v, r); err == nil {
					return out, s, nil
				}
			}
		}
		return Rendered{}, s, fmt.Errorf("render message: %w", err)
	})
}

// rendered puts a composed message together.
func (p *Pack) rendered(s *speaker, m *letter, sms func(missed bool) string) (Rendered, error) {
	out := Rendered{
		Language: s.code, Zone: s.facts.Now.t.Location().String(),
		Subject: m.Subject, Text: m.text(), SMS: sms(false),
		Phrases: map[string]string{SlotMissed: line(s.must("phrase.missed"))},
	}
	if (s.facts.Number > 1 || s.facts.Count > 1) && !s.facts.ToTeam() {
		out.SMSMissed = sms(true)
	}
	if !s.facts.Late {
		out.Phrases[SlotLate] = line(s.must("phrase.late"))
	}
	if s.err == nil {
		out.HTML, s.err = s.pour(m)
	}
	return out, s.err
}

// speaker judges who may read what, and cleans the view for him.
func (p *Pack) speaker(v View, r Reader) (*speaker, error) {
	l := p.languages[r.Language]
	if l == nil {
		return nil, fmt.Errorf("no language %q", r.Language)
	}
	readers := readersOf(v.Kind)
	if readers == nil {
		return nil, fmt.Errorf("no kind %q", v.Kind)
	}
	if !slices.Contains(readers, r.Reads) {
		return nil, fmt.Errorf("nobody reads %q as %q", v.Kind, r.Reads)
	}
	f, err := newFacts(v, r, l.tongue, p.options.Hosts)
	if err != nil {
		return nil, err
	}
	if l, err = l.at(f.Now.t); err != nil {
		return nil, err
	}
	return &speaker{language: l, facts: f}, nil
}

// The kinds for audiences, and those for the teams.
var (
	kinds = []Kind{First, Reopened, Progress, Holding, Unknown, Overdue, Correction, Closing,
		Announced, Moved, Cancelled, Started, Overrunning, Completed}
	teamKinds = []Kind{Nudge, Question, Alarm, Ailing}
)

// readersOf returns who may read a kind; nil where there is no such kind.
func readersOf(k Kind) []string {
	switch {
	case slices.Contains(kinds, k):
		return audiences
	case slices.Contains(teamKinds, k):
		return teams
	}
	return nil
}

// speaker says the parts of one update. The first fault is kept; whoever uses
// it looks at err once, at the end.
type speaker struct {
	*language
	facts *facts
	err   error
}

func (s *speaker) must(part string) string { return s.part(part, s.facts, false) }
func (s *speaker) may(part string) string  { return s.part(part, s.facts, true) }

func (s *speaker) part(part string, f *facts, optional bool) string {
	out, err := s.say(part, f, optional)
	if err != nil && s.err == nil {
		s.err = err
	}
	return out
}

// fit says a part within room, as size measures it, by shortening the names in
// it: everything else is needed more.
func (s *speaker) fit(part string, f *facts, room int, size func(string) int) string {
	for limit := f.longest(); ; limit-- {
		out := line(s.part(part, f.named(limit), false))
		over := size(out) - room
		if over <= 0 || limit <= 3 {
			return out
		}
		// No character takes more than three septets, so this never cuts
		// more than it must by much, and saves most of the rounds.
		limit -= max(over/3-1, 0)
	}
}

func (s *speaker) letter() *letter {
	f := s.facts
	m := &letter{
		Language:  s.code,
		Subject:   s.stamped(maxSubject, utf8.RuneCountInString, func(room int) string { return s.fit("subject", f, room, utf8.RuneCountInString) }),
		Preheader: clip(s.stamp()+line(s.must("preheader")), maxPreheader),
		section:   s.section(maxAsks),
		Foot:      line(s.must("foot")),
	}
	m.Late, m.Slots = s.excuse()
	m.Mark, m.Drill = s.drill()
	return m
}

// drill says that it is an exercise, where it is one.
func (s *speaker) drill() (mark, note string) {
	if !s.facts.Drill {
		return "", ""
	}
	return line(s.must("drill.mark")), line(s.must("drill.note"))
}

// stamp is what an exercise's short texts begin with.
func (s *speaker) stamp() string {
	if !s.facts.Drill {
		return ""
	}
	return line(s.must("drill.mark")) + ": "
}

// stamped says something after the stamp, in the room that is left.
func (s *speaker) stamped(room int, size func(string) int, say func(room int) string) string {
	mark := s.stamp()
	return mark + say(room-size(mark))
}

// excuse says that the message is late, where that is known; else a worker
// fills the slot.
func (s *speaker) excuse() (late string, slots []string) {
	if s.facts.Late {
		return line(s.must("phrase.late")), []string{Mark(SlotMissed)}
	}
	return "", []string{Mark(SlotLate), Mark(SlotMissed)}
}

// section says all about the one incident, with at most that many runes of
// updates that fall due.
func (s *speaker) section(asks int) section {
	f := s.facts
	c := section{
		Tone:     f.tone(),
		State:    s.tongue.capital(line(s.must("state"))),
		Headline: line(s.must("headline")),
		Opening:  line(s.must("opening")),
		Chain:    paragraphs(s.may("chain")),
		Points:   rows(s.may("account")),
		Body:     paragraphs(s.may("body")),
		Next:     line(s.must("next")),
		How:      line(s.may("how")),
		Command:  line(s.may("command")),
		Rows:     rows(s.may("facts")),
	}
	if f.HasWords() {
		c.Words = said{Label: line(s.must("label.words")), Language: f.words.language, Lines: strings.Split(f.words.text, "\n")}
	} else if f.known.text != "" && !f.Kind.final() {
		c.Words = said{Label: line(s.must("label.known")), Language: f.known.language, Lines: strings.Split(f.known.text, "\n")}
	}
	c.Quotes, c.MoreQuotes = s.quotes(asks)
	c.Bars = append(s.bar("expected", f.Expected), s.bar("agreed", f.Agreed)...)
	if len(f.alerts) > 0 || f.More > 0 {
		c.Alerts = s.alertList()
	}
	if f.ToTeam() && f.Answer != "" {
		c.AnswerLabel, c.Answer = line(s.must("label.answer")), f.Answer
	}
	if f.link != "" {
		c.LinkLabel, c.Link = line(s.must("label.link")), f.link
	}
	return c
}

// tone is the colour of the mark above the headline.
func (f *facts) tone() string {
	switch {
	case f.Kind.final() && f.StillOut == nil, f.Kind.own() && f.Returned:
		return "over"
	case f.Kind.final():
		return "watch"
	case f.Change != nil: // quiet alerts say nothing of it
		return choose(f.Change.Late || f.Kind == Overdue, "open", "watch")
	case f.Monitoring() && !f.ToTeam():
		return "watch"
	}
	return "open"
}

// bar says a clock, to those for whom there is a part to say it. That of a planned
// change runs from its planned end.
func (s *speaker) bar(part string, c clock) []bar {
	if !c.Set || s.facts.Change != nil && !s.facts.Change.Late {
		return nil
	}
	var out []bar
	for _, r := range rows(s.may(part)) {
		filled := min(c.Percent, 100)
		out = append(out, bar{row: r, Filled: filled, Rest: 100 - filled, Over: c.Over})
	}
	return out
}

// alertList composes the alerts in code: their text is no business of a
// template's.
func (s *speaker) alertList() alertList {
	f := s.facts
	list := alertList{Label: line(s.must("label.alerts"))}
	for _, a := range f.alerts {
		item := alertItem{Title: a.Name, Summary: a.Summary}
		if a.Instance != "" {
			item.Title += " (" + a.Instance + ")"
		}
		part := choose(a.Firing, "alert.firing", "alert.stopped")
		since := *f
		since.Since = moment{t: a.Since.In(f.Now.t.Location()), now: f.Now.t, tongue: s.tongue}
		item.Detail = line(s.part(part, &since, false))
		if a.Severity != "" {
			item.Detail = a.Severity + ", " + item.Detail
		}
		list.Items = append(list.Items, item)
	}
	if f.More > 0 {
		list.More = line(s.must("alerts.more"))
	}
	return list
}
