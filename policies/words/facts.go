package words

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// listed is how many alerts a technical reader gets to see.
const listed = 10

// facts is what the templates see: the view, cleaned, in the reader's language
// and zone. Every string but Words and Known is a single line. A person's
// words and the alerts' text are placed by the composer and never pass through
// a template of sentences.
type facts struct {
	Organisation, Incident string
	Kind                   Kind
	Reads                  string
	Informal               bool
	Number                 int

	// Service is the title as it stands in a sentence ("het netwerk"), Name as
	// it stands in a subject ("netwerk").
	Service, Name            string
	Severity, SeverityBefore string
	Phase, PhaseBefore       string
	Lead                     string

	Since, Now, Ended, Next, KnownAt, Estimate moment
	// Lasted is how long it has been, or was; Period says from when to when and
	// is empty while it is not over. Of an alarm it is the silence.
	Lasted, Period string
	// Took is what Lasted says, to count with.
	Took      time.Duration
	Late      bool
	Confirmed bool
	// Reverted says that the change which After names was rolled back.
	Reverted bool
	// Corrects is the number of the update that is taken back.
	Corrects   int
	CorrectsAt moment

	Firing, FiringBefore, CameBack int
	// Trend compares Firing with the last update: "more", "fewer" or "same";
	// empty where there is nothing to compare.
	Trend string
	// More counts what is not listed: alerts, or in a part that says so others.
	More int

	Expected, Agreed clock

	dependents
	account
	team
	several
	// Change is the planned change; nil where it is none.
	Change *plannedWork
	Drill  bool

	words, known quotation
	alerts       []Alert
	link         string
}

// clock is an SLA clock as a template says it.
type clock struct {
	Set, Over bool
	Percent   int
	Limit     string
	// Used and Allowed are what Percent is made of.
	Used, Allowed time.Duration
}

// quotation is a person's words and the language they are in, where known.
type quotation struct{ text, language string }

// HasWords reports whether a person said something new.
func (f *facts) HasWords() bool { return f.words.text != "" }

// You returns what the reader is called, and what goes with it: "u kunt" or "je
// kunt".
func (f *facts) You(formal, informal string) string { return choose(f.Informal, informal, formal) }

// Monitoring reports that it seems over and nobody is sure yet.
func (f *facts) Monitoring() bool { return f.Phase == "monitoring" }

// PhaseChanged reports whether the phase is news to the audience.
func (f *facts) PhaseChanged() bool { return f.PhaseBefore != "" && f.PhaseBefore != f.Phase }

// SeverityChanged reports whether the severity is news to the audience.
func (f *facts) SeverityChanged() bool {
	return f.SeverityBefore != "" && f.SeverityBefore != f.Severity
}

// ToTeam reports whether one of the two teams reads it.
func (f *facts) ToTeam() bool { return slices.Contains(teams, f.Reads) }

// named returns the facts with names of at most limit runes.
func (f *facts) named(limit int) *facts {
	short := *f
	short.Name = shorten(f.Name, limit)
	short.Ask.Audience = shorten(f.Ask.Audience, limit)
	return &short
}

// longest returns how many runes the longest name has.
func (f *facts) longest() int {
	return max(utf8.RuneCountInString(f.Name), utf8.RuneCountInString(f.Ask.Audience))
}

