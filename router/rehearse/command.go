package rehearse

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"sitrep/policies/words"
	"sitrep/router/incident"
)

// maxAlerts is how many alerts one line may fire; more is a slip of the pen.
const maxAlerts = 10_000

// maxTurns is how often one line may flap.
const maxTurns = 100_000

// command is how the rest of a line is read; usage is what is expected there.
type command struct {
	usage string
	read  func(*arguments, *Step) bool
}

// commands returns the command of a name. It is a function since reading a line
// looks into it.
func commands(name string) (command, bool) {
	c, ok := map[string]command{
		"fire":      {"fire NAME [xN] [label=value …] [sitrep_impact_nl=\"…\" …]", (*arguments).fire},
		"resolve":   {"resolve NAME [label=value …]", (*arguments).resolve},
		"flap":      {"flap NAME [xN] every 2m for 1d [label=value …]", (*arguments).flap},
		"say":       {`say [SR-1] [audience,…] "text" [phase=identified], or nl:"…" en:"…" in the place of "text"`, (*arguments).say},
		"end":       {`end [SR-1] ["reason"]`, (*arguments).end},
		"restart":   {"restart [for 10m]", (*arguments).restart},
		"lose":      {"lose webhooks", (*arguments).lose},
		"find":      {"find webhooks", (*arguments).find},
		"open":      {`open SERVICE severity=critical [since=20m] [title="email"] [impact="…" workaround_nl="…" …] ["reason"]`, (*arguments).open},
		"set":       {`set [SR-1] phase=identified severity=warning estimate=2h lead="Jan" title="email and agenda" impact="…" workaround_nl="…", and summary, known, ruled_out, doing likewise; estimate=none and impact="" take it back`, (*arguments).set},
		"send":      {"send [SR-1] [audience,…]", (*arguments).send},
		"cancel":    {"cancel [SR-1] UPDATE", (*arguments).cancel},
		"approve":   {"approve [SR-1] UPDATE", (*arguments).approve},
		"reject":    {"reject [SR-1] UPDATE", (*arguments).approve},
		"merge":     {"merge SR-2 into SR-1", (*arguments).merge},
		"split":     {"split [SR-1] SERVICE", (*arguments).split},
		"hold":      {"hold [SR-1] audience,… for 2h", (*arguments).steer},
		"pause":     {"pause [SR-1] audience,…", (*arguments).steer},
		"every":     {"every [SR-1] audience,… 20m", (*arguments).steer},
		"resume":    {"resume [SR-1] audience,…", (*arguments).steer},
		"change":    {`change "what is done" [service,…] [from +2d] until +6h [decide +5h] [lead="Jan"] [severity=warning]`, (*arguments).plan},
		"begin":     {"begin [SR-1]", (*arguments).conduct},
		"extend":    {"extend [SR-1] +2h", (*arguments).conduct},
		"move":      {"move [SR-1] +1d", (*arguments).conduct},
		"decide":    {"decide [SR-1] on-course, or later, or rolling-back", (*arguments).conduct},
		"complete":  {"complete [SR-1]", (*arguments).conduct},
		"roll-back": {"roll-back [SR-1]", (*arguments).conduct},
		"call-off":  {"call-off [SR-1]", (*arguments).conduct},
		"reopen":    {`reopen [SR-1] ["reason"]`, (*arguments).reopen},
	}[name]
	return c, ok
}

const commandNames = "fire, resolve, flap, say, open, set, send, cancel, approve, reject, merge, split, hold, pause, every, resume, end, reopen, change, begin, extend, move, decide, complete, roll-back, call-off, restart, lose, find"

// arguments are what follows a command.
type arguments struct {
	*parser
	command token
	usage   string
	rest    []token
}

// bad complains about a token, and says what was expected.
func (a *arguments) bad(t token, format string, args ...any) bool {
	a.fail(t.column, "expected: "+a.usage, format, args...)
	return false
}

// next takes a token off the rest.
func (a *arguments) next() (token, bool) {
	if len(a.rest) == 0 {
		return token{}, false
	}
	t := a.rest[0]
	a.rest = a.rest[1:]
	return t, true
}

// none complains where anything is left.
func (a *arguments) none() bool {
	if t, more := a.next(); more {
		return a.bad(t, "nothing was expected here, but there is %s", t.shown())
	}
	return true
}

// name takes an alert's name.
func (a *arguments) name() (string, bool) {
	t, ok := a.next()
	if !ok {
		return "", a.bad(a.command, "expected the name of an alert after %s", a.command.head)
	}
	if t.quoted || strings.ContainsAny(t.head, "=,") || count.MatchString(t.head) {
		return "", a.bad(t, "expected the name of an alert, not %s", t.shown())
	}
	return t.head, true
}

var count = regexp.MustCompile(`^x[0-9]+$`)

// times takes xN where it stands.
func (a *arguments) times() (n int, ok bool) {
	if len(a.rest) == 0 || a.rest[0].quoted || !count.MatchString(a.rest[0].head) {
		return 0, true
	}
	t, _ := a.next()
	n, err := strconv.Atoi(t.head[1:])
	if err != nil || n < 1 || n > maxAlerts {
		return 0, a.bad(t, "expected from x1 to x%d, not %s", maxAlerts, t.shown())
	}
	return n, true
}

