package words

import (
	"errors"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxHTML stays under what common mailboxes cut a message at.
const maxHTML = 100_000

// sureName is up to which length, in runes, an SMS holds the whole name of a
// service.
const sureName = 40

// Check renders every kind of update for every reader in every language
// against the worst that can be asked of the templates, and reports all that
// is wrong with the outcome, each fault once.
func (p *Pack) Check() error {
	var faults []error
	seen := make(map[string]bool)
	for _, code := range slices.Sorted(maps.Keys(p.languages)) {
		for _, kind := range kinds {
			for _, reads := range audiences {
				r := Reader{Reads: reads, Language: code, Zone: time.UTC}
				for _, c := range worstCases(kind) {
					for _, fault := range p.checkCase(c.view, r, p.languages[code].rounds()) {
						where := fmt.Sprintf("%s, %s for %s", code, kind, reads)
						if key := where + fault.Error(); !seen[key] {
							seen[key] = true
							faults = append(faults, fmt.Errorf("%s, %s: %w", where, c.name, fault))
						}
					}
				}
			}
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("check message templates: %w", err)
	}
	return nil
}

// rounds is how many updates show each phrasing, and each after each other.
func (l *language) rounds() int {
	n := 1
	for _, turns := range l.turns {
		n = max(n, turns)
	}
	return n + 1
}

// checkCase looks at one view, in a holding update at every phrasing of it: of
// two that only differ in their number, the words must differ too.
func (p *Pack) checkCase(v View, r Reader, rounds int) []error {
	if v.Kind != Holding && v.Kind != Unknown {
		rounds = 1
	}
	var faults []error
	var last Rendered
	for v.Number = 1; v.Number <= rounds; v.Number++ {
		out, err := p.Render(v, r)
		if err != nil {
			return append(faults, err)
		}
		faults = append(faults, p.faults(v, r, out)...)
		if v.Number > 1 {
			for _, c := range []struct{ channel, before, now string }{
				{"text", last.Text, out.Text}, {"HTML", last.HTML, out.HTML}, {"SMS", last.SMS, out.SMS},
			} {
				if maskDigits(c.before) == maskDigits(c.now) {
					faults = append(faults, fmt.Errorf("the %s of updates %d and %d is the same", c.channel, v.Number-1, v.Number))
				}
			}
		}
		last = out
	}
	return faults
}

func maskDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, s)
}

// faults lists what is wrong with one rendered update.
func (p *Pack) faults(v View, r Reader, out Rendered) []error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	f, err := newFacts(v, r, p.languages[r.Language].tongue)
	if err != nil {
		return []error{err}
	}

	if n := utf8.RuneCountInString(out.Subject); n == 0 || n > maxSubject {
		fault("the subject has %d characters, allowed are 1 to %d", n, maxSubject)
	}
	if n := len(out.HTML); n > maxHTML {
		fault("the HTML has %d bytes, allowed are %d", n, maxHTML)
	}
	if strings.Contains(out.HTML, "ZgotmplZ") {
		fault("the HTML puts data where it cannot be made safe")
	}
	if out.SMS != GSM7(out.SMS) {
		fault("the SMS is not all in the GSM alphabet")
	}
	if n, most := Segments(out.SMS), choose(f.HasWords(), maxSegments, 1); n < 1 || n > most {
		fault("the SMS takes %d segments, allowed are 1 to %d", n, most)
	}

	page := html.UnescapeString(out.HTML)
	for _, c := range []struct{ channel, said string }{
		{"subject", out.Subject}, {"text", Fill(out.Text, nil)}, {"HTML", Fill(out.HTML, nil)}, {"SMS", out.SMS},
	} {
		if strings.ContainsFunc(c.said, func(r rune) bool {
			return unicode.IsControl(r) && (r != '\n' || c.channel == "subject" || c.channel == "SMS")
		}) {
			fault("the %s holds control characters", c.channel)
		}
	}
	name := line(f.Name)
	must := func(channel, said, what, part string) {
		if !strings.Contains(fold(said), fold(part)) {
			fault("the %s does not say %s", channel, what)
		}
	}
	must("text", out.Text, "the service", name)
	must("HTML", page, "the service", name)
	must("subject", out.Subject, "the service", start(name, 2))
	if readable(name) {
		short := line(GSM7(name))
		must("SMS", out.SMS, "the service", choose(utf8.RuneCountInString(short) <= sureName, short, start(short, 2)))
	}
	before := f.Next.Before()
	must("text", out.Text, "when the next update comes", before)
	must("HTML", page, "when the next update comes", before)
	must("SMS", out.SMS, "when the next update comes", GSM7(before))

	for _, slot := range []string{SlotLate, SlotMissed} {
		want := choose(slot == SlotLate && v.Late, 0, 1)
		if strings.Count(out.Text, Mark(slot)) != want || strings.Count(out.HTML, Mark(slot)) != want {
			fault("the slot %q does not stand %d times", slot, want)
		}
		if want == 1 && (out.Phrases[slot] == "" || strings.ContainsAny(out.Phrases[slot], `<>&"'`)) {
			fault("the phrase %q is empty, or holds what HTML would need escaped", slot)
		}
	}
	if v.Late {
		excuse, _ := p.languages[r.Language].say("phrase.late", f, true)
		must("text", out.Text, "that it is late", line(excuse))
		must("HTML", page, "that it is late", line(excuse))
	}
	return faults
}

