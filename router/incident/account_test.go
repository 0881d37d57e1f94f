package incident

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
)

func TestAnnotationsThatAreForEveryReader(t *testing.T) {
	for _, c := range []struct {
		name  string
		thing Thing
		lang  string
		ok    bool
	}{
		{"sitrep_summary", Summary, "", true},
		{"sitrep_impact_nl", Impact, "nl", true},
		{"sitrep_workaround_pt_BR", Workaround, "pt-BR", true},
		{"sitrep_impact_NL", Impact, "nl", true},
		{"sitrep_impact_", "", "", false},
		{"sitrep_impact_dutch", "", "", false},
		{"sitrep_impact_x_" + strings.Repeat("aaaaaaaa_", 50) + "a", "", "", false},
		{"sitrep_impacts", "", "", false},
		{"sitrep_known", "", "", false}, // a person's alone
		{"sitrep_", "", "", false},
		{"summary", "", "", false},
		{"impact_nl", "", "", false},
		{"Sitrep_impact", "", "", false},
	} {
		thing, lang, ok := Annotation(c.name)
		if ok != c.ok || ok && (thing != c.thing || lang != c.lang) {
			t.Errorf("%.40s: %s in %q, %v", c.name, thing, lang, ok)
		}
	}
}

// accountOf is what is told, one line for each thing: where it comes from, and the
// texts.
func accountOf(s *State, of *policies.Service) string {
	account := s.Account(rules().Severities, of)
	var lines []string
	for _, t := range Things {
		if p, ok := account[t]; ok {
			lines = append(lines, fmt.Sprintf("%s of %s%s: %s", t, p.From, parens(p.By), allTexts(p.Texts)))
		}
	}
	return strings.Join(lines, "\n")
}

