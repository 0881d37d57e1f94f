package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// maxMembers is how many recipients a terminal is shown.
const maxMembers = 20

// print says an account to a person.
func (a audienceAccount) print(w io.Writer) error {
	fmt.Fprintf(w, "%s  (%s)\n", plainly(a.Name), plainly(a.Where))
	line := func(label, text string) { fmt.Fprintf(w, "  %-12s %s\n", label, plainly(text)) }
	line("reads", fmt.Sprintf("as %s, in %s, %s, times of %s", a.Reads, a.Language, a.Address, a.TimeZone))
	line("channels", strings.Join(a.Channels, " and "))
	line("fallback", cmp.Or(strings.Join(a.Fallback, ", then "), "none"))
	if a.Critical {
		line("critical", "yes: no budget holds it back, and no hours an SMS")
	}
	if a.Unsubscribe {
		line("unsubscribe", "each may take himself off the mail")
	}
	line("approval", a.Approval)
	line("recipients", fmt.Sprint(len(a.Recipients)))
	for n, m := range a.Recipients {
		if n == maxMembers {
			fmt.Fprintf(w, "    … and %d more; -o json has all of them\n", len(a.Recipients)-n)
			break
		}
		by := cmp.Or(strings.Join(m.Channels, ", "), "no channel of this audience reaches him")
		fmt.Fprintf(w, "    %s: %s, %s\n", cmp.Or(plainly(m.Name), "(no name)"), plainly(by), plainly(m.Language))
	}
	for n, o := range a.Outages {
		if n == 0 || o.Service != a.Outages[n-1].Service {
			o.head(w)
		}
		if err := o.print(w); err != nil {
			return err
		}
	}
	return nil
}

// head says what goes for all outages of a service.
func (o outageAccount) head(w io.Writer) {
	clocks := "no SLA"
	if o.Agreed+o.Expected != "" {
		clocks = fmt.Sprintf("expected %s, agreed %s", cmp.Or(o.Expected, "nothing"), cmp.Or(o.Agreed, "nothing"))
		if o.Counted != "" {
			clocks += ", counted in " + o.Counted
		}
	}
	if o.With != nil {
		clocks += "; while " + strings.Join(o.With, " or ") + " is out, told of with that"
	}
	fmt.Fprintf(w, "\n%s: %s\n", plainly(o.Service), plainly(clocks))
}

// print says when it is told of one kind of outage, and by which lines.
func (o outageAccount) print(w io.Writer) error {
	fmt.Fprintf(w, "  %s: an incident after %s\n", plainly(o.Severity), plainly(o.Opens))
	when := ""
	if o.When != "" {
		when = ", where the incident has " + o.When + ":"
	}
	switch {
	case o.Policy == "":
		fmt.Fprintln(w, "    not told: no policy holds")
		return nil
	case !o.Told:
		fmt.Fprintf(w, "    not told by the policy %s (%s)%s\n", plainly(o.Policy), plainly(o.Where), plainly(strings.TrimSuffix(when, ":")))
		return nil
	}
	fmt.Fprintf(w, "    by the policy %s (%s)%s\n", plainly(o.Policy), plainly(o.Where), plainly(when))
	t := newColumns(w)
	t.indented("      ", "FROM", "EVERY", "ONLY WHILE", "HOURS", "LINE")
	for _, r := range o.Rows {
		from := r.From
		if r.After != "" {
			from += " (" + r.After + ")"
		}
		only := r.Phase
		if r.Severity != "" {
			only = strings.TrimPrefix(only+", "+r.Severity, ", ")
		}
		t.indented("      ", from, r.Every, only, cmp.Or(o.Hours, "always"), r.Where)
	}
	return t.end()
}
