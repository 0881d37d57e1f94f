package incident

import (
	"slices"
	"testing"
	"time"
)

// TestACancelledUpdateLeavesWhatWasPromised: the next comes when it would have come
// without it, or a minute before what was promised; where that is too late, the promise
// is broken, by whoever cancelled it. What had changed is to be said again.
func TestACancelledUpdateLeavesWhatWasPromised(t *testing.T) {
	m := func(n float64) time.Time { return noon.Add(time.Duration(n * float64(time.Minute))) }
	order := func(update int, at, next, promise time.Time) Fact {
		f := planned(update, promise)
		f.At, f.Planned().DueAt, f.Planned().NextAt, f.Planned().First = at, at, next, 1
		return f
	}
	for name, c := range map[string]struct {
		ordered, cancelled float64
		next               float64
		broken             bool
	}{
		"long before it was due":                {20, 21, 58, false},
		"after it was due":                      {58, 58.5, 59, false},
		"in the last minute":                    {58, 59.5, 118, true},
		"ordered in time, cancelled after that": {58, 61, 118, true},
	} {
		s := NewState("mail")
		Advance(rules(), s, in(m(0), obs("A", true, m(0))))
		Advance(rules(), s, Input{At: m(5)})
		Apply(s, order(1, m(6), m(58), m(60)))
		Advance(rules(), s, Input{At: m(7), Receipt: &Receipt{Incident: "SR-7", Delivered: Delivered{Update: 1, Part: "a", Accepted: 2, LastAt: m(7)}}})
		Advance(rules(), s, override(m(8), Set{Phase: new(Identified)}))
		Apply(s, order(2, m(c.ordered), m(118), m(120)))
		s.Falls = []*Fall{{Order: *s.Orders[2]}}
		facts := Advance(rules(), s, Input{At: m(c.cancelled), ID: "x", By: "oncall", Cancel: &Cancel{Incident: "SR-7", Update: 2}})
		told := s.Told["board"]
		if !told.NextAt.Equal(m(c.next)) {
			t.Errorf("%s: the next comes at %v, want %v", name, told.NextAt, m(c.next))
		}
		if told.Phase != Investigating || told.Last != 1 || len(s.Falls) != 0 {
			t.Errorf("%s: it knows %s by update %d; %d go by another way", name, told.Phase, told.Last, len(s.Falls))
		}
		// Whom it was stopped for is reported, and keeps no promise.
		facts = append(facts, Advance(rules(), s, Input{At: m(61.5), Receipt: &Receipt{Incident: "SR-7", Delivered: Delivered{Update: 2, Part: "a", Accepted: 1, Superseded: 1, LastAt: m(c.ordered)}}})...)
		if w := s.Cancelled[2]; !w.Done || w.Sum.Superseded != 1 || w.Sum.Accepted != 1 || w.Deliveries != 2 || w.By != "oncall" {
			t.Errorf("%s: of it is known %+v", name, w)
		}
		if !c.broken { // the next one keeps it
			Apply(s, order(3, m(c.next), m(c.next+60), m(c.next+62)))
			facts = append(facts, Advance(rules(), s, Input{At: m(61.5), Receipt: &Receipt{Incident: "SR-7", Delivered: Delivered{Update: 3, Part: "b", Accepted: 2, LastAt: m(c.next)}}})...)
		}
		facts = append(facts, Advance(rules(), s, Input{At: m(61.5)})...)
		kept := slices.IndexFunc(facts, func(f Fact) bool { return f.Kept() != nil && f.Kept().Update == 1 && f.Kept().By == 3 })
		broken := slices.IndexFunc(facts, func(f Fact) bool { return f.Broken() != nil && f.Broken().Held == "oncall" })
		if (kept >= 0) == c.broken || (broken >= 0) != c.broken {
			t.Errorf("%s: %v", name, facts)
		}
		if facts[0].Cancelled().Late.IsZero() == c.broken {
			t.Errorf("%s: it says that it goes past %v", name, facts[0].Cancelled().Late)
		}
	}
}
