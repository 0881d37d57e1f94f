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
	Reads    string // executive, management, technical, staff or customer
	Language string // "nl" or "en"
	Zone     *time.Location
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
	// Phrases are what a worker puts into the slots, by slot: it knows only
	// when it sends how late it is and what was missed.
	Phrases map[string]string `json:"phrases,omitempty"`
}

// Render says one update to one reader. Whatever the view holds is cleaned
// first; alerts and the link are dropped here for all but technical readers,
// so that no template can show them.
func (p *Pack) Render(v View, r Reader) (Rendered, error) {
	l := p.languages[r.Language]
	if l == nil {
		return Rendered{}, fmt.Errorf("render message: no language %q", r.Language)
	}
	if !slices.Contains(audiences, r.Reads) {
		return Rendered{}, fmt.Errorf("render message: nobody reads as %q", r.Reads)
	}
	if !slices.Contains(kinds, v.Kind) {
		return Rendered{}, fmt.Errorf("render message: no kind %q", v.Kind)
	}
	f, err := newFacts(v, r, l.tongue)
	if err != nil {
		return Rendered{}, fmt.Errorf("render message: %w", err)
	}
	s := &speaker{language: l, facts: f}
	m := s.letter()
	out := Rendered{
		Language: r.Language, Zone: f.Now.t.Location().String(),
		Subject: m.Subject, Text: m.text(), SMS: s.sms(),
		Phrases: map[string]string{SlotMissed: line(s.must("phrase.missed"))},
	}
	if !f.Late {
		out.Phrases[SlotLate] = line(s.must("phrase.late"))
	}
	if s.err == nil {
		out.HTML, s.err = p.page(m)
	}
	if s.err != nil {
		return Rendered{}, fmt.Errorf("render message: %w", s.err)
	}
	return out, nil
}

var kinds = []Kind{First, Reopened, Progress, Holding, Unknown, Overdue, Closing}

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

// fit says a part within room, as size measures it, by shortening the name of
// the service: everything else in it is needed more.
func (s *speaker) fit(part string, f *facts, room int, size func(string) int) string {
	for limit := utf8.RuneCountInString(f.Name); ; limit-- {
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
		Tone:      "open",
		State:     line(s.must("state")),
		Subject:   s.fit("subject", f, maxSubject, utf8.RuneCountInString),
		Preheader: clip(line(s.must("preheader")), maxPreheader),
		Headline:  line(s.must("headline")),
		Opening:   line(s.must("opening")),
		Body:      paragraphs(s.may("body")),
		Next:      line(s.must("next")),
		Rows:      rows(s.may("facts")),
		Foot:      line(s.must("foot")),
		Slots:     []string{Mark(SlotLate), Mark(SlotMissed)},
	}
	switch {
	case f.Kind == Closing:
		m.Tone = "over"
	case f.Monitoring():
		m.Tone = "watch"
	}
	if f.Late {
		m.Late, m.Slots = line(s.must("phrase.late")), []string{Mark(SlotMissed)}
	}
	if f.HasWords() {
		m.Words = said{Label: line(s.must("label.words")), Language: f.words.language, Lines: strings.Split(f.words.text, "\n")}
	} else if f.known.text != "" && f.Kind != Closing {
		m.Words = said{Label: line(s.must("label.known")), Language: f.known.language, Lines: strings.Split(f.known.text, "\n")}
	}
	m.Bars = append(s.bar("expected", f.Expected), s.bar("agreed", f.Agreed)...)
	if len(f.alerts) > 0 || f.More > 0 {
		m.Alerts = s.alertList()
	}
	if f.link != "" {
		m.LinkLabel, m.Link = line(s.must("label.link")), f.link
	}
	return m
}

// bar says a clock, to those for whom there is a part to say it.
func (s *speaker) bar(part string, c clock) []bar {
	if !c.Set {
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
