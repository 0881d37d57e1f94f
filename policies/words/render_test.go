package words

import (
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	nethtml "golang.org/x/net/html"
	"pgregory.net/rapid"
)

// anyView draws a view that differs in everything that a message depends on.
func anyView(t *rapid.T, kind Kind) View {
	one := func(label string, of ...string) string { return rapid.SampledFrom(of).Draw(t, label) }
	upTo := func(label string, n int) int { return rapid.IntRange(0, n).Draw(t, label) }
	v := outage(kind, 1+upTo("number", 30))
	v.Service = map[string]string{"": one("service", "e-mail", "het netwerk", "the permit desk", "Élan", "zaaksysteem Öresund", strings.Repeat("lange naam ", 30))}
	v.Phase = one("phase", "investigating", "identified", "monitoring")
	v.PhaseBefore = one("phase before", "investigating", "identified", "monitoring", "")
	v.Severity = one("severity", "info", "warning", "critical", "")
	v.Now = v.Now.Add(time.Duration(upTo("minutes", 72*60)) * time.Minute)
	if !kind.final() {
		v.NextBefore = v.Now.Add(time.Duration(1+upTo("minutes to next", 100*60)) * time.Minute)
	}
	v.Late = rapid.Bool().Draw(t, "late")
	v.Firing, v.FiringBefore, v.CameBack = upTo("firing", 4), upTo("firing before", 4), upTo("came back", 4)
	v.Expected.Limit = time.Duration(upTo("expected hours", 5)) * time.Hour
	v.Agreed.Used = time.Duration(upTo("used hours", 60)) * time.Hour
	v.Lead, v.Organisation = one("lead", "", "Anna"), one("organisation", "", "Gemeente Voorbeeld")
	if rapid.Bool().Draw(t, "words") {
		v.Words = map[string]string{one("language of words", "", "nl", "en"): strings.Repeat(one("word", "wóórd ", "€", "🔥 vuur\n", "x"), 1+upTo("length", 300))}
	}
	if rapid.Bool().Draw(t, "estimate") {
		v.Estimate = v.Now.Add(time.Duration(upTo("hours to estimate", 48)-10) * time.Hour)
	}
	some := func(label string) []map[string]string {
		from := upTo(label, 4)
		return lots[from:min(from+upTo(label+" many", 5), len(lots))]
	}
	v.Consequences, v.Recovered, v.StillOut = some("consequences"), some("recovered"), some("still out")
	if len(v.Consequences) > 0 && rapid.Bool().Draw(t, "news of them") {
		v.NewConsequences, v.Folded = v.Consequences[:1], v.Consequences[len(v.Consequences)-1:]
	}
	if rapid.Bool().Draw(t, "outlived") {
		v.Outlived = named("het gemeentehuis", "the town hall")[0]
	}
	for i := range v.Alerts {
		v.Alerts[i].Name, v.Alerts[i].Summary, v.Alerts[i].Instance = "Zalert", "zsummary", "zinstance"
	}
	v.Link = "https://sitrep.example/zlink"
	v.Drill = rapid.Bool().Draw(t, "drill")
	for i, what := range []*map[string]string{&v.Account.Summary, &v.Account.Impact, &v.Account.Workaround, &v.Account.Known, &v.Account.RuledOut, &v.Account.Doing} {
		if rapid.Bool().Draw(t, "account") {
			*what = map[string]string{"": strings.Repeat("iets bekends ", 1+20*(i%2))}
		}
	}
	if slices.Contains(ofChange, kind) || slices.Contains(alsoOfChange, kind) && rapid.Bool().Draw(t, "a change") {
		v.Change = work(v.Now.Add(time.Duration(upTo("hours of the change", 100)-50) * time.Hour))
	}
	return v
}

// Drawn views for drawn readers, of every kind in every language.
func TestEveryMessage(t *testing.T) {
	p := pack(t)
	zones := []*time.Location{zone(t, "Europe/Amsterdam"), zone(t, "Asia/Kolkata"), zone(t, "America/New_York")}
	for _, kind := range kinds {
		for code := range tongues {
			t.Run(code+" "+string(kind), rapid.MakeCheck(func(t *rapid.T) {
				v := anyView(t, kind)
				r := Reader{
					Reads:    rapid.SampledFrom(audiences).Draw(t, "reads"),
					Language: code,
					Zone:     rapid.SampledFrom(zones).Draw(t, "zone"),
				}
				out, err := p.Render(v, r)
				if err != nil {
					t.Fatal(err)
				}
				saysWhatAndWhen(t, v, r, out)
				keepsToSizes(t, v, out)
				showsAlertsToTechnicalOnly(t, r, out)
				emptiedSlotsLeaveNoTrace(t, out)
				saysWhatWasMissed(t, v, out)
			}))
		}
	}
}

