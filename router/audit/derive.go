package audit

import (
	"fmt"
	"strings"
	"time"

	"sitrep/router/incident"
)

// Derive returns the lines of facts that were committed together, in their order.
func Derive(facts []incident.Fact) []Line {
	var g Gather
	for _, f := range facts {
		g.Take(f)
	}
	return g.Left()
}

// Gather finds out which lines are still to be written. It is given all facts, in
// their order. Last is the last derived line that was written; the zero one where
// none was.
type Gather struct {
	Last Line

	lines []Line
	met   bool // the last was among the facts
}

// Take takes in a fact.
func (g *Gather) Take(f incident.Fact) {
	l, is := lineOf(f)
	switch {
	case !is:
	case g.written(l):
		g.lines, g.met = nil, true
	default:
		if n := len(g.lines); n > 0 && g.lines[n-1].add(l) {
			return
		}
		g.lines = append(g.lines, l)
	}
}

// written reports whether a line is the last that was written, or a part of it.
func (g *Gather) written(l Line) bool {
	return g.Last.Kind == l.Kind && g.Last.Input == l.Input && (l.Input != "" || g.Last.At.Equal(l.At))
}

// Left returns the lines that come after the last. Where its own facts were
// forgotten, they are those of a later moment.
func (g *Gather) Left() []Line {
	if g.met || g.Last.Kind == "" {
		return g.lines
	}
	var later []Line
	for _, l := range g.lines {
		if l.At.After(g.Last.At) {
			later = append(later, l)
		}
	}
	return later
}

// add takes another fact of the same override or erasure in, and reports whether it
// was one.
func (l *Line) add(other Line) bool {
	if l.Kind != other.Kind || l.Input != other.Input || l.Input == "" && !l.At.Equal(other.At) {
		return false
	}
	l.Refused = l.Refused || other.Refused
	l.Text += "; " + other.Text
	return true
}

// lineOf is a fact as a line; false where it is not for the audit.
func lineOf(f incident.Fact) (Line, bool) {
	switch {
	case f.Erased() != nil:
		return Line{At: f.At, Kind: Erasure, Text: incident.Fact{Body: f.Erased()}.String()}, true
	case f.Input == "" || f.Planned() != nil: // what goes out by it is sitrep's doing
		return Line{}, false
	}
	return Line{
		At: f.At, Kind: Override, By: Named(f.By), Role: Named(f.Role), Incident: f.Incident, Input: f.Input,
		Refused: f.Refused() != nil, Text: said(f),
	}, true
}

// said is what a fact says without anything that a person wrote: a kind of fact that
// it does not know is its name alone.
func said(f incident.Fact) string {
	switch {
	case f.Said() != nil && f.Said().Corrects > 0:
		return fmt.Sprintf("words %d, which take back update %d", f.Said().Number, f.Said().Corrects)
	case f.Said() != nil:
		return fmt.Sprintf("words %d for %s", f.Said().Number, strings.Join(f.Said().Audiences, ", "))
	case f.Phased() != nil:
		return fmt.Sprintf("phase %s, was %s", f.Phased().To, f.Phased().From)
	case f.Escalated() != nil:
		return fmt.Sprintf("severity %s, was %s", f.Escalated().To, f.Escalated().From)
	case f.Estimated() != nil && f.Estimated().At.IsZero():
		return "no estimate any more"
	case f.Estimated() != nil:
		return "estimate " + f.Estimated().At.UTC().Format(time.RFC3339)
	case f.Steered() != nil:
		return steered(f.Steered().Steer)
	case f.Hastened() != nil:
		return "the next update at once: " + strings.Join(f.Hastened().Audiences, ", ")
	case f.Cancelled() != nil:
		return fmt.Sprintf("update %d to %s goes to nobody else", f.Cancelled().Update, f.Cancelled().Audience)
	case f.Approved() != nil:
		return fmt.Sprintf("update %d to %s is approved", f.Approved().Update, f.Approved().Audience)
	case f.Rejected() != nil:
		return fmt.Sprintf("update %d to %s is rejected", f.Rejected().Update, f.Rejected().Audience)
	case f.Added() != nil:
		return "a recipient was added to " + f.Added().Audience
	case f.Removed() != nil:
		return "a recipient was removed from " + f.Removed().Audience
	case f.Taken() != nil:
		return f.Taken().Service + " is taken out"
	case f.Refused() != nil && f.Refused().Stale:
		return "refused to " + f.Refused().What + ": it was meant for another version"
	case f.Refused() != nil:
		return "refused to " + f.Refused().What
	case f.Settled() != nil:
		return "asked to " + f.Settled().What + ": it is so already"
	}
	return strings.ReplaceAll(f.Name(), "_", " ")
}

func steered(s incident.Steer) string {
	var all []string
	if !s.HoldUntil.IsZero() {
		all = append(all, "held until "+s.HoldUntil.UTC().Format(time.RFC3339))
	}
	if s.Paused {
		all = append(all, "paused")
	}
	if s.Every > 0 {
		all = append(all, "every "+s.Every.String())
	}
	if all == nil {
		all = []string{"as its policy says"}
	}
	return s.Audience + ": " + strings.Join(all, ", ")
}