func TestWhatIsTold(t *testing.T) {
	m := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
	usual := &policies.Service{Impact: policies.Texts{"en": "Usually nothing works."}, Workaround: policies.Texts{"": "Usually: call."}}
	fires := func(at int, name, severity string, account Account) Input {
		return in(m(at), saying(with(obs(name, true, m(at)), severity), account))
	}
	ends := func(at, began int, name string) Input { return in(m(at), obs(name, false, m(began))) }
	set := func(at int, c Set) Input { return override(m(at), c) }
	say := func(at int, a Account) Input { return set(at, Set{Account: a}) }
	tick := func(at int) Input { return Input{At: m(at)} }
	out := func(text string) Account { return Account{Summary: {"": text}} }
	both := Account{Summary: {"": "Mail is out."}, Impact: {"": "No mail."}, Workaround: {"": "Call."}}
	for _, c := range []struct {
		name   string
		of     *policies.Service
		inputs []Input
		want   string
	}{
		{"nobody says anything", nil, []Input{fires(0, "A", "warning", nil), tick(5)}, ""},
		{"what is usual", usual, []Input{fires(0, "A", "warning", nil), tick(5)},
			"impact of service: en \"Usually nothing works.\"\nworkaround of service: \"Usually: call.\""},
		{"an alert wins over what is usual, in every language", usual, []Input{fires(0, "A", "warning", Account{Impact: {"nl": "Niets werkt."}}), tick(5)},
			"impact of alerts: nl \"Niets werkt.\"\nworkaround of service: \"Usually: call.\""},
		{"a person wins over both, in every language", usual, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Impact: {"en": "Some mail."}})},
			"summary of alerts: \"Mail is out.\"\nimpact of person (oncall): en \"Some mail.\"\nworkaround of alerts: \"Call.\""},
		{"a person takes it back", usual, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Impact: {"en": "Some mail."}}), say(7, Account{Impact: nil})},
			"summary of alerts: \"Mail is out.\"\nimpact of alerts: \"No mail.\"\nworkaround of alerts: \"Call.\""},
		{"the gravest alert first", nil, []Input{fires(0, "A", "warning", out("a")), fires(1, "B", "critical", out("b")), tick(5)}, "summary of alerts: \"b\""},
		{"then the earliest", nil, []Input{fires(1, "A", "warning", out("a")), fires(0, "B", "warning", out("b")), tick(6)}, "summary of alerts: \"b\""},
		{"then by fingerprint", nil, []Input{fires(0, "B", "warning", out("b")), fires(0, "A", "warning", out("a")), tick(5)}, "summary of alerts: \"a\""},
		{"each language of the first that has it", nil, []Input{
			fires(0, "A", "critical", Account{Summary: {"nl": "a"}}), fires(0, "B", "warning", Account{Summary: {"nl": "b", "en": "b"}, Impact: {"de": "b"}}), tick(5),
		}, "summary of alerts: en \"b\", nl \"a\"\nimpact of alerts: de \"b\""},
		{"a text for every reader is one for each", nil, []Input{
			fires(0, "A", "critical", Account{Summary: {"": "a"}}), fires(0, "B", "warning", Account{Summary: {"nl": "b"}}), tick(5),
		}, "summary of alerts: \"a\""},
		{"the first stops, and the next is told", nil, []Input{fires(0, "A", "critical", out("a")), fires(0, "B", "warning", out("b")), tick(5), ends(6, 0, "A")}, "summary of alerts: \"b\""},
		{"the alert says something else", nil, []Input{fires(0, "A", "warning", both), tick(5), in(m(6), saying(obs("A", true, m(0)), out("news")))}, "summary of alerts: \"news\""},
		{"and nothing any more", nil, []Input{fires(0, "A", "warning", both), tick(5), in(m(6), obs("A", true, m(0)))}, ""},
		{"it seems over", usual, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Workaround: {"": "Use the web."}, Known: {"": "A disk."}, Doing: {"": "We mend it."}}), ends(7, 0, "A")},
			"summary of alerts: \"Mail is out.\"\nknown of person (oncall): \"A disk.\""},
		{"it seems over, and a person says what is left of it", usual, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Impact: {"": "No mail."}}), ends(7, 0, "A"), say(8, Account{Impact: {"": "Mail is slow."}})},
			"summary of alerts: \"Mail is out.\"\nimpact of person (oncall): \"Mail is slow.\""},
		{"a person says that it seems over", usual, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Impact: {"": "No mail."}}), set(7, Set{Phase: new(Monitoring), Account: Account{Workaround: {"": "Wait."}}})},
			"summary of alerts: \"Mail is out.\"\nworkaround of person (oncall): \"Wait.\""},
		{"it comes back within that time", nil, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Impact: {"": "Half of it."}}), ends(7, 0, "A"), fires(8, "A", "warning", both)},
			"summary of alerts: \"Mail is out.\"\nimpact of person (oncall): \"Half of it.\"\nworkaround of alerts: \"Call.\""},
		{"a person says that it is not over, though nothing fires", nil, []Input{fires(0, "A", "warning", both), tick(5), ends(7, 0, "A"), set(8, Set{Phase: new(Identified)})},
			"summary of alerts: \"Mail is out.\""},
		{"it is over", usual, []Input{fires(0, "A", "warning", both), tick(5), say(6, Account{Known: {"": "A disk."}, Doing: {"": "We mend it."}}), ends(7, 0, "A"), say(8, Account{Workaround: {"": "Wait."}}), tick(12)},
			"summary of alerts: \"Mail is out.\"\nknown of person (oncall): \"A disk.\""},
		{"what fires after the end has no part in it", nil, []Input{fires(0, "A", "warning", both), tick(5), ends(7, 0, "A"), tick(12), fires(13, "B", "critical", out("b")), ends(14, 13, "B")},
			"summary of alerts: \"Mail is out.\""},
		{"it ended by hand while it fires", nil, []Input{fires(0, "A", "warning", both), tick(5), {At: m(6), By: "oncall", Resolve: &Resolve{}}},
			"summary of alerts: \"Mail is out.\""},
		{"and is opened again by hand", nil, []Input{fires(0, "A", "warning", both), tick(5), say(5, Account{RuledOut: {"": "No attack."}}), {At: m(6), By: "oncall", Resolve: &Resolve{}}, {At: m(7), By: "oncall", Reopen: &Reopen{}}},
			"summary of alerts: \"Mail is out.\"\nimpact of alerts: \"No mail.\"\nworkaround of alerts: \"Call.\"\nruled out of person (oncall): \"No attack.\""},
		{"a relapse is another outage", nil, []Input{fires(0, "A", "warning", both), tick(5), say(5, Account{RuledOut: {"": "No attack."}}), ends(7, 0, "A"), tick(12), fires(20, "B", "warning", nil), tick(25)}, ""},
		{"alerts that were muted by hand say nothing of the next outage", nil, []Input{
			fires(0, "A", "critical", out("a")), tick(5), {At: m(6), By: "oncall", Resolve: &Resolve{}}, fires(20, "B", "warning", out("b")), tick(25),
		}, "summary of alerts: \"b\""},
	} {
		s := NewState("mail")
		for _, i := range c.inputs {
			if i.Resolve != nil || i.Reopen != nil {
				i.ID = "x"
			}
			Advance(rules(), s, i)
		}
		if got, want := accountOf(s, c.of), strings.ReplaceAll(c.want, "ruled out of", "ruled_out of"); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, want)
		}
	}
}