// state is what every message says of the outage.
var state = map[string]map[bool]string{
	"nl": {false: "storing", true: "voorbij"},
	"en": {false: "outage", true: "over"},
}

// planned is what every message says of a planned change.
var planned = map[string]string{"nl": "onderhoud", "en": "maintenance"}

func saysWhatAndWhen(t *rapid.T, v View, r Reader, out Rendered) {
	service := strings.TrimSpace(Clean(v.Service[""], maxService))
	for channel, said := range map[string]string{
		"text": out.Text, "HTML": html.UnescapeString(out.HTML), "SMS": out.SMS, "subject": out.Subject,
	} {
		said = strings.ToLower(said)
		name := tongues[r.Language].bare(service)
		if channel == "SMS" {
			name = GSM7(name)
		}
		if utf8.RuneCountInString(name) > 40 {
			name = "lange naam"
		}
		if channel == "subject" && (v.Drill || v.Change != nil) { // it says more
			name = start(name, 5)
		}
		if !strings.Contains(said, strings.ToLower(name)) {
			t.Errorf("%s does not name the service %q: %s", channel, name, said)
		}
		if want := choose(v.Change != nil, planned[r.Language], state[r.Language][v.Kind == Closing]); !strings.Contains(said, want) {
			t.Errorf("%s does not say %q: %s", channel, want, said)
		}
		if end := changeEnd(v, r); end != "" && (channel == "text" || channel == "HTML") && !strings.Contains(said, end) {
			t.Errorf("%s does not say when it was to be done, %q: %s", channel, end, said)
		}
		if v.Drill && !strings.Contains(said, map[string]string{"nl": "oefening: ", "en": "exercise: "}[r.Language]) {
			t.Errorf("%s does not say that it is an exercise: %s", channel, said)
		}
		clock := v.NextBefore.In(r.Zone).Format(map[string]string{"nl": "15.04 uur", "en": "15:04"}[r.Language])
		if strings.HasPrefix(clock, "00.00") {
			clock = "00.00 uur"
		}
		if !v.Kind.final() && channel != "subject" && !strings.Contains(said, clock) {
			t.Errorf("%s does not say %q", channel, clock)
		}
	}
}

// changeEnd is the clock time at which a planned change is to be done; empty where it
// is none.
func changeEnd(v View, r Reader) string {
	if v.Change == nil || v.Kind == Correction {
		return ""
	}
	return v.Change.End.In(r.Zone).Format(map[string]string{"nl": "15.04 uur", "en": "15:04"}[r.Language])
}

func keepsToSizes(t *rapid.T, v View, out Rendered) {
	most := 1
	if len(v.Words) > 0 {
		most = DefaultSegments
	}
	if n := Segments(out.SMS); n < 1 || n > most {
		t.Errorf("SMS of %d segments, %d septets: %s", n, Septets(out.SMS), out.SMS)
	}
	if out.SMS != GSM7(out.SMS) {
		t.Errorf("not GSM: %q", out.SMS)
	}
	if n := utf8.RuneCountInString(out.Subject); n > 60 {
		t.Errorf("subject of %d characters", n)
	}
	if len(out.HTML) > maxHTML {
		t.Errorf("HTML of %d bytes", len(out.HTML))
	}
}

func showsAlertsToTechnicalOnly(t *rapid.T, r Reader, out Rendered) {
	mail := out.Subject + out.Text + out.HTML
	for _, alien := range []string{"Zalert", "zsummary", "zinstance", "zlink"} {
		if strings.Contains(out.SMS, alien) {
			t.Errorf("SMS says %q", alien)
		}
		if got := strings.Contains(mail, alien); got != (r.Reads == "technical") {
			t.Errorf("%s reader: %q in the mail is %v", r.Reads, alien, got)
		}
	}
}

