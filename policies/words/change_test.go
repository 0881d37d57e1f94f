package words

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is a planned change as it is told at a moment.
func at(kind Kind, now time.Time) View {
	v := maintenance(kind, 3, now)
	v.Expected = ClockShare{Limit: time.Hour, Used: 30 * time.Minute}
	return v
}

// What is told of a change before its window and within it never says that it is
// late, in no kind and to nobody; past it, all but the last do.
func TestAChangeIsLateWhenItIs(t *testing.T) {
	late := map[string][]string{
		"nl": {"langer dan gepland", "later dan gepland", "loopt nu", "Dat is niet gelukt", "had ", "nog niet klaar", "duurt nu", "was gepland"},
		"en": {"longer than planned", "later than planned", "over time", "We are not", "should have", "not done yet", "was planned"},
	}
	p := pack(t)
	for code, phrases := range late {
		for _, kind := range []Kind{First, Progress, Holding, Nudge, Started} {
			for _, reads := range readersOf(kind) {
				for number := 1; number <= 4; number++ {
					for when, now := range map[string]time.Time{"before": noon, "within": weekend.Add(2 * time.Hour), "past": weekend.Add(7 * time.Hour)} {
						if kind == Started && when != "within" {
							continue
						}
						v := at(kind, now)
						v.Number = number
						out, err := p.Render(v, Reader{Reads: reads, Language: code, Zone: zone(t, "Europe/Amsterdam")})
						if err != nil {
							t.Fatal(err)
						}
						all := strings.ReplaceAll(out.Text, "Duurt het langer dan gepland? Dan", "")
						all = strings.ReplaceAll(all, "If it takes longer than planned, we", "")
						said := slices.ContainsFunc(phrases, func(s string) bool { return strings.Contains(strings.ToLower(all), strings.ToLower(s)) })
						if said != (when == "past") {
							t.Errorf("%s, %s for %s, number %d, %s its window: late is %v\n%s", code, kind, reads, number, when, said, out.Text)
						}
						if outage := map[string]string{"nl": "storing", "en": "outage"}[code]; strings.Contains(strings.ToLower(out.Text+out.SMS+out.Subject), outage) {
							t.Errorf("%s, %s for %s: it is called an outage\n%s\n%s", code, kind, reads, out.Text, out.SMS)
						}
					}
				}
			}
		}
	}
}

// Nothing measures a change, and it ends with a person's word.
func TestAChangeHasNoWordsOfAnOutage(t *testing.T) {
	for _, kind := range neverOfChange {
		v := outage(kind, 2)
		v.Change = work(noon)
		if _, err := pack(t).Render(v, Reader{Reads: readersOf(kind)[0], Language: "nl"}); err == nil {
			t.Errorf("%s: no error", kind)
		}
	}
}