// fold takes the difference between capitals and small letters out of s. Some
// small letters share a capital (ϑ and θ), so it goes by way of the capitals.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// start returns the first n runes of s.
func start(s string, n int) string { return string([]rune(s)[:min(n, utf8.RuneCountInString(s))]) }

type worstCase struct {
	name string
	view View
}

// worstCases are the views that templates break on.
func worstCases(kind Kind) []worstCase {
	now := time.Date(2026, 9, 30, 12, 10, 0, 0, time.UTC)
	plain := View{
		Organisation: "Organisation", Incident: "SR-12", Kind: kind,
		Service: map[string]string{"nl": "het netwerk", "en": "the network"}, Severity: "critical", Phase: "investigating",
		Since: now.Add(-65 * time.Minute), Now: now, NextBefore: now.Add(20 * time.Minute),
		Firing: 3, LastAt: now.Add(-30 * time.Minute), FiringBefore: 5, CameBack: 2,
		PhaseBefore: "investigating", SeverityBefore: "critical",
		Expected: ClockShare{Limit: time.Hour, Used: 20 * time.Minute}, Agreed: ClockShare{Limit: 24 * time.Hour, Used: 65 * time.Minute},
	}
	if kind == Closing {
		plain.Ended, plain.NextBefore = now, time.Time{}
	}
	var cases []worstCase
	add := func(name string, change func(*View)) {
		v := plain
		change(&v)
		cases = append(cases, worstCase{name, v})
	}
	everywhere := func(v *View, s string) {
		v.Organisation, v.Incident, v.Lead, v.Severity, v.SeverityBefore = s, s, s, s, s
		v.Service = map[string]string{"nl": s, "en": s}
		v.Words, v.Known = map[string]string{"": s}, map[string]string{"": s}
		v.MoreAlerts, v.Link = 30, "https://example.org/"+s
		for range 40 {
			v.Alerts = append(v.Alerts, Alert{Name: s, Severity: s, Summary: s, Instance: s, Since: now, Firing: len(v.Alerts)%2 == 0})
		}
	}
	add("an ordinary view", func(*View) {})
	add("no alerts, no clocks, nobody leads", func(v *View) {
		v.Firing, v.FiringBefore, v.CameBack, v.Lead = 0, 0, 0, ""
		v.Expected, v.Agreed, v.LastAt, v.Severity = ClockShare{}, ClockShare{}, time.Time{}, ""
	})
	add("past the SLA, estimate ahead", func(v *View) {
		v.Expected.Used, v.Agreed.Used = 300*time.Hour, 300*time.Hour
		v.Since, v.Estimate, v.Phase = now.Add(-300*time.Hour), now.Add(80*time.Hour), "identified"
		v.SeverityBefore = "warning"
	})
	add("estimate missed, late", func(v *View) { v.Estimate, v.Late = now.Add(-time.Hour), true })
	add("seems over", func(v *View) { v.Phase, v.Firing = "monitoring", 0 })
	add("next update far off", func(v *View) {
		if !v.NextBefore.IsZero() {
			v.NextBefore = time.Date(2027, 9, 30, 0, 0, 0, 0, time.UTC)
		}
		v.Since = now.Add(-8000 * time.Hour)
	})
	add("a service with a long name", func(v *View) {
		v.Service = map[string]string{"": "the registration desk for permits and licences and all that"}
	})
	add("names of 400 letters", func(v *View) { everywhere(v, strings.Repeat("€", 400)) })
	add("names of 400 letters in words", func(v *View) { everywhere(v, strings.Repeat("wörd ", 400)) })
	add("hostile text", func(v *View) {
		everywhere(v, "<script>alert('x')</script>{{.Lead}}{{template \"x\"}}\r\nBcc: a@example.org\x00\x02late\x03 \u202egnp.exe\u200b \"><a href=http://example.org>x</a>")
	})
	add("signs only", func(v *View) { everywhere(v, "🔥🚒") })
	return cases
}
