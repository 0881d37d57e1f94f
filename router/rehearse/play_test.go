package rehearse

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// updatesOf are the updates as a program reads them.
func updatesOf(t testing.TB, tr *Transcript) string {
	t.Helper()
	var b bytes.Buffer
	if err := tr.Lines(&b, ""); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// inOrder sorts the updates of each moment, at which incidents come in any
// order: their lines begin with it.
func inOrder(lines string) string {
	all := strings.Split(lines, "\n")
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// firstDifference shows where two texts part.
func firstDifference(one, two string) string {
	a, b := strings.Split(one, "\n"), strings.Split(two, "\n")
	for n := range min(len(a), len(b)) {
		if a[n] != b[n] {
			return fmt.Sprintf("line %d:\n%s\n%s", n+1, a[n], b[n])
		}
	}
	return fmt.Sprintf("%d lines, and %d", len(a), len(b))
}

// TestARestartChangesNothing: restarted at moments at which nothing is due,
// sitrep tells the same story.
func TestARestartChangesNothing(t *testing.T) {
	on := stage(t, "")
	rapid.Check(t, func(rt *rapid.T) {
		var b strings.Builder
		b.WriteString(begins)
		fired := []string{}
		for range rapid.IntRange(1, 12).Draw(rt, "lines") {
			minute := 2 * rapid.IntRange(0, 12*60).Draw(rt, "half the minute")
			name := rapid.SampledFrom([]string{"A", "B"}).Draw(rt, "alert")
			service := rapid.SampledFrom([]string{"mail", "permits", "none"}).Draw(rt, "service")
			// Thresholds hold after an odd number of minutes. Two services that opened
			// at one moment could come in either order.
			if service == "permits" {
				minute++
			}
			at := fmt.Sprintf("%dm", minute)
			severity := rapid.SampledFrom([]string{"warning", "critical"}).Draw(rt, "severity")
			switch rapid.IntRange(0, 5).Draw(rt, "what") {
			case 0, 1:
				fmt.Fprintf(&b, "%s fire %s x%d service=%s severity=%s\n", at, name, rapid.IntRange(1, 3).Draw(rt, "count"), service, severity)
				if !slices.Contains(fired, name) {
					fired = append(fired, name)
					fmt.Fprintf(&b, "%dm fire %s service=%s\n", minute%2, name, service)
				}
			case 2:
				if slices.Contains(fired, name) {
					fmt.Fprintf(&b, "%s resolve %s\n", at, name)
				}
			case 3:
				fmt.Fprintf(&b, "%s say SR-1 board \"words\" phase=identified\n", at)
			case 4:
				fmt.Fprintf(&b, "%s end SR-1 \"enough\"\n", at)
			case 5:
				fmt.Fprintf(&b, "%s flap %s every 8m for 3h service=%s\n", at, name, service)
				if !slices.Contains(fired, name) {
					fired = append(fired, name)
				}
			}
		}
		s, err := Parse("s", b.String()+"until 34h\n")
		if err != nil { // a name that resolves before it fires
			rt.Skip(err)
		}
		plain, err := Play(on, s)
		if err != nil {
			rt.Fatal(err)
		}
		// Everything above happens at whole minutes; nothing is due half way.
		for range rapid.IntRange(1, 5).Draw(rt, "restarts") {
			fmt.Fprintf(&b, "%dm30s restart\n", rapid.IntRange(0, 30*60).Draw(rt, "restart"))
		}
		b.WriteString("until 34h\n")
		restarted, err := Parse("s", b.String())
		if err != nil {
			rt.Fatal(err)
		}
		again, err := Play(on, restarted)
		if err != nil {
			rt.Fatal(err)
		}
		if one, two := inOrder(updatesOf(t, plain)), inOrder(updatesOf(t, again)); one != two {
			rt.Fatalf("%s\n%s", b.String(), firstDifference(one, two))
		}
		if !slices.Equal(plain.Sums, again.Sums) {
			rt.Fatalf("%s\nwithout restarts: %v\nwith: %v", b.String(), plain.Sums, again.Sums)
		}
	})
}

func TestLinesAreJSON(t *testing.T) {
	tr := played(t, stage(t, ""), "s", begins+`0s fire MailDown x3 service=mail severity=critical
45m say board "A <b>storage</b> array failed."
3h resolve MailDown
`)
	lines := bufio.NewScanner(strings.NewReader(updatesOf(t, tr)))
	n, words := 0, false
	var first, last map[string]any
	for lines.Scan() {
		var row map[string]any
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		for _, key := range []string{"at", "kind", "incident", "audience", "recipients", "channels", "promise", "kept", "why", "text"} {
			if _, ok := row[key]; !ok {
				t.Errorf("%s has no %q", lines.Text(), key)
			}
		}
		if first == nil {
			first = row
		}
		words = words || row["audience"] == "board" && strings.Contains(row["text"].(string), "A <b>storage</b> array failed.")
		last = row
		n++
	}
	if n != len(tr.Updates) || n < 10 || !words {
		t.Errorf("%d lines of %d updates, words in them: %v", n, len(tr.Updates), words)
	}
	if first["kept"] != nil || first["promise"] != "2026-05-12T07:35:00Z" || first["at"] != "2026-05-12T07:01:00Z" {
		t.Errorf("the first line is %v", first)
	}
	if last["kind"] != "closing" || last["promise"] != nil || last["kept"] != true {
		t.Errorf("the last line is %v", last)
	}
}

func TestAPromiseThatBreaks(t *testing.T) {
	tr := played(t, stage(t, ""), "s", begins+`0s fire MailDown x3 service=mail severity=critical
10m restart for 2h
3h resolve MailDown
`)
	broken := 0
	for _, u := range tr.Updates {
		if u.Kept != nil && !*u.Kept {
			broken++
			if !u.Late {
				t.Errorf("%v broke a promise, and does not say that it is late", u)
			}
		}
	}
	if broken != 2 { // it and management were promised something
		t.Errorf("%d promises broken", broken)
	}
	var b bytes.Buffer
	if err := tr.Table(&b); err != nil || !strings.Contains(b.String(), "BROKEN") {
		t.Errorf("the table hides it: %v\n%s", err, &b)
	}
	wellDrawn(t, tr)
}

// TestTheMachineIsNoPartOfIt: a script's own zone is kept where the organisation
// lives in another.
func TestTheMachineIsNoPartOfIt(t *testing.T) {
	tr := played(t, stage(t, ""), "s", "start 2026-05-12T09:00-05:00\n0s fire MailDown x3 service=mail severity=critical\n1h resolve MailDown\n")
	if got := storyOf(t, tr); !strings.Contains(got, "times in -05:00") || !strings.Contains(got, "09:01     SR-1 opened") {
		t.Errorf("%s", got)
	}
}

// year is a script of a year in which a thousand incidents happen, and the
// services of a town to which they do: each rests for more than a day between
// two, since within a day it would be the same one again.
func year(t testing.TB) (Stage, *Script) {
	t.Helper()
	const services = 6
	var script, config strings.Builder
	config.WriteString(`
global: {organisation: Town, language: en, time_zone: Europe/Amsterdam}
channels: {email: {smarthosts: ["mail.example:587"], from: ict@town.example}}
slas: [{name: gold, agreed: 24h, expected: 1h}]
audiences:
  - {name: it, channels: [email], recipients: [{name: IT, email: it@town.example}]}
  - {name: board, channels: [email], recipients: [{name: Board, email: board@town.example}]}
policies:
  - name: all
    updates:
      - {audience: it, cadence: [{from: 0s, every: 30m}]}
      - {audience: board, cadence: [{from: 15m, every: 1h}, {from: 100% expected, every: 30m}]}
services:
`)
	for n := range services {
		fmt.Fprintf(&config, "  - {name: s%d, matchers: ['service=\"s%d\"'], sla: gold}\n", n, n)
	}
	script.WriteString("start 2026-01-01T00:00+01:00\n")
	for n := range 1000 {
		at := time.Duration(n) * 8 * time.Hour
		fmt.Fprintf(&script, "%s fire Down%d x3 service=s%d severity=critical\n", brief(at), n%services, n%services)
		fmt.Fprintf(&script, "%s resolve Down%d\n", brief(at+time.Duration(1+n%3)*time.Hour), n%services)
	}
	script.WriteString("until 1y\n")
	file := filepath.Join(t.TempDir(), "sitrep.yml")
	if err := os.WriteFile(file, []byte(config.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := Parse("year", script.String())
	if err != nil {
		t.Fatal(err)
	}
	return stage(t, file), s
}

// BenchmarkYear plays the year with and without putting its updates into words.
func BenchmarkYear(b *testing.B) {
	on, s := year(b)
	silent := on
	silent.Words = nil
	for _, c := range []struct {
		name string
		on   Stage
	}{{"told", on}, {"silent", silent}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				tr, err := Play(c.on, s)
				if err != nil {
					b.Fatal(err)
				}
				last := tr.Updates[len(tr.Updates)-1].Incident
				if last != "SR-1000" {
					b.Fatalf("the last incident is %s", last)
				}
				b.ReportMetric(float64(len(tr.Updates)), "updates")
			}
		})
	}
}
