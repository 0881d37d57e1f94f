package words

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file of testdata; the slots are shown as [late].
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = strings.NewReplacer("\x02", "[", "\x03", "]").Replace(got)
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (rewrite with -update); got:\n%s", path, got)
	}
}

// message is one that a golden file shows.
type message struct {
	title, reads string
	view         View
	informal     bool
}

// tell compares messages with the golden file of each language.
func tell(t *testing.T, name string, messages []message) {
	t.Helper()
	p := pack(t)
	for _, code := range []string{"nl", "en"} {
		var b strings.Builder
		for _, m := range messages {
			out, err := p.Render(m.view, Reader{Reads: m.reads, Language: code, Zone: zone(t, "Europe/Amsterdam"), Informal: m.informal})
			if err != nil {
				t.Fatal(err)
			}
			show(&b, fmt.Sprintf("%s, %s, number %d", m.title, m.reads, m.view.Number), out)
		}
		golden(t, name+code+".golden", b.String())
	}
}

func show(b *strings.Builder, title string, out Rendered) {
	fmt.Fprintf(b, "==== %s\nSubject: %s\n\n%s\nSMS (%d septets): %s\n\n", title, out.Subject, out.Text, Septets(out.SMS), out.SMS)
}

// messages are the ordinary ones.
func messages() []message {
	words := outage(Progress, 4)
	words.Words = map[string]string{
		"nl": "Een schijf van de mailserver is vol.\nWij maken nu ruimte vrij.",
		"en": "A disk of the mail server is full.\nWe are making room.",
	}
	words.Phase = "identified"
	words.Estimate = noon.Add(3 * time.Hour)

	known := outage(Holding, 5)
	known.Known, known.KnownAt = words.Words, words.Now
	known.Now, known.NextBefore = noon.Add(95*time.Minute), noon.Add(115*time.Minute)
	known.Phase, known.PhaseBefore, known.FiringBefore, known.CameBack = "identified", "identified", 3, 0

	over := outage(Progress, 6)
	over.Phase, over.Firing, over.CameBack, over.Late = "monitoring", 0, 5, true

	many := outage(First, 1)
	for i := range 12 {
		many.Alerts = append(many.Alerts, Alert{Name: "DiskFull", Instance: fmt.Sprintf("db%d", i), Severity: "warning", Since: noon, Firing: true})
	}
	many.Firing, many.MoreAlerts = 44, 30

	much := outage(First, 1)
	much.Account = plenty
	told := outage(Holding, 3)
	told.Account, told.Drill = plenty, true
	worse := outage(Progress, 3)
	worse.Account, worse.SeverityBefore = Account{Impact: plenty.Impact, Known: plenty.Known}, "warning"
	gone := outage(Closing, 7)
	gone.Account = Account{Summary: plenty.Summary, Known: plenty.Known}

	return []message{
		{title: "first", reads: "executive", view: outage(First, 1)},
		{title: "first, many alerts", reads: "technical", view: many},
		{title: "first", reads: "customer", view: outage(First, 1)},
		{title: "first, much is known", reads: "executive", view: much},
		{title: "first, much is known, informal", reads: "staff", view: much, informal: true},
		{title: "holding", reads: "executive", view: outage(Holding, 2)},
		{title: "holding", reads: "executive", view: outage(Holding, 3)},
		{title: "holding, much is known, an exercise", reads: "management", view: told},
		{title: "progress with words", reads: "staff", view: words},
		{title: "progress, it is worse", reads: "executive", view: worse},
		{title: "holding after words", reads: "management", view: known},
		{title: "progress, seems over, late", reads: "management", view: over},
		{title: "closing", reads: "management", view: gone},
	}
}

func TestGoldenMessages(t *testing.T) { tell(t, "", messages()) }

