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
}

// tell compares messages with the golden file of each language.
func tell(t *testing.T, name string, messages []message) {
	t.Helper()
	p := pack(t)
	for _, code := range []string{"nl", "en"} {
		var b strings.Builder
		for _, m := range messages {
			out, err := p.Render(m.view, Reader{Reads: m.reads, Language: code, Zone: zone(t, "Europe/Amsterdam")})
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

	return []message{
		{"first", "executive", outage(First, 1)},
		{"first, many alerts", "technical", many},
		{"first", "customer", outage(First, 1)},
		{"holding", "executive", outage(Holding, 2)},
		{"holding", "executive", outage(Holding, 3)},
		{"progress with words", "staff", words},
		{"holding after words", "management", known},
		{"progress, seems over, late", "management", over},
		{"closing", "management", outage(Closing, 7)},
	}
}

func TestGoldenMessages(t *testing.T) { tell(t, "", messages()) }

func TestGoldenPage(t *testing.T) {
	out, err := pack(t).Render(outage(Holding, 3), Reader{Reads: "executive", Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "page.golden", out.HTML)
}