var timely = regexp.MustCompile(`(?i)\b(vandaag|morgen|gisteren|today|tomorrow|yesterday|middernacht|midnight|` +
	`(maan|dins|woens|donder|vrij|zater|zon)dag|(mon|tues|wednes|thurs|fri|satur|sun)day|` +
	`november|december|uur|uren|minuut|minuten|dag|dagen|hours?|minutes?|days?|minder dan een|less than a|om|at|en|and)\b|\pN+|[.:()%]`)

// masked is a text without its times and numbers, and without what is left of
// them: blanks.
func masked(s string) string {
	return strings.Join(strings.Fields(timely.ReplaceAllString(s, " ")), " ")
}

func TestHoldingNeverSaysTheSameTwice(t *testing.T) {
	p := pack(t)
	for code := range tongues {
		for _, reads := range audiences {
			t.Run(code+" "+reads, rapid.MakeCheck(func(t *rapid.T) {
				phase := rapid.SampledFrom([]string{"investigating", "identified", "monitoring"}).Draw(t, "phase")
				// All but the number and the times stays the same.
				first := rapid.IntRange(1, 100).Draw(t, "number")
				said := func(number int) Rendered {
					v := outage(Holding, number)
					v.Phase, v.PhaseBefore = phase, phase
					v.Now = v.Now.Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "minutes")) * time.Minute)
					v.NextBefore = v.Now.Add(time.Duration(rapid.IntRange(1, 5000).Draw(t, "minutes to next")) * time.Minute)
					out, err := p.Render(v, Reader{Reads: reads, Language: code, Zone: time.UTC})
					if err != nil {
						t.Fatal(err)
					}
					return out
				}
				a, b := said(first), said(first+1)
				if masked(a.Text) == masked(b.Text) {
					t.Errorf("the text of %d and %d says the same:\n%s", first, first+1, b.Text)
				}
				// The sentence that a reader sees first is another one, too.
				opening := func(s string) string { return masked(strings.Split(s, "\n")[2]) }
				if opening(a.Text) == opening(b.Text) {
					t.Errorf("the text of %d and %d opens the same:\n%s", first, first+1, b.Text)
				}
				if head := func(s string) string { return masked(strings.Split(s, ". ")[0]) }; head(a.SMS) == head(b.SMS) {
					t.Errorf("the SMS of %d and %d say the same:\n%s", first, first+1, b.SMS)
				}
			}))
		}
	}
}

