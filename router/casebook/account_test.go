package casebook

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
	"sitrep/router/schedule"
)

// TestTheSheetHoldsWhatIsTold: of an incident that a service, an alert and a person
// say something of, and of its end.
func TestTheSheetHoldsWhatIsTold(t *testing.T) {
	p := policy(t)
	p.Services[0].Impact, p.Services[0].Workaround = policies.Texts{"nl": "Mailen kan niet."}, policies.Texts{"": "Call."}
	b, n := New(p), &notes{}
	happen := func(in incident.Input) {
		t.Helper()
		if _, _, err := b.Take(in, n); err != nil {
			t.Fatal(err)
		}
		if err := b.Tick(in.At, n); err != nil {
			t.Fatal(err)
		}
	}
	told := func(kind incident.UpdateKind, at time.Time, want words.Account) {
		t.Helper()
		v := b.Sheet(policies.Global{}, nil, b.Incident("SR-1"), schedule.Due{Kind: kind, Audience: "it"}, at)
		if !reflect.DeepEqual(v.Account, want) {
			t.Errorf("%s: it tells %+v, want %+v", kind, v.Account, want)
		}
	}
	fires := alert("mail", "A", true, noon.Add(-time.Hour), time.Time{})
	fires.Account = incident.Account{incident.Summary: {"en": "mx1 is out."}, incident.Impact: {"en": "No mail."}}
	happen(incident.Input{At: noon, Alerts: []incident.Observation{fires}})
	summary, call := map[string]string{"en": "mx1 is out."}, map[string]string{"": "Call."}
	told(incident.First, noon, words.Account{Summary: summary, Impact: map[string]string{"en": "No mail."}, Workaround: call})
	all := incident.Account{}
	for _, thing := range incident.Things {
		all[thing] = map[string]string{"": string(thing)}
	}
	happen(incident.Input{At: noon.Add(time.Minute), ID: "x", By: "oncall", Set: &incident.Set{Incident: "SR-1", Account: all}})
	of := func(thing incident.Thing) map[string]string { return all[thing] }
	told(incident.Progress, noon, words.Account{
		Summary: of(incident.Summary), Impact: of(incident.Impact), Workaround: of(incident.Workaround),
		Known: of(incident.Known), RuledOut: of(incident.RuledOut), Doing: of(incident.Doing),
	})
	over := noon.Add(10 * time.Minute)
	happen(incident.Input{At: over, Alerts: []incident.Observation{alert("mail", "A", false, noon.Add(-time.Hour), over)}})
	happen(incident.Input{At: over.Add(5 * time.Minute)})
	told(incident.Closing, over.Add(5*time.Minute), words.Account{Summary: of(incident.Summary), Known: of(incident.Known), RuledOut: of(incident.RuledOut)})
}

// noNews: an update that says that there is no news tells nothing else than the one
// before it.
func noNews(t rapid.TB, s *post) {
	type audience struct{ incident, name string }
	told := map[audience]string{}
	for _, f := range s.facts {
		p := f.Planned()
		if p == nil || p.Side() {
			continue
		}
		who := audience{f.Incident, p.Audience}
		if before := told[who]; p.Kind == incident.Holding && p.Account != before {
			t.Fatalf("%v: %v; it tells %s, and the one before told %s", f.At, f, p.Account, before)
		}
		told[who] = p.Account
	}
}