// labels takes all that is left.
func (a *arguments) labels(taken ...string) (map[string]string, bool) {
	labels := map[string]string{}
	for t, more := a.next(); more; t, more = a.next() {
		name, value, ok := t.pair()
		_, twice := labels[name]
		switch {
		case !ok:
			return nil, a.bad(t, "expected label=value, not %s", t.shown())
		case !model.LegacyValidation.IsValidLabelName(name):
			return nil, a.bad(t, "%q is no name of a label", name)
		case name == model.AlertNameLabel:
			return nil, a.bad(t, "the name of the alert stands after %s", a.command.head)
		case slices.Contains(taken, name), strings.HasPrefix(name, incident.Annotated):
			return nil, a.bad(t, "%s is no label here", name)
		case twice:
			return nil, a.bad(t, "label %s appears twice", name)
		}
		labels[name] = value
	}
	return labels, true
}

func (a *arguments) alerts(f *Fire, timing func() bool) (ok bool) {
	if f.Name, ok = a.name(); !ok {
		return false
	}
	if f.Count, ok = a.times(); !ok || !timing() {
		return false
	}
	if f.Account, ok = a.annotations(); !ok {
		return false
	}
	if f.Labels, ok = a.labels(); !ok {
		return false
	}
	f.Summary = f.Labels["summary"] // an annotation, so it tells no alerts apart
	delete(f.Labels, "summary")
	return true
}

func (a *arguments) fire(s *Step) bool {
	s.Fire = &Fire{}
	return a.alerts(s.Fire, func() bool { return true })
}

func (a *arguments) resolve(s *Step) (ok bool) {
	r := &Resolve{}
	s.Resolve = r
	if r.Name, ok = a.name(); !ok {
		return false
	}
	r.Labels, ok = a.labels("summary")
	return ok
}

func (a *arguments) flap(s *Step) bool {
	f := &Flap{}
	s.Flap = f
	return a.alerts(&f.Fire, func() bool {
		var ok bool
		if f.Every, ok = a.after("every"); !ok {
			return false
		}
		if f.For, ok = a.after("for"); !ok {
			return false
		}
		switch {
		case f.For < f.Every:
			return a.bad(a.command, "it flaps for less than one turn")
		case f.For/f.Every > maxTurns:
			return a.bad(a.command, "it flaps more than %d times", maxTurns)
		}
		return true
	})
}

// after takes a word and the duration that follows it.
func (a *arguments) after(word string) (d time.Duration, ok bool) {
	t, more := a.next()
	if !more {
		return 0, a.bad(a.command, "expected %s and a duration", word)
	}
	if t.shown() != word {
		return 0, a.bad(t, "expected %s and a duration, not %s", word, t.shown())
	}
	length, more := a.next()
	if !more {
		return 0, a.bad(t, "expected a duration after %s", word)
	}
	if d, ok = a.duration(length, "expected: "+a.usage); !ok {
		return 0, false
	}
	if d <= 0 {
		return 0, a.bad(length, "expected more than %s", length.shown())
	}
	return d, true
}

var incidentID = regexp.MustCompile(`^SR-[1-9][0-9]*$`)

// incident takes an incident's id where it stands.
func (a *arguments) incident() string {
	if len(a.rest) == 0 || a.rest[0].quoted || !incidentID.MatchString(a.rest[0].head) {
		return ""
	}
	t, _ := a.next()
	return t.head
}

func (a *arguments) say(s *Step) bool {
	say := &Say{Incident: a.incident(), Texts: map[string]string{}}
	s.Say = say
	for t, more := a.next(); more; t, more = a.next() {
		switch {
		case t.quoted:
			language, ok := "", t.head == ""
			if !ok {
				language, ok = strings.CutSuffix(t.head, ":")
				_, is := words.LanguageOf(language)
				ok = ok && is
			}
			_, twice := say.Texts[language]
			switch {
			case !ok:
				return a.bad(t, "expected a language such as en: before the text, not %s", t.head)
			case twice:
				return a.bad(t, "there are two texts for the same readers")
			case strings.TrimSpace(t.text) == "":
				return a.bad(t, "the text is empty")
			}
			say.Texts[language] = t.text
		case strings.HasPrefix(t.head, "phase="):
			say.Phase = incident.Phase(strings.TrimPrefix(t.head, "phase="))
			if !slices.Contains(incident.Phases, say.Phase) {
				return a.bad(t, "phase %q is none of %v", say.Phase, incident.Phases)
			}
		case len(say.Texts) > 0 || strings.Contains(t.head, "="):
			return a.bad(t, "expected the text or phase=…, not %s", t.shown())
		default:
			for name := range strings.SplitSeq(t.head, ",") {
				if name != "" && !slices.Contains(say.Audiences, name) {
					say.Audiences = append(say.Audiences, name)
				}
			}
		}
	}
	if len(say.Texts) == 0 {
		return a.bad(a.command, "expected a text in quotes")
	}
	return true
}

func (a *arguments) end(s *Step) bool {
	s.End = &End{Incident: a.incident()}
	if len(a.rest) > 0 && a.rest[0].quoted && a.rest[0].head == "" {
		t, _ := a.next()
		s.End.Reason = t.text
	}
	return a.none()
}

func (a *arguments) restart(s *Step) (ok bool) {
	s.Restart = &Restart{}
	if len(a.rest) == 0 {
		return true
	}
	if s.Restart.For, ok = a.after("for"); !ok {
		return false
	}
	return a.none()
}

func (a *arguments) lose(s *Step) bool { s.Lose = &Lose{}; return a.webhooks() }
func (a *arguments) find(s *Step) bool { s.Find = &Find{}; return a.webhooks() }

func (a *arguments) webhooks() bool {
	if t, ok := a.next(); !ok || t.shown() != "webhooks" {
		return a.bad(a.command, "expected webhooks after %s", a.command.head)
	}
	return a.none()
}