// TestRepeatsOfTextsAreNoFacts: one that changes them is.
func TestRepeatsOfTextsAreNoFacts(t *testing.T) {
	s := NewState("mail")
	one := Account{Impact: {"nl": "Niets.", "en": "Nothing."}}
	for n, step := range []struct {
		account Account
		started time.Time
		facts   int
	}{
		{one, noon, 1}, {Account{Impact: {"en": "Nothing.", "nl": "Niets."}}, noon, 0},
		{Account{Impact: {"en": "Nothing."}}, noon, 1}, {one, noon.Add(-time.Minute), 0}, // overtaken on the way
		{nil, noon, 1}, {Account{}, noon, 0}, {one, noon, 1},
	} {
		at := noon.Add(time.Duration(n) * time.Second)
		if facts := Advance(rules(), s, in(at, saying(obs("A", true, step.started), step.account))); len(facts) != step.facts {
			t.Errorf("step %d: %v", n, facts)
		}
	}
	over := saying(obs("A", false, noon), Account{Impact: {"": "not any more"}})
	if facts := Advance(rules(), s, in(noon.Add(time.Minute), over)); len(facts) != 1 || facts[0].Ceased() == nil {
		t.Errorf("its end made %v", facts)
	}
}

// TestTheDigestTells: two accounts have the same digest only where they say the
// same.
func TestTheDigestTells(t *testing.T) {
	draw := rapid.Custom(func(t *rapid.T) Account {
		text := rapid.SampledFrom([]string{"a", "b", "ab", ""})
		return rapid.MapOf(rapid.SampledFrom(Things), rapid.MapOf(rapid.SampledFrom([]string{"", "a", "b"}), text)).Draw(t, "account")
	})
	told := func(a Account) map[Thing]Passage {
		out := map[Thing]Passage{}
		for thing, texts := range a {
			if len(texts) > 0 {
				out[thing] = Passage{Texts: texts}
			}
		}
		return out
	}
	rapid.Check(t, func(rt *rapid.T) {
		a, b := told(draw.Draw(rt, "one")), told(draw.Draw(rt, "other"))
		if same := reflect.DeepEqual(a, b); same != (Digest(a, policies.Technical) == Digest(b, policies.Technical)) || Digest(a, policies.Technical) != Digest(maps.Clone(a), policies.Technical) {
			rt.Fatalf("%v has %s, %v has %s", a, Digest(a, policies.Technical), b, Digest(b, policies.Technical))
		}
	})
	if Digest(nil, policies.Technical) != "" {
		t.Error("nothing has a digest")
	}
}

