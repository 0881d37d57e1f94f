package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"sitrep/policies/words"
)

// maxShown is for one thing on a line, in characters.
const maxShown = 2000

// plainly is text from elsewhere as a terminal may have it: on one line, and
// without what would move its cursor or colour it.
func plainly(s string) string { return words.Clean(s, maxShown) }

// columns writes a table. Every cell is cleaned.
type columns struct{ w *tabwriter.Writer }

func newColumns(w io.Writer, head ...string) *columns {
	c := &columns{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	if len(head) > 0 {
		c.row(head...)
	}
	return c
}

func (c *columns) row(cells ...string) { c.indented("", cells...) }

// indented is a row that stands a little to the right.
func (c *columns) indented(by string, cells ...string) {
	for i := range cells {
		if cells[i] = plainly(cells[i]); cells[i] == "" {
			cells[i] = "-"
		}
	}
	fmt.Fprintln(c.w, by+strings.TrimRight(strings.Join(cells, "\t"), "\t"))
}

func (c *columns) end() error { return c.w.Flush() }

// printJSON writes an answer as it came, laid out.
func printJSON(w io.Writer, raw []byte) error {
	var b bytes.Buffer
	if err := json.Indent(&b, bytes.TrimSpace(raw), "", "  "); err != nil {
		return fmt.Errorf("sitrep's answer is not understood: %w", err)
	}
	_, err := fmt.Fprintln(w, b.String())
	return err
}

// clockOf says a moment by the local clock, with the day where it is another
// than now's.
func clockOf(t *time.Time, now time.Time) string {
	if t == nil {
		return ""
	}
	local := t.In(now.Location())
	if local.Format(time.DateOnly) == now.Format(time.DateOnly) {
		return local.Format("15:04")
	}
	return local.Format("2 Jan 15:04")
}

// ago says how long something lasts, or is away, in its two largest units.
func ago(d time.Duration) string {
	d = d.Round(time.Minute)
	switch {
	case d < time.Minute:
		return "under 1m"
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh %dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%dd %dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
}
