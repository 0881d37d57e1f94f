package main

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
)

// complete notes what a fact sheet cannot do without, and what cannot be so: a
// message of it would have holes in its sentences, or durations of centuries.
func (r *sheetReader) complete(all []words.View) {
	if len(all) == 0 {
		r.lacks("sitrep render --example prints a fact sheet to begin with", "there is no fact sheet in it")
	}
	for i, v := range all {
		of := "the fact sheet"
		if len(all) > 1 {
			of = fmt.Sprintf("fact sheet %d", 1+i)
		}
		if v.Kind == words.Combined || !slices.Contains(words.Kinds(), v.Kind) {
			r.lacks("there are "+kindList(), "the \"kind\" of %s is %q", of, v.Kind)
		}
		if phases := []string{"", "investigating", "identified", "monitoring", "resolved"}; !slices.Contains(phases, v.Phase) {
			r.lacks("there are "+strings.Join(phases[1:], ", "), "the \"phase\" of %s is %q", of, v.Phase)
		}
		for _, clock := range []struct {
			name string
			of   words.ClockShare
		}{{"expected", v.Expected}, {"agreed", v.Agreed}} {
			if clock.of.Limit == 0 && clock.of.Used > 0 {
				r.lacks("write the \"limit\" too, or neither", "%q of %s says what is used, and not of what", clock.name, of)
			}
		}
		r.moments(v, of)
	}
}

// moments notes which moments a fact sheet lacks, and which are in no order.
func (r *sheetReader) moments(v words.View, of string) {
	moment := expected(reflect.TypeFor[time.Time]())
	if v.Now.IsZero() {
		r.lacks(moment, "%s does not say \"now\", the moment at which it is told", of)
		return
	}
	if c := v.Change; c != nil && (c.Start.IsZero() || c.End.IsZero()) {
		r.lacks(moment, "the \"change\" of %s does not say \"start\" and \"end\", from when to when it is planned", of)
	} else if c != nil && !c.End.After(c.Start) {
		r.lacks("\"end\" is later than \"start\"", "the \"change\" of %s ends before it has begun", of)
	}
	if v.Kind == words.Correction && v.CorrectsAt.IsZero() {
		r.lacks(moment, "%s does not say \"corrects_at\", when the message went out that it takes back", of)
	}
	if !v.NextBefore.IsZero() && !v.NextBefore.After(v.Now) {
		r.lacks("\"next_before\" is later than \"now\"", "%s promises a next message that should have come already", of)
	}
	switch v.Kind {
	case words.Announced, words.Moved, words.Cancelled, words.Started, words.Overrunning, words.Completed, words.Alarm, words.Ailing:
		return // of no outage
	}
	if v.Change != nil {
		return
	}
	switch {
	case v.Since.IsZero():
		r.lacks(moment, "%s does not say \"since\", when the outage began", of)
	case v.Since.After(v.Now):
		r.lacks("\"since\" is no later than \"now\"", "%s is told before the outage has begun", of)
	case !v.Ended.IsZero() && (v.Ended.Before(v.Since) || v.Ended.After(v.Now)):
		r.lacks("\"ended\" is between \"since\" and \"now\"", "the outage of %s ended before it began, or has not ended yet", of)
	}
}

// lacks notes what is wrong with no place in particular.
func (r *sheetReader) lacks(hint, format string, args ...any) {
	r.problems = append(r.problems, policies.Problem{File: r.file, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// kindList names the kinds that a fact sheet can be of.
func kindList() string {
	var all []string
	for _, k := range words.Kinds() {
		if k != words.Combined {
			all = append(all, string(k))
		}
	}
	return strings.Join(all, ", ")
}