// A weekend's work, told from the announcement to the end.
func TestGoldenChange(t *testing.T) {
	said := func(kind Kind, number int, now time.Time, change func(*View)) View {
		v := maintenance(kind, number, now)
		if change != nil {
			change(&v)
		}
		return v
	}
	over := weekend.Add(6*time.Hour + 2*time.Minute)
	answered := func(v *View) {
		v.NextBefore, v.API, v.Answer, v.Replies = time.Time{}, exampleAPI, exampleAnswer, true
	}
	tell(t, "change.", []message{
		{title: "announced", reads: "staff", view: said(Announced, 1, noon, func(v *View) { v.NextBefore = weekend })},
		{title: "announced, moved", reads: "staff", view: said(Moved, 2, noon.Add(time.Hour), later), informal: true},
		{title: "cancelled", reads: "customer", view: said(Cancelled, 2, noon.Add(time.Hour), nil)},
		{title: "started", reads: "management", view: said(Started, 2, weekend.Add(time.Minute), nil)},
		{title: "overrunning", reads: "executive", view: said(Overrunning, 3, over, nil)},
		{title: "overrunning, decision and estimate", reads: "staff", view: said(Overrunning, 3, over, func(v *View) {
			v.Change.Decide, v.Estimate = over.Add(time.Hour), over.Add(3*time.Hour)
			v.Account.Workaround = plenty.Workaround
		})},
		{title: "holding", reads: "executive", view: said(Holding, 4, over.Add(40*time.Minute), nil)},
		{title: "overdue", reads: "executive", view: said(Overdue, 5, over.Add(70*time.Minute), nil)},
		{title: "extended", reads: "management", view: said(Moved, 6, over.Add(80*time.Minute), func(v *View) {
			v.Change.EndBefore, v.Change.End = v.Change.End, v.Change.End.Add(5*time.Hour)
		})},
		{title: "first, before it", reads: "executive", view: said(First, 1, noon, nil)},
		{title: "first, within it", reads: "staff", view: said(First, 1, weekend.Add(2*time.Hour), nil)},
		{title: "first, past its end", reads: "customer", view: said(First, 1, over, nil)},
		{title: "holding, before it", reads: "executive", view: said(Holding, 2, noon, nil)},
		{title: "holding, within it", reads: "executive", view: said(Holding, 3, weekend.Add(2*time.Hour), nil)},
		{title: "progress, within it", reads: "staff", view: said(Progress, 3, weekend.Add(2*time.Hour), func(v *View) {
			v.Words = map[string]string{"nl": "Een van de drie kasten is over.", "en": "One of the three arrays is done."}
			v.Estimate = weekend.Add(5 * time.Hour)
		})},
		{title: "announced, no time is known", reads: "staff", view: said(Announced, 1, noon, func(v *View) {
			v.Change.Start, v.Change.End, v.Change.Decide, v.Since = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		})},
		{title: "nudge, within it", reads: "communication", view: said(Nudge, 2, weekend.Add(2*time.Hour), func(v *View) {
			v.NextBefore, v.API = time.Time{}, exampleAPI
			v.Asks = []Ask{{Audience: "board", At: v.Now.Add(20 * time.Minute), Kind: Holding, Text: "…"}}
		})},
		{title: "who leads is asked before the decision", reads: "resolution", view: said(Nudge, 2, weekend.Add(4*time.Hour), answered)},
		{title: "who leads is asked before the end", reads: "resolution", view: said(Nudge, 3, weekend.Add(345*time.Minute), answered)},
		{title: "who leads is asked past the end, without a link", reads: "resolution", view: said(Nudge, 4, over, func(v *View) {
			answered(v)
			v.Answer, v.Replies = "", false
		})},
		{title: "completed", reads: "staff", view: said(Completed, 7, over.Add(4*time.Hour), nil)},
		{title: "rolled back", reads: "technical", view: said(Completed, 7, over.Add(4*time.Hour), func(v *View) { v.Change.RolledBack = true })},
	})
}

func TestGoldenPage(t *testing.T) {
	out, err := pack(t).Render(outage(Holding, 3), Reader{Reads: "executive", Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "page.golden", out.HTML)
}

func TestEventOfAChange(t *testing.T) {
	for _, c := range []struct {
		kind Kind
		uid  string
		want bool
	}{{Announced, "change-3@voorbeeld.example", true}, {Moved, "change-3@voorbeeld.example", true}, {Cancelled, "change-3@voorbeeld.example", true},
		{Announced, "", false}, {Overrunning, "change-3@voorbeeld.example", false}} {
		v := outage(c.kind, 2)
		v.Service = map[string]string{"nl": "verhuizing van de opslag"}
		v.Change.UID, v.Change.Revision = c.uid, 2
		out, err := pack(t).Render(v, Reader{Reads: "staff", Language: "nl"})
		if err != nil {
			t.Fatal(err)
		}
		e := out.Event
		if e == nil && !c.want {
			continue
		}
		if (e != nil) != c.want || e.UID != c.uid || e.Revision != choose(c.kind == Cancelled, 3, 2) || e.Title != "Onderhoud: verhuizing van de opslag" ||
			!e.Start.Equal(v.Change.Start) || !e.End.Equal(v.Change.End) || e.Cancelled != (c.kind == Cancelled) || !strings.Contains(e.Text, "onderhoud") {
			t.Errorf("%s: %+v", c.kind, e)
		}
	}
}