func TestTemplateActionsInDataAreInert(t *testing.T) {
	v := outage(Progress, 2)
	v.Words = map[string]string{"": `{{.Lead}} {{template "next" .}} {{end}}`}
	v.Service = map[string]string{"": "{{.Lead}}"}
	out, err := pack(t).Render(v, Reader{Reads: "staff", Language: "nl"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{{.Lead}} {{template "next" .}} {{end}}`, "Storing {{.Lead}}"} {
		if !strings.Contains(out.Text, want) {
			t.Errorf("text lacks %q:\n%s", want, out.Text)
		}
	}
}

func TestLate(t *testing.T) {
	v := outage(Holding, 2)
	for _, late := range []bool{false, true} {
		v.Late = late
		out, err := pack(t).Render(v, Reader{Reads: "executive", Language: "nl"})
		if err != nil {
			t.Fatal(err)
		}
		const excuse = "Dit bericht komt later dan beloofd; onze excuses."
		if strings.Contains(out.Text, excuse) != late || strings.Contains(out.HTML, excuse) != late {
			t.Errorf("late %v:\n%s", late, out.Text)
		}
		if strings.Contains(out.Text, Mark(SlotLate)) == late || (out.Phrases[SlotLate] == excuse) == late {
			t.Errorf("late %v: slot and phrases %v", late, out.Phrases)
		}
	}
}

// saysWhatWasMissed: the SMS for somebody who missed updates says all that the
// other says first, and how many, and costs no segment more.
func saysWhatWasMissed(t *rapid.T, v View, out Rendered) {
	if out.SMSMissed == "" {
		return
	}
	told := strings.Replace(out.SMSMissed, "{n}", "100", 1)
	switch {
	case v.Number < 2:
		t.Errorf("nothing was before it: %q", out.SMSMissed)
	case strings.Count(out.SMSMissed, "{n}") != 1:
		t.Errorf("it says how many %d times: %q", strings.Count(out.SMSMissed, "{n}"), out.SMSMissed)
	case Segments(told) > max(Segments(out.SMS), 1) || Segments(out.SMSMissed) > max(Segments(out.SMS), 1):
		t.Errorf("it costs more: %q, %q", out.SMSMissed, out.SMS)
	}
}

// TestAnSMSSaysWhatWasMissed: there is room for it in every plain message, and
// it has the place of what matters less.
func TestAnSMSSaysWhatWasMissed(t *testing.T) {
	for _, kind := range []Kind{Progress, Holding, Overdue, Unknown, Closing} {
		for code, want := range map[string]string{"nl": "Eerder niet verstuurd: {n}.", "en": "Not sent before this: {n}."} {
			out, err := pack(t).Render(outage(kind, 4), Reader{Reads: "executive", Language: code, Zone: zone(t, "Europe/Amsterdam")})
			if err != nil || !strings.Contains(out.SMSMissed, want) {
				t.Errorf("%s, %s: %q, %v", kind, code, out.SMSMissed, err)
			}
		}
	}
	v := outage(Progress, 4)
	v.Words = map[string]string{"": "the {n} of {n}"}
	out, err := pack(t).Render(v, Reader{Reads: "executive", Language: "en"})
	if err != nil || out.SMSMissed != "" {
		t.Errorf("words that look like the number: %q, %v", out.SMSMissed, err)
	}
}

func emptiedSlotsLeaveNoTrace(t *rapid.T, out Rendered) {
	text := regexp.MustCompile(`(?m)[ \t]+$`).ReplaceAllString(Fill(out.Text, nil), "")
	if strings.Contains(text, "\n\n\n") {
		t.Errorf("two blank lines:\n%s", text)
	}
}

func TestWordsInAnotherLanguageSayMoreThanNone(t *testing.T) {
	v := outage(Progress, 2)
	v.Words = map[string]string{"nl": "Een schijf is vol."}
	out, err := pack(t).Render(v, Reader{Reads: "staff", Language: "en"})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.Text, "Een schijf is vol.") || !strings.Contains(out.HTML, `lang="nl"`) || !strings.Contains(out.SMS, "Een schijf is vol.") {
		t.Error(out.Text, out.SMS)
	}
}

func TestUnknownReaders(t *testing.T) {
	p := pack(t)
	for _, r := range []Reader{{Reads: "board", Language: "nl"}, {Language: "nl"}} {
		if _, err := p.Render(outage(First, 1), r); err == nil {
			t.Errorf("%+v: no error", r)
		}
	}
	if _, err := p.Render(outage("", 1), Reader{Reads: "staff", Language: "nl"}); err == nil {
		t.Error("no kind: no error")
	}
}

// FuzzRender puts hostile text everywhere.
func FuzzRender(f *testing.F) {
	for _, s := range []string{
		"", "e-mail", "<script>alert(1)</script>", "{{.Lead}}{{end}}", "a\r\nBcc: x@example.org", "\x02late\x03\x00",
		"\u202egnp.exe\u2066", "🔥👩‍🚒", `"><img src=x onerror=y>`, "</title><b>", "\xff\xc3(", "€€€€", "http://evil.example",
		"javascript:alert(1)", "a | b\n\nc", strings.Repeat("x", 5000),
		"https：//evil．example", "evil.example/x", "x@evil.example", "https:⁄⁄evil.example",
		"=cmd|'/c calc'!A0", "\x1b[31mred\x1b]8;;http://evil.example\x07x", "www.evil.example", "https://sitrep.example@evil.example/",
	} {
		f.Add(s, uint8(len(s)))
	}
	f.Add("ϑ🟩", uint8(1)) // its capital has another small letter
	p := pack(f)
	f.Fuzz(func(t *testing.T, s string, pick uint8) {
		every := slices.Concat(kinds, teamKinds)
		v := outage(every[int(pick)%len(every)], int(pick))
		readers := readersOf(v.Kind)
		r := Reader{Reads: readers[int(pick/4)%len(readers)], Language: []string{"nl", "en"}[pick%2], Zone: time.UTC}
		v.Organisation, v.Incident, v.Lead, v.Severity, v.Phase, v.SeverityBefore, v.PhaseBefore = s, "SR-1"+s, s, s, s, s, s
		v.Service = map[string]string{r.Language: s}
		v.Words, v.Known = map[string]string{s: s}, map[string]string{"": s}
		v.Alerts = []Alert{{Name: s, Severity: s, Summary: s, Instance: s}}
		v.Link, v.API, v.Watchdog, v.Returned, v.HeardAt = s, s, s, pick%3 == 0, noon
		v.Ailment = Ailment{What: []string{"channel", "budget", "queue", "webhook", "store", s}[int(pick)%6], Channel: s, Code: s, Incident: s, Spent: int(pick), Limit: 100}
		one := map[string]string{"": s}
		v.Outlived = one
		v.Account = Account{Summary: one, Impact: one, Workaround: one, Known: one, RuledOut: one, Doing: one}
		v.Drill = pick%5 == 0
		if pick%7 == 0 && slices.Contains(alsoOfChange, v.Kind) {
			v.Change = work(noon)
		}
		if v.Change != nil {
			v.Change.Services, v.Change.UID = []map[string]string{one, mail[0]}, s
		}
		v.Consequences, v.Recovered, v.StillOut = []map[string]string{one, mail[0]}, []map[string]string{one}, []map[string]string{one, desk[0]}
		v.NewConsequences, v.Folded = v.Consequences[int(pick)%2:], []map[string]string{one}
		if v.Kind == Nudge {
			v.Asks = []Ask{
				{Audience: s, At: v.Now, Kind: Kind(s), Text: s, Awaits: 7, By: []string{s}, Alone: pick%2 == 0, Instead: pick%3 == 0},
				{Audience: "board", At: v.Now.Add(time.Hour), Kind: Holding, Text: s + "\n" + s},
			}
		}
		out, fault := p.checkView(v, r)
		if len(fault) > 0 {
			t.Error(fault)
		}
		sound(t, s, out)
		if !slices.Contains(teamKinds, v.Kind) { // to whom commands are given
			text := strings.ReplaceAll(out.Text, ": "+webLink(s)+"\n", "\n")
			for _, said := range []string{out.Subject, text, out.SMS, out.SMSMissed} {
				if found := clickable(Fill(said, nil), nil); found != "" {
					t.Errorf("%q may be clicked on in %q", found, said)
				}
			}
		}
		if slices.Contains(alone, v.Kind) || v.Kind == Question || v.Kind.own() {
			return
		}
		speaker, each, err := p.gather(slices.Repeat([]Piece{{View: v, Reads: r.Reads}}, 3), r)
		if err != nil {
			t.Fatal(err)
		}
		if out, err = p.combine(speaker, each); err != nil {
			t.Fatal(err)
		}
		if fault := p.pieceFaults(speaker, each, out); len(fault) > 0 {
			t.Error(fault)
		}
		sound(t, s, out)
	})
}

// sound looks for what hostile text s must never bring into a message.
func sound(t *testing.T, s string, out Rendered) {
	for _, said := range []string{Fill(out.Subject+out.SMS, nil), Fill(out.Text+out.HTML, nil)} {
		for _, c := range said {
			if unicode.IsControl(c) && c != '\n' || unicode.Is(unicode.Bidi_Control, c) || c == utf8.RuneError && !strings.Contains(s, "\ufffd") {
				t.Errorf("holds %U", c)
			}
		}
	}
	if strings.ContainsAny(out.Subject+out.SMS, "\r\n") {
		t.Error("subject or SMS of several lines")
	}
	// What data brings in is text: the page's elements are those that it
	// has with harmless data.
	for n := range elements(t, out.HTML) {
		switch n {
		case "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "tr", "td", "p", "span", "h1", "h2", "br", "strong", "blockquote":
		case "a": // only View.Link, which is ours
			if webLink(s) == "" {
				t.Error("a link")
			}
		default:
			t.Errorf("element %q", n)
		}
	}
}

func elements(t *testing.T, page string) map[string]bool {
	root, err := nethtml.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]bool)
	for n := range root.Descendants() {
		if n.Type != nethtml.ElementNode {
			continue
		}
		found[n.Data] = true
		for _, a := range n.Attr {
			if strings.HasPrefix(a.Key, "on") || strings.Contains(strings.ToLower(a.Val), "javascript:") {
				t.Errorf("attribute %s=%q", a.Key, a.Val)
			}
		}
	}
	return found
}
