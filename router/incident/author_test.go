package incident

import (
	"slices"
	"testing"
	"time"

	"sitrep/policies"
)

// TestAuthors: who set what an audience was not told yet may not approve it, and
// nobody else is kept from it.
func TestAuthors(t *testing.T) {
	by := func(who string, f Fact) Fact { f.By = who; return f }
	opened := Fact{Incident: "SR-1", Body: &Opened{Kind: Outage, Severity: "warning", StartedAt: noon}}
	phase := func(to Phase) Fact { return Fact{Body: &Phased{To: to}} }
	severity := func(to string) Fact { return Fact{Body: &Escalated{To: to}} }
	estimate := func(n int) Fact {
		if n == 0 {
			return Fact{Body: &Estimated{}}
		}
		return Fact{Body: &Estimated{At: noon.Add(time.Duration(n) * time.Hour)}}
	}
	title := Fact{Body: &Titled{Title: map[string]string{"": "the mail"}}}
	thing := func(t Thing, text string) Fact {
		a := &Accounted{Thing: t}
		if text != "" {
			a.Texts = map[string]string{"": text}
		}
		return Fact{Body: a}
	}
	n := 0
	told := func(f Planned) Fact {
		n++
		f.Update, f.Audience, f.Parts, f.Number = n, "board", 1, n
		if f.Kind == "" {
			f.Kind = Progress
		}
		return Fact{Body: &f}
	}
	resolved := Fact{Body: &Resolved{StartedAt: noon, EndedAt: noon}}
	for name, c := range map[string]struct {
		reads policies.Reads
		words bool
		facts []Fact
		want  []string
	}{
		"what sitrep knows is nobody's":           {facts: []Fact{opened, phase(Identified), severity("critical")}},
		"the first word about what anna opened":   {facts: []Fact{by("anna", opened)}, want: []string{"anna"}},
		"each that was set":                       {facts: []Fact{opened, by("anna", title), by("bert", estimate(2)), by("cees", phase(Identified)), by("dora", severity("critical"))}, want: []string{"bert", "cees", "dora", "anna"}},
		"what was told is anna's no more":         {facts: []Fact{opened, by("anna", title), by("anna", estimate(2)), told(Planned{}), by("bert", phase(Identified))}, want: []string{"bert"}},
		"set in the moment in which it was told":  {facts: []Fact{opened, told(Planned{}), by("anna", title)}, want: []string{"anna"}},
		"something neutral tells nothing":         {facts: []Fact{opened, told(Planned{}), by("anna", title), told(Planned{Kind: Holding, Neutral: true})}, want: []string{"anna"}},
		"the last who set it":                     {facts: []Fact{opened, by("anna", estimate(2)), by("bert", estimate(3))}, want: []string{"bert"}},
		"sitrep set it since":                     {facts: []Fact{opened, told(Planned{}), by("anna", phase(Identified)), phase(Monitoring)}},
		"set back to what they were told":         {facts: []Fact{opened, by("anna", estimate(2)), told(Planned{}), by("anna", estimate(3)), by("bert", estimate(2))}},
		"taken back":                              {facts: []Fact{opened, by("anna", estimate(2)), told(Planned{}), by("bert", estimate(0))}, want: []string{"bert"}},
		"who leads says nothing":                  {facts: []Fact{opened, by("anna", Fact{Body: &Led{Lead: "anna"}})}},
		"an account":                              {facts: []Fact{opened, by("anna", thing(Impact, "No mail."))}, want: []string{"anna"}},
		"an account taken back":                   {facts: []Fact{opened, by("anna", thing(Impact, "No mail.")), told(Planned{}), by("bert", thing(Impact, ""))}, want: []string{"bert"}},
		"an account that they do not read":        {reads: policies.Executive, facts: []Fact{opened, by("anna", thing(Workaround, "Call."))}},
		"an account that is not so any more":      {facts: []Fact{opened, by("anna", thing(Impact, "No mail.")), resolved}},
		"what was found out lasts":                {reads: policies.Executive, facts: []Fact{opened, by("anna", thing(Known, "A disk.")), resolved}, want: []string{"anna"}},
		"an estimate of what is over":             {facts: []Fact{opened, by("anna", estimate(2)), resolved}},
		"an end by hand":                          {facts: []Fact{opened, told(Planned{}), by("anna", resolved)}, want: []string{"anna"}},
		"an end by itself":                        {facts: []Fact{by("anna", opened), told(Planned{}), resolved}},
		"not over after all":                      {facts: []Fact{opened, told(Planned{}), resolved, told(Planned{Kind: Closing}), by("anna", Fact{Body: &Reopened{StartedAt: noon}})}, want: []string{"anna"}},
		"out again: what was set is past":         {facts: []Fact{opened, by("anna", estimate(2)), by("anna", phase(Identified)), resolved, {Body: &Reopened{StartedAt: noon}}}},
		"words, and what else is new":             {words: true, facts: []Fact{opened, by("anna", title), by("bert", Fact{Body: &Said{Number: 1, Audiences: []string{"board"}}})}, want: []string{"bert", "anna"}},
		"what was cancelled is new, and anna's":   {facts: []Fact{opened, told(Planned{}), by("anna", title), told(Planned{}), by("bert", Fact{Body: &Cancelled{Update: -1, Audience: "board"}})}, want: []string{"anna"}},
		"what another audience was told is new":   {facts: []Fact{opened, by("anna", title), {Body: &Planned{Update: 90, Audience: "it", Kind: First, Parts: 1}}}, want: []string{"anna"}},
		"one person is named once":                {words: true, facts: []Fact{opened, by("anna", title), by("anna", estimate(2)), by("anna", Fact{Body: &Said{Number: 1, Audiences: []string{"board"}}})}, want: []string{"anna"}},
		"a phase that came with words is theirs":  {facts: []Fact{opened, told(Planned{}), by("anna", phase(Identified))}, want: []string{"anna"}},
		"a severity that they were told is known": {facts: []Fact{opened, told(Planned{}), by("anna", severity("critical")), by("bert", severity("warning"))}},
	} {
		s, last := NewState("mail"), 0
		for _, f := range c.facts {
			f.At = noon
			if f.Planned() != nil {
				last = f.Planned().Update
			}
			if f.Cancelled() != nil {
				f.Cancelled().Update = last
			}
			Apply(s, f)
		}
		reads, words := c.reads, 0
		if reads == "" {
			reads = policies.Technical
		}
		if c.words {
			words = 1
		}
		if got := s.Authors("board", reads, words); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, not %q", name, got, c.want)
		}
	}
}