// The mark and the bars say that it is late, or nothing: not that alerts are quiet.
func TestColoursOfAChange(t *testing.T) {
	p := pack(t)
	for _, c := range []struct {
		kind Kind
		now  time.Time
		tone string
		bars int
	}{
		{Announced, noon, "watch", 0}, {Holding, noon, "watch", 0}, {Holding, weekend.Add(time.Hour), "watch", 0}, {Started, weekend, "watch", 0},
		{First, weekend.Add(7 * time.Hour), "open", 2}, {Holding, weekend.Add(7 * time.Hour), "open", 2}, {Overrunning, weekend.Add(6 * time.Hour), "open", 2},
		{Cancelled, noon, "over", 0}, {Cancelled, weekend.Add(7 * time.Hour), "over", 0},
		{Completed, weekend.Add(5 * time.Hour), "over", 0}, {Completed, weekend.Add(7 * time.Hour), "over", 2},
	} {
		v := at(c.kind, c.now)
		v.Phase = "monitoring"
		s, err := p.speaker(v, Reader{Reads: "executive", Language: "nl", Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		if m := s.letter(); m.Tone != c.tone || len(m.Bars) != c.bars {
			t.Errorf("%s at %s: %s with %d bars, want %s with %d", c.kind, c.now, m.Tone, len(m.Bars), c.tone, c.bars)
		}
	}
}

// A change of which times are not known says nothing of them, and nothing broken.
func TestAChangeWithoutTimes(t *testing.T) {
	p := pack(t)
	for _, kind := range slices.Concat(ofChange, alsoOfChange) {
		for _, reads := range readersOf(kind) {
			for code := range tongues {
				for _, c := range []struct{ start, end time.Time }{{}, {start: weekend}, {end: weekend.Add(6 * time.Hour)}} {
					v := maintenance(kind, 2, weekend.Add(2*time.Hour))
					v.Change, v.Since = &Change{Start: c.start, End: c.end}, time.Time{}
					out, err := p.Render(v, Reader{Reads: reads, Language: code, Zone: zone(t, "Europe/Amsterdam")})
					if err != nil {
						t.Fatal(err)
					}
					for _, said := range []string{out.Text, out.SMS, out.Subject} {
						for _, broken := range []string{"  ", " .", " ,", "..", "()", "om .", "1 januari", "1 January", "00.00", "year 1", "dagen", "days"} {
							if strings.Contains(strings.ReplaceAll(said, "\n  ", "\n"), broken) {
								t.Errorf("%s, %s for %s: %q in\n%s", code, kind, reads, broken, said)
							}
						}
					}
				}
			}
		}
	}
}

func TestAPeriodSaysItsDayOnce(t *testing.T) {
	saturday := time.Date(2026, 6, 6, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from, to, now time.Time
		want          string
	}{
		{saturday, saturday.Add(2 * time.Hour), saturday, "van 09.00 tot 11.00 uur"},
		{saturday, saturday.Add(2 * time.Hour), saturday.Add(-100 * time.Hour), "zaterdag 6 juni van 09.00 tot 11.00 uur"},
		{saturday, saturday.Add(2 * time.Hour), saturday.Add(24 * time.Hour), "gisteren van 09.00 tot 11.00 uur"},
		{saturday, saturday.Add(26 * time.Hour), saturday, "van vandaag 09.00 uur tot morgen 11.00 uur"},
		{saturday, time.Time{}, saturday, "vandaag om 09.00 uur"},
		{time.Time{}, saturday, saturday, "tot 09.00 uur"},
		{time.Time{}, time.Time{}, saturday, ""},
	} {
		if got := dutch.period(c.from, c.to, c.now); got != c.want {
			t.Errorf("%s to %s: %q, want %q", fmt.Sprint(c.from), fmt.Sprint(c.to), got, c.want)
		}
	}
}

// An estimate is missed in its very minute: nothing is said to come at the time that the
// reader's clock shows. An SMS owns up to it as a mail does.
func TestAnEstimateIsMissedInItsMinute(t *testing.T) {
	p := pack(t)
	now := weekend.Add(9 * time.Hour)
	for _, c := range []struct {
		estimate time.Time
		missed   bool
	}{{now.Add(time.Minute), false}, {now.Add(30 * time.Second), true}, {now, true}, {now.Add(-time.Hour), true}} {
		for code, missed := range map[string]string{"nl": "is niet gelukt", "en": "It was not"} {
			v := at(Holding, now)
			v.Estimate = c.estimate
			out, err := p.Render(v, Reader{Reads: "executive", Language: code, Zone: zone(t, "Europe/Amsterdam")})
			if err != nil {
				t.Fatal(err)
			}
			mail := strings.Replace(out.Text, "Wij wilden vandaag om 14.00 uur klaar zijn. Dat is niet gelukt.", "", 1)
			for _, said := range []string{mail, out.SMS} {
				if strings.Contains(said, missed) != c.missed {
					t.Errorf("%s before it: missed is %v in\n%s", c.estimate.Sub(now), !c.missed, said)
				}
			}
		}
	}
}

// What is otherwise than a reader was told is called what it is.
func TestAMoveSaysWhatIsMoved(t *testing.T) {
	p := pack(t)
	for name, c := range map[string]struct {
		change    func(*Change)
		say, hide string
	}{
		"another start":   {func(c *Change) { c.StartBefore = c.Start.Add(-time.Hour) }, "Onderhoud verplaatst", "nieuwe eindtijd"},
		"another end":     {func(c *Change) { c.EndBefore = c.End.Add(-time.Hour) }, "Onderhoud, nieuwe eindtijd", "verplaatst"},
		"sooner":          {func(c *Change) { c.EndBefore = c.End.Add(time.Hour) }, "gaat korter duren", "verplaatst"},
		"later":           {func(c *Change) { c.EndBefore = c.End.Add(-time.Hour) }, "gaat langer duren", "verplaatst"},
		"more services":   {func(c *Change) { c.Touched, c.ServicesBefore = true, c.Services[:1] }, "Eerder schreven wij: e-mail.", "eindtijd"},
		"no services":     {func(c *Change) { c.Touched, c.ServicesBefore, c.Services = true, c.Services, nil }, "Het raakt geen diensten meer.", "verplaatst"},
		"start, services": {func(c *Change) { c.StartBefore, c.Touched = c.Start.Add(-time.Hour), true }, "Het raakt nu e-mail", "andere diensten:"},
	} {
		v := at(Moved, noon)
		c.change(v.Change)
		out, err := p.Render(v, Reader{Reads: "staff", Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.Text, c.say) || strings.Contains(out.Text+out.SMS+out.Subject, c.hide) {
			t.Errorf("%s:\n%s\n%s\n%s", name, out.Subject, out.Text, out.SMS)
		}
	}
}
