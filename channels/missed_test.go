package channels

import (
	"slices"
	"testing"
	"time"
)

func TestWhatIsSaidToOneOnly(t *testing.T) {
	text := Text{
		Subject: "Storing", Text: "[\x02late\x03|\x02missed\x03]", HTML: "<p>\x02late\x03|\x02missed\x03</p>", SMS: "sms",
		Phrases: map[string]string{SlotLate: "Te <laat>.", SlotMissed: "{n} & nog eens {n}."},
	}
	for name, c := range map[string]struct {
		late          bool
		missed        int
		phrases       map[string]string
		plain, inside string
	}{
		"nothing":      {plain: "[|]", inside: "<p>|</p>"},
		"late":         {late: true, plain: "[Te <laat>.|]", inside: "<p>Te &lt;laat&gt;.|</p>"},
		"missed":       {missed: 2, plain: "[|2 & nog eens 2.]", inside: "<p>|2 &amp; nog eens 2.</p>"},
		"both":         {late: true, missed: 12, plain: "[Te <laat>.|12 & nog eens 12.]", inside: "<p>Te &lt;laat&gt;.|12 &amp; nog eens 12.</p>"},
		"no phrase":    {missed: 2, phrases: map[string]string{}, plain: "[|]", inside: "<p>|</p>"},
		"no number":    {missed: 2, phrases: map[string]string{SlotMissed: "Gemist."}, plain: "[|Gemist.]", inside: "<p>|Gemist.</p>"},
		"late by then": {late: true, phrases: map[string]string{}, plain: "[|]", inside: "<p>|</p>"},
	} {
		j := folded()
		j.texts = []Text{text}
		if c.phrases != nil {
			j.texts[0].Phrases = c.phrases
		}
		if j.part.Promised = minute(5); c.late {
			j.rows[0].said = minute(6)
		}
		j.rows[0].missed = c.missed
		if d := j.delivery(0); d.Text != c.plain || d.HTML != c.inside {
			t.Errorf("%s: %q and %q, want %q and %q", name, d.Text, d.HTML, c.plain, c.inside)
		}
		j.part.Channel = SMS
		j.people[0].Phone = "+31612345678"
		if d := j.delivery(0); d.Text != "sms" {
			t.Errorf("%s: the SMS says %q", name, d.Text)
		}
	}
}

func TestTopic(t *testing.T) {
	covers := []Cover{{Incident: "SR-1", Audience: "board", Update: 1}}
	for want, p := range map[string]Part{
		"board":      {Audience: "board"},
		"management": {Audience: "management", Kind: "combined", Covers: covers},
		"":           {Audience: "communication", Team: true},
	} {
		j := folded()
		j.part = p
		if got := j.delivery(0).Topic; got != want {
			t.Errorf("of %+v: %q, want %q", p, got, want)
		}
	}
}

// What an attempt said stands in the ledger, and nothing after it.
func TestTheNumberSaidIsKept(t *testing.T) {
	j := folded()
	j.rows[0].missed = 3
	picked := j.pick(1, 1, start, new(time.Duration))
	if got := j.transition(0, start); got.Missed != 3 {
		t.Errorf("the intent says %d", got.Missed)
	}
	j.outcome(outcome{intent: picked[0], err: Ambiguous("", nil)}, Failure{Class: ClassAmbiguous}, &line{}, start)
	if got := j.steps[0]; got.Missed != 0 || got.Maybe != 1 {
		t.Errorf("the outcome: %+v", got)
	}
	again := folded(Transition{State: Attempting, Tries: 1, Missed: 2}, Transition{State: Waiting, Tries: 1},
		Transition{State: Attempting, Tries: 2, Missed: 3}, Transition{State: Waiting, Tries: 2, Maybe: 1})
	if r := again.rows[0]; r.missed != 3 || r.unreckoned() {
		t.Errorf("after a restart: %+v", r)
	}
	if again = folded(Transition{State: Attempting, Tries: 1, Missed: 2}, Transition{State: Waiting, Tries: 1}); !again.rows[0].unreckoned() {
		t.Error("what was refused is not reckoned anew")
	}
}

func TestUnsent(t *testing.T) {
	j := &job{part: Part{Channel: Email}, rows: []row{
		{state: Got, maybe: 1}, {state: Superseded}, {absent: true}, {state: Unknown, maybe: 1}, {state: GivenUp},
		{state: Failed}, {state: Unknown, maybe: 2}, {absent: true}, {state: Superseded},
	}}
	if rows, absent := j.unsent(); !slices.Equal(rows, []int{1, 4, 8}) || absent != 2 {
		t.Errorf("%v, %d absent", rows, absent)
	}
}

// What may have been accepted before a newer update took its place, or before it was
// of no use any more, is not called unsent.
func TestNobodyKnowsWhatMayHaveGone(t *testing.T) {
	for _, to := range []State{Superseded, GivenUp} {
		j := folded(Transition{State: Waiting, Tries: 1, Maybe: 1})
		j.end(to, start)
		if r := j.report(); j.rows[0].state != Unknown || r.Unreached != 1 || r.Superseded != 0 {
			t.Errorf("%s, perhaps gone: %s, %+v", to, j.rows[0].state, r)
		}
		j = folded(Transition{State: Waiting, Tries: 1})
		if j.end(to, start); j.rows[0].state != to {
			t.Errorf("%s, never gone: %s", to, j.rows[0].state)
		}
	}
}

func TestWhatHasAPast(t *testing.T) {
	for _, c := range []struct {
		p    Part
		want bool
	}{
		{Part{Channel: Email}, false}, {Part{Channel: Email, Previous: 1}, true}, {Part{Channel: SMS, Previous: 1}, true},
		{Part{Channel: Email, Covers: []Cover{{}}}, true}, {Part{Channel: SMS, Covers: []Cover{{}}}, true}, {Part{Channel: SMS, Team: true}, false},
	} {
		if c.p.follows() != c.want {
			t.Errorf("%+v follows: %v", c.p, !c.want)
		}
	}
	if p := newPast(WorkerOptions{}, &job{part: Part{Channel: Email}}); p.mailbox(Person{Email: "Jan@Example.org"}) != "jan@example.org" {
		t.Error("a capital makes another person")
	}
}