// TestTheOrderOfAlertsDoesNotMatterForWhatTheySay: it is that of one after the
// other, in their order of precedence.
func TestTheOrderOfAlertsDoesNotMatterForWhatTheySay(t *testing.T) {
	ranks := rules().Severities
	rapid.Check(t, func(rt *rapid.T) {
		texts := rapid.MapOf(rapid.SampledFrom([]string{"", "nl", "en"}), rapid.StringMatching("[a-c]"))
		var alerts []Observation
		for n := range rapid.IntRange(1, 8).Draw(rt, "alerts") {
			o := obs(fmt.Sprint("A", n), true, noon.Add(-time.Duration(rapid.IntRange(0, 2).Draw(rt, "age"))*time.Minute))
			o = with(o, rapid.SampledFrom([]string(ranks)).Draw(rt, "severity"))
			account := Account{}
			for _, thing := range ofAlerts {
				if some := texts.Draw(rt, "texts"); len(some) > 0 {
					account[thing] = some
				}
			}
			if len(account) > 0 {
				o.Account = account
			}
			alerts = append(alerts, o)
		}
		s := NewState("mail")
		for _, o := range rapid.Permutation(alerts).Draw(rt, "order") {
			Advance(rules(), s, in(noon, o))
		}
		slices.SortStableFunc(alerts, func(a, b Observation) int {
			x, _ := ranks.Rank(a.Labels["severity"])
			y, _ := ranks.Rank(b.Labels["severity"])
			if x != y {
				return y - x
			}
			return a.StartsAt.Compare(b.StartsAt)
		})
		want := Account{}
		for _, o := range alerts {
			for thing, some := range o.Account {
				if _, all := want[thing][""]; all {
					continue
				}
				merged := maps.Clone(some)
				maps.Copy(merged, want[thing])
				want[thing] = merged
			}
		}
		got := Account{}
		for thing, p := range s.Account(ranks, nil) {
			got[thing] = p.Texts
		}
		if !got.Equal(want) {
			rt.Fatalf("they say %v, want %v", got, want)
		}
	})
}

// TestMoreLanguagesThanBits: each is heard, and from the first that has it.
func TestMoreLanguagesThanBits(t *testing.T) {
	s := NewState("mail")
	for n := range 40 {
		lang := fmt.Sprintf("l%02d", n)
		for turn, text := range []string{"first", "second"} {
			o := obs(fmt.Sprint(lang, turn), true, noon)
			Advance(rules(), s, in(noon, saying(o, Account{Summary: {lang: text}, Impact: {lang: text}})))
		}
	}
	account := s.Account(rules().Severities, nil)
	for _, thing := range []Thing{Summary, Impact} {
		texts := account[thing].Texts
		if len(texts) != 40 || slices.ContainsFunc(slices.Collect(maps.Values(texts)), func(s string) bool { return s != "first" }) {
			t.Errorf("%s in %d languages: %v", thing, len(texts), texts)
		}
	}
}

// BenchmarkWhatAlertsSay is the cost of knowing what so many alerts say.
func BenchmarkWhatAlertsSay(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := NewState("mail")
			for i := range n {
				text := fmt.Sprintf("mx%d is out.", i)
				s.fire(Alert{Fingerprint: text, Severity: "critical", StartsAt: noon, Account: Account{Summary: {"nl": text, "en": text}, Impact: {"nl": text, "en": text}}})
			}
			for b.Loop() {
				Digest(s.Account(rules().Severities, nil), policies.Technical)
			}
		})
	}
}

// A promise is answered by the newer update where one took the place of the next, or
// where nobody knows whether the next one arrived. With nothing newer it is broken.
func TestTheNewerOneAnswers(t *testing.T) {
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		sum      Delivered
		last, by int
		inTime   bool
	}{
		"all in time":                {Delivered{Accepted: 2}, 2, 2, true},
		"superseded":                 {Delivered{Accepted: 1, Superseded: 1}, 3, 3, true},
		"nobody knows, a newer one":  {Delivered{Accepted: 1, Unreached: 1}, 3, 3, true},
		"nobody knows, and no newer": {Delivered{Accepted: 1, Unreached: 1}, 2, 2, false},
		"too late, a newer one":      {Delivered{Accepted: 2, Superseded: 1, LastAt: at.Add(time.Second)}, 3, 2, false},
	} {
		newer := &Delivered{Accepted: 2, LastAt: at.Add(-time.Second)}
		told := &Told{Last: c.last, landed: newer}
		p := &Pending{Update: 1, At: at, By: 2}
		told.answered(p, &c.sum)
		if !p.Done || p.By != c.by || p.InTime != c.inTime {
			t.Errorf("%s: %+v", name, *p)
		}
	}
}
