package rehearse

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Story writes what happens and what is told as one timeline, each update with
// its SMS, or the subject of its mail.
func (t *Transcript) Story(w io.Writer) error {
	s := &story{Transcript: t}
	t.heading(&s.b)
	type event struct {
		at   time.Time
		tell func()
	}
	var events []event
	notes := t.Notes
	for i := range len(t.Updates) + 1 {
		for ; len(notes) > 0 && notes[0].After <= i; notes = notes[1:] {
			n := notes[0]
			events = append(events, event{n.At, func() { s.line(n.At, n.Text) }})
		}
		if i < len(t.Updates) && !t.Updates[i].hidden && !t.Updates[i].gone {
			u := t.Updates[i]
			events = append(events, event{u.At, func() { s.update(u) }})
		}
	}
	// What was planned ahead is told at its moment.
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	for _, e := range events {
		e.tell()
	}
	s.b.WriteString("\n")
	t.summary(&s.b)
	_, err := io.WriteString(w, s.b.String())
	return err
}

type story struct {
	*Transcript
	b    strings.Builder
	date string
	last string // the last time that was written
}

// line writes a line under its date, and the time where it is another one.
func (s *story) line(at time.Time, text string) {
	at = at.In(s.zone)
	if date := at.Format("Monday 2 January 2006"); date != s.date {
		s.date, s.last = date, ""
		fmt.Fprintf(&s.b, "\n%s\n", date)
	}
	layout := "15:04"
	if at.Second() != 0 {
		layout = "15:04:05"
	}
	stamp := at.Format(layout + s.suffix())
	shown := stamp
	if stamp == s.last {
		shown = ""
	}
	s.last = stamp
	fmt.Fprintf(&s.b, "  %-*s  %s\n", s.width(), shown, text)
}

// width is how long a time is at most.
func (s *story) width() int {
	if s.suffix() != "" {
		return len("15:04:05 CEST")
	}
	return len("15:04:05")
}

func (s *story) update(u Update) {
	text := fmt.Sprintf("-> %s: %s by %s", u.Audience, u.Kind, u.by())
	if u.Late {
		text += ", late"
	}
	if !u.Promise.IsZero() {
		text += ", next before " + s.clock(u.Promise, u.At)
	}
	if u.Kept != nil && !*u.Kept {
		text += ", which was promised earlier"
	}
	s.line(u.At, text+"  ["+u.Incident+"]")
	if u.Short != "" {
		fmt.Fprintf(&s.b, "  %*s     %s\n", s.width(), "", u.Short)
	}
}
