package rehearse

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"sitrep/policies"
	"sitrep/policies/words"
)

// longest is how far from its start a script may reach; it keeps a slip of the
// pen from playing for minutes.
const longest = 10 * 366 * day

// Parse reads a script. The error, of type policies.Problems, holds every line
// that cannot be read.
func Parse(name, text string) (*Script, error) {
	p := &parser{script: &Script{Name: name}}
	if !utf8.ValidString(text) {
		p.number = 1
		p.fail(1, "save it as UTF-8", "the script is not text")
		return nil, p.problems
	}
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		p.number++
		p.source = strings.TrimRight(line, "\r\n")
		p.line()
	}
	p.finish()
	if len(p.problems) > 0 {
		slices.SortStableFunc(p.problems, func(a, b policies.Problem) int { return a.Line - b.Line })
		return nil, p.problems
	}
	return p.script, nil
}

type parser struct {
	script   *Script
	number   int    // of the line that is read
	source   string // and what it says
	started  bool
	until    *Step // the line that ends the rehearsal
	problems policies.Problems
}

// fail complains about the line that is read.
func (p *parser) fail(column int, hint, format string, args ...any) {
	p.problems = append(p.problems, problem(p.script.Name, p.number, column, p.source, hint, format, args...))
}

func problem(file string, line, column int, source, hint, format string, args ...any) policies.Problem {
	return policies.Problem{File: file, Line: line, Column: column, Source: source, Text: fmt.Sprintf(format, args...), Hint: hint}
}

func (p *parser) line() {
	tokens, column, complaint, hint := split(p.source)
	switch {
	case complaint != "":
		p.fail(column, hint, "%s", complaint)
	case len(tokens) == 0:
		if title := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(p.source), "#")); !p.started && p.script.Title == "" {
			p.script.Title = words.Clean(title, 100)
		}
	case tokens[0].shown() == "start":
		p.start(tokens)
	case !p.started:
		p.started = true // one complaint is enough
		p.fail(tokens[0].column, "write for example: start 2026-10-23T16:40+02:00", "expected start and a moment before anything else, not %s", tokens[0].shown())
	case tokens[0].shown() == "until":
		p.end(tokens)
	default:
		p.step(tokens)
	}
}

// layouts are those of RFC 3339, with and without seconds.
var layouts = []string{"2006-01-02T15:04Z07:00", time.RFC3339Nano}

func (p *parser) start(tokens []token) {
	const hint = "write for example: start 2026-10-23T16:40+02:00"
	if p.started {
		p.fail(tokens[0].column, "keep one", "the script starts twice")
		return
	}
	p.started = true
	if len(tokens) != 2 || tokens[1].quoted {
		p.fail(tokens[0].column, hint, "expected one moment after start")
		return
	}
	for _, layout := range layouts {
		// Not Parse, which looks at the zone of the machine.
		at, err := time.ParseInLocation(layout, tokens[1].head, time.UTC)
		if err != nil {
			continue
		}
		if y := at.Year(); y < 1900 || y > 2200 {
			p.fail(tokens[1].column, "any year from 1900 to 2200", "calendars do not reach the year %d", y)
		}
		p.script.Start = at
		return
	}
	p.fail(tokens[1].column, hint, "expected a moment with its time zone, not %s", tokens[1].shown())
}

// offset reads the moment that a line begins with.
func (p *parser) offset(t token) (time.Time, bool) {
	const hint = "offsets from the start look like 0s, 45m, 1h30m or 1d2h"
	if strings.HasPrefix(t.head, "-") {
		p.fail(t.column, "move the start to the earliest line", "%s is before the start", t.shown())
		return time.Time{}, false
	}
	d, ok := p.duration(t, hint)
	return p.script.Start.Add(d), ok
}

func (p *parser) duration(t token, hint string) (time.Duration, bool) {
	d, err := model.ParseDuration(t.head)
	switch {
	case err != nil || t.quoted:
		p.fail(t.column, hint, "expected a duration, not %s", t.shown())
	case time.Duration(d) > longest:
		p.fail(t.column, "a rehearsal takes ten years at most", "%s is too long", t.shown())
	default:
		return time.Duration(d), true
	}
	return 0, false
}

func (p *parser) end(tokens []token) {
	if p.until != nil {
		p.fail(tokens[0].column, "keep one", "the script ends twice")
		return
	}
	p.until = &Step{Line: p.number, source: p.source}
	if len(tokens) != 2 {
		p.fail(tokens[0].column, "write for example: until 1d", "expected one offset after until")
		return
	}
	p.until.At, _ = p.offset(tokens[1])
}

func (p *parser) step(tokens []token) {
	at, ok := p.offset(tokens[0])
	if len(tokens) == 1 {
		if ok {
			p.fail(tokens[0].column+len(tokens[0].head), "write for example: 0s fire MailDown service=mail", "expected a command after the offset: %s", commandNames)
		}
		return
	}
	word := tokens[1]
	c, known := commands(word.shown())
	if !known {
		hint := "write for example: 0s fire MailDown service=mail"
		if word.head == "phase" {
			hint = `a phase goes with words: say "…" phase=identified`
		}
		p.fail(word.column, hint, "expected a command, not %s: %s", word.shown(), commandNames)
		return
	}
	a := &arguments{parser: p, command: word, rest: tokens[2:], usage: c.usage}
	s := Step{At: at, Line: p.number, source: p.source}
	if c.read(a, &s) && ok {
		p.script.Steps = append(p.script.Steps, s)
	}
}

// finish orders the steps, and finds what no line alone can show.
func (p *parser) finish() {
	s := p.script
	if !p.started {
		p.number, p.source = max(p.number, 1), ""
		p.fail(1, "write for example: start 2026-10-23T16:40+02:00", "the script says nothing: expected start and a moment")
		return
	}
	slices.SortStableFunc(s.Steps, func(a, b Step) int { return a.At.Compare(b.At) })
	s.End = s.Start.Add(day)
	fired := map[string]bool{}
	var last Step
	for _, step := range s.Steps {
		if end := step.At.Add(step.lasts()); end.Add(day).After(s.End) {
			s.End, last = end.Add(day), step
		}
		switch {
		case step.Fire != nil:
			fired[step.Fire.Name] = true
		case step.Flap != nil:
			fired[step.Flap.Fire.Name] = true
		case step.Resolve != nil && !fired[step.Resolve.Name]:
			p.problems = append(p.problems, problem(s.Name, step.Line, 1, step.source, "write the name as it stands after fire", "no alert %s has fired by then", step.Resolve.Name))
		}
	}
	if p.until == nil || len(p.problems) > 0 {
		return
	}
	if p.until.At.Before(s.End.Add(-day)) && last.Line > 0 {
		p.problems = append(p.problems, problem(s.Name, p.until.Line, 1, p.until.source, "move until to the last line's end or later", "the rehearsal ends before line %d does", last.Line))
	}
	s.End = p.until.At
}