// newFacts cleans a view for one reader. It is the only place where text from
// outside comes in.
func newFacts(v View, r Reader, l *tongue, hosts Hosts) (*facts, error) {
	clean := remembering(hosts.clean)
	if v.Change != nil && v.Since.IsZero() {
		v.Since = v.Change.Start
	}
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	now := v.Now.In(zone)
	at := func(t time.Time) moment {
		return moment{t: t.In(zone), now: now, tongue: l}
	}
	f := &facts{
		Organisation: clean(v.Organisation, maxOrganisation),
		Incident:     clean(v.Incident, maxIncident),
		Kind:         v.Kind, Reads: r.Reads, Informal: r.Informal, Number: v.Number,
		Severity: clean(v.Severity, maxSeverity), SeverityBefore: clean(v.SeverityBefore, maxSeverity),
		Phase: clean(v.Phase, maxSeverity), PhaseBefore: clean(v.PhaseBefore, maxSeverity),
		Lead:  clean(v.Lead, maxLead),
		Since: at(v.Since), Now: at(v.Now), Ended: at(v.Ended), Next: at(v.NextBefore),
		KnownAt: at(v.KnownAt), Estimate: at(v.Estimate),
		Took: v.Now.Sub(v.Since), Late: v.Late, Confirmed: v.Confirmed, Reverted: v.Reverted && v.After != nil,
		Corrects: v.Corrects, CorrectsAt: at(v.CorrectsAt),
		Firing: v.Firing, FiringBefore: v.FiringBefore, CameBack: v.CameBack,
		Trend:    trend(v),
		Expected: newClock(v.Expected, l), Agreed: newClock(v.Agreed, l),
		words: pick(v.Words, r.Language, hosts.cleanText, maxWords),
		known: pick(v.Known, r.Language, hosts.cleanText, maxWords),
		Drill: v.Drill,

		dependents: newDependents(v, r.Language, l, clean),
		account:    newAccount(v.Account, r.Language, clean),
		Change:     newPlannedWork(v, r.Language, l, at, clean),
	}
	if f.Change != nil && slices.Contains(neverOfChange, v.Kind) {
		return nil, fmt.Errorf("a planned change has no message of kind %q: nothing measures it, and it ends with one of kind %q or %q", v.Kind, Completed, Cancelled)
	}
	if f.Change == nil && slices.Contains(ofChange, v.Kind) {
		return nil, fmt.Errorf("a message of kind %q is about a planned change, and the view has none", v.Kind)
	}
	f.Service = pick(v.Service, r.Language, clean, maxService).text
	if f.Service == "" {
		f.Service = f.Incident
	}
	if f.Service == "" && !v.Kind.own() {
		return nil, fmt.Errorf("the view names neither a service nor an incident")
	}
	f.Name = l.bare(f.Service)
	if v.Kind.final() {
		f.Next = at(time.Time{})
		if v.Ended.IsZero() {
			f.Ended = at(v.Now)
		}
		f.Took = f.Ended.t.Sub(v.Since)
		f.Period = l.period(f.Since.t, f.Ended.t, now)
	}
	if r.Reads == "technical" || v.Kind == Question {
		f.showAlerts(v, clean)
	}
	if r.Reads == "technical" || f.ToTeam() {
		f.link = webLink(v.Link)
	}
	if f.ToTeam() {
		f.askTeam(v, at, l, clean)
	}
	if f.Since.Set() || f.Change == nil {
		f.Lasted = l.lasted(f.Took)
	}
	return f, nil
}

// remembering is a way of cleaning that cleans nothing twice: what alerts say stands
// in many of the fields of a view.
func remembering(clean func(string, int) string) func(string, int) string {
	type text struct {
		s     string
		limit int
	}
	done := make(map[text]string)
	return func(s string, limit int) string {
		of := text{s, limit}
		said, known := done[of]
		if !known {
			said = clean(s, limit)
			done[of] = said
		}
		return said
	}
}

// askTeam adds what only the teams are told, and leaves out what they are not
// asked about.
func (f *facts) askTeam(v View, at func(time.Time) moment, l *tongue, clean func(string, int) string) {
	f.team = newTeam(v, at, clean)
	f.Next, f.words = at(time.Time{}), quotation{}
	if f.Kind != Question {
		f.known = quotation{}
	}
	if f.Kind.own() && f.Returned {
		end := f.Now.t
		if !v.Ended.IsZero() {
			end = f.Ended.t
		}
		f.Took = end.Sub(v.Since)
		f.Period = choose(v.Since.IsZero(), "", l.period(f.Since.t, end, f.Now.t))
	}
}

// showAlerts adds what only technical readers see, and the teams when they are
// asked whether the alerts still fire.
func (f *facts) showAlerts(v View, clean func(string, int) string) {
	f.More = max(v.MoreAlerts, 0) + max(len(v.Alerts)-listed, 0)
	for _, a := range v.Alerts[:min(len(v.Alerts), listed)] {
		a.Name = clean(a.Name, maxAlertName)
		a.Instance = clean(a.Instance, maxInstance)
		a.Severity = clean(a.Severity, maxSeverity)
		a.Summary = clean(a.Summary, maxSummary)
		f.alerts = append(f.alerts, a)
	}
}

// trend compares what fires with what the audience was told last.
func trend(v View) string {
	switch {
	case v.LastAt.IsZero() || v.After != nil || v.Firing == 0 && v.FiringBefore == 0:
		return ""
	case v.Firing > v.FiringBefore:
		return "more"
	case v.Firing < v.FiringBefore:
		return "fewer"
	}
	return "same"
}

func newClock(c ClockShare, l *tongue) clock {
	if c.Limit <= 0 {
		return clock{}
	}
	return clock{Set: true, Over: c.Used >= c.Limit, Percent: max(c.Percent(), 0), Limit: l.lasted(c.Limit), Used: c.Used, Allowed: c.Limit}
}

// pick returns the text for a language: its own, the one for every reader, or
// else any other, since words in another language say more than none.
func pick(texts map[string]string, language string, clean func(string, int) string, limit int) quotation {
	order := append([]string{language, ""}, slices.Sorted(maps.Keys(texts))...)
	for _, code := range order {
		if text := clean(texts[code], limit); text != "" {
			if _, is := languageTag(code); !is { // a key is data too, and becomes an attribute
				code = ""
			}
			return quotation{text: text, language: code}
		}
	}
	return quotation{}
}

// readable reports whether a text still says something in the GSM alphabet.
func readable(s string) bool {
	return strings.ContainsFunc(GSM7(s), func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}
