package rehearse

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// Table writes one row for each update, and the sums.
func (t *Transcript) Table(w io.Writer) error {
	b := &strings.Builder{}
	t.heading(b)
	b.WriteString("\n")
	columns := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	if len(t.Updates) > 0 {
		fmt.Fprintln(columns, "when\tkind\tincident\taudience\tto\tby\tnext before\tkept\twhy")
	}
	for _, u := range t.Shown() {
		next := "-"
		if !u.Promise.IsZero() {
			next = t.clock(u.Promise, u.At)
		}
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n",
			t.when(u.At), u.Kind, u.Incident, u.Audience, u.Recipients, u.by(), next, u.kept(), u.Why)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	if len(t.Updates) > 0 {
		b.WriteString("\n")
	}
	t.summary(b)
	_, err := io.WriteString(w, b.String())
	return err
}

// heading says what is played.
func (t *Transcript) heading(b *strings.Builder) {
	if t.Script.Title != "" {
		b.WriteString(t.Script.Title + "\n")
	}
	fmt.Fprintf(b, "from %s, times in %s\n", t.Script.Start.In(t.zone).Format("Monday 2 January 2006 15:04"), t.place())
}

// when writes a moment whole.
func (t *Transcript) when(at time.Time) string {
	layout := "Mon 2006-01-02 15:04"
	if at.Second() != 0 {
		layout += ":05"
	}
	return at.In(t.zone).Format(layout + t.suffix())
}

// by names the channels, and those that follow later.
func (u Update) by() string {
	out := strings.Join(u.Channels, "+")
	if len(u.Behind) > 0 {
		out += ", later " + strings.Join(u.Behind, "+")
	}
	return out
}

func (u Update) kept() string {
	switch {
	case u.Kept == nil:
		return "-"
	case *u.Kept:
		return "yes"
	}
	return "BROKEN"
}

// summary sums up, and says what a reader must not miss.
func (t *Transcript) summary(b *strings.Builder) {
	if len(t.Updates) == 0 {
		b.WriteString("Nobody is told anything.\n")
	} else {
		columns := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
		fmt.Fprintln(columns, "audience\tupdates\tpromises\tkept\tbroken\tlongest silence")
		for _, s := range t.Sums {
			silence := "-"
			if s.Silence > 0 {
				silence = brief(s.Silence)
			}
			fmt.Fprintf(columns, "%s\t%d\t%d\t%d\t%d\t%s\n", s.Audience, s.Updates, s.Made, s.Kept, s.Broken, silence)
		}
		_ = columns.Flush() // a Builder takes everything
	}
	if len(t.Open) > 0 {
		fmt.Fprintf(b, "\nStill open at the end, %s: %s\n", t.when(t.Script.End), strings.Join(t.Open, ", "))
	}
	for n, line := range t.Coming {
		if n == 0 {
			b.WriteString("\nStill to come after the end:\n")
		}
		b.WriteString("  " + line + "\n")
	}
	if len(t.Warnings) > 0 {
		b.WriteString("\n")
		for _, w := range t.Warnings {
			b.WriteString("warning: " + w + "\n")
		}
	}
}
