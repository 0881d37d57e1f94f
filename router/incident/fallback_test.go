package incident

import (
	"fmt"
	"testing"
	"time"
)

// TestWhatFallsIsSaidOnce: a failed row is reported at once, and again when its
// part is finished; it goes by another way once, and not at all where a newer
// update is on its way.
func TestWhatFallsIsSaidOnce(t *testing.T) {
	order := func(s *State, update int, fallback ...string) {
		f := planned(update, noon.Add(time.Hour))
		f.Planned().Fallback = fallback
		Apply(s, f)
	}
	report := func(s *State, update int, partial bool, rows ...int) (fell, delivered int) {
		r := Receipt{Incident: "SR-7", Delivered: Delivered{Update: update, Part: fmt.Sprintf("SR-7.%d.0.email", update), Fell: rows, Partial: partial}}
		for _, f := range Advance(rules(), s, Input{At: noon.Add(7 * time.Minute), Receipt: &r}) {
			if f.Fell() != nil {
				fell += len(f.Fell().Rows)
			}
			if f.Delivered() != nil {
				delivered++
			}
		}
		return fell, delivered
	}
	open := func() *State {
		s := NewState("mail")
		Advance(rules(), s, in(noon, obs("A", true, noon)))
		Advance(rules(), s, Input{At: noon.Add(5 * time.Minute)})
		return s
	}

	s := open()
	order(s, 1, "sms")
	if fell, delivered := report(s, 1, true, 3); fell != 1 || delivered != 0 {
		t.Errorf("the first row: %d fell, %d delivered", fell, delivered)
	}
	if fell, _ := report(s, 1, true, 3); fell != 0 {
		t.Error("the same row fell twice")
	}
	if fell, delivered := report(s, 1, false, 3, 5); fell != 1 || delivered != 1 {
		t.Errorf("at the end: %d fell, %d delivered", fell, delivered)
	}
	if len(s.Falls) != 2 || s.Falls[0].Rows[0] != 3 || s.Falls[1].Rows[0] != 5 || s.Falls[0].Chunk != 0 {
		t.Errorf("to go by another way: %+v", s.Falls)
	}
	Apply(s, Fact{At: noon.Add(8 * time.Minute), Incident: "SR-7", Body: &Planned{Update: 2, Audience: "board", Kind: First, For: 1, Channels: []string{"sms"}}})
	if len(s.Falls) != 0 || s.Told["board"].Last != 1 || s.Totals["board"].Planned != 2 {
		t.Errorf("it went: %+v, last %d, %+v", s.Falls, s.Told["board"].Last, s.Totals["board"])
	}

	s = open()
	order(s, 1, "sms")
	order(s, 2, "sms")
	if fell, _ := report(s, 1, true, 3); fell != 1 || len(s.Falls) != 0 {
		t.Errorf("a newer one is on its way, and %d fell: %+v", fell, s.Falls)
	}
	s = open()
	order(s, 1)
	if fell, delivered := report(s, 1, false, 3); fell != 0 || delivered != 1 {
		t.Errorf("without a fallback %d fell, %d delivered", fell, delivered)
	}
}
