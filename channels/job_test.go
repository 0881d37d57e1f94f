package channels

import (
	"errors"
	"log/slog"
	"testing"
	"time"
)

var start = time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)

func minute(n int) time.Time { return start.Add(time.Duration(n) * time.Minute) }

// folded is a job with one recipient of whom the ledger says something.
func folded(steps ...Transition) *job {
	j := &job{part: Part{Incident: "SR-1", Update: 1, Channel: Email}, people: []Person{{Email: "jan@example.org"}}}
	var records []Record
	for _, s := range steps {
		records = append(records, Record{Steps: []Transition{s}}, Record{Claim: true})
	}
	j.fold(records, slog.New(slog.DiscardHandler))
	return j
}

func TestFold(t *testing.T) {
	for name, c := range map[string]struct {
		steps    []Transition
		state    State
		again    bool
		tries    int
		lost     int
		first    time.Time
		said     time.Time
		next     time.Time
		possible int // if it is accepted now, where it is not final
	}{
		"nothing": {},
		"attempting: a crash": {
			steps: []Transition{{State: Attempting, At: minute(1), Tries: 1}},
			state: Waiting, again: true, tries: 1, first: minute(1), said: minute(1), possible: 1,
		},
		"attempting twice: two crashes": {
			steps: []Transition{{State: Attempting, At: minute(1), Tries: 1}, {State: Attempting, At: minute(2), Tries: 2, Maybe: 1}},
			state: Waiting, again: true, tries: 2, first: minute(1), said: minute(1), possible: 2,
		},
		"given back": {
			steps: []Transition{{State: Attempting, At: minute(1), Tries: 1}, {State: Waiting, At: minute(2)}},
			state: Waiting, first: minute(1), said: minute(1),
		},
		"greylisted": {
			steps: []Transition{{State: Attempting, At: minute(1), Tries: 1}, {State: Waiting, At: minute(1), Tries: 1, Next: minute(6)}},
			state: Waiting, tries: 1, first: minute(1), said: minute(1), next: minute(6),
		},
		"greylisted, then a crash": {
			steps: []Transition{
				{State: Attempting, At: minute(1), Tries: 1}, {State: Waiting, At: minute(1), Tries: 1, Next: minute(6)},
				{State: Attempting, At: minute(6), Tries: 2},
			},
			state: Waiting, again: true, tries: 2, first: minute(1), said: minute(6), possible: 1,
		},
		"a lost reply": {
			steps: []Transition{{State: Attempting, At: minute(1), Tries: 1}, {State: Waiting, At: minute(2), Tries: 1, Maybe: 1, Lost: 1, Next: minute(3)}},
			state: Waiting, again: true, tries: 1, lost: 1, first: minute(1), said: minute(1), next: minute(3), possible: 1,
		},
		"a lost reply, refused for now, and a crash": {
			steps: []Transition{
				{State: Attempting, At: minute(1), Tries: 1}, {State: Waiting, At: minute(2), Tries: 1, Maybe: 1, Lost: 1},
				{State: Attempting, At: minute(3), Tries: 2, Maybe: 1, Lost: 1}, {State: Waiting, At: minute(3), Tries: 2, Maybe: 1, Lost: 1},
				{State: Attempting, At: minute(4), Tries: 3, Maybe: 1, Lost: 1},
			},
			state: Waiting, again: true, tries: 3, lost: 1, first: minute(1), said: minute(1), possible: 2,
		},
		"accepted": {
			steps: []Transition{{State: Attempting, At: minute(1), Tries: 1}, {State: Got, At: minute(2), Tries: 1, Maybe: 1}},
			state: Got, again: true, tries: 1, first: minute(1), said: minute(1),
		},
		"superseded": {steps: []Transition{{State: Superseded, At: minute(1)}}, state: Superseded},
	} {
		j := folded(c.steps...)
		r := j.rows[0]
		if r.state != c.state || r.maybe > 0 != c.again || r.tries != c.tries || r.lost != c.lost ||
			!r.first.Equal(c.first) || !r.said.Equal(c.said) || !r.next.Equal(c.next) {
			t.Errorf("%s: %+v", name, r)
		}
		if j.finished() != c.state.Final() {
			t.Errorf("%s: finished: %v", name, j.finished())
		}
		wake := time.Hour
		at := c.next
		if at.IsZero() {
			at = minute(100)
		}
		picked := j.pick(2, 2, at, &wake)
		if c.state.Final() != (len(picked) == 0) {
			t.Errorf("%s: picked %d", name, len(picked))
		}
		if c.state.Final() {
			continue
		}
		if early := folded(c.steps...); !c.next.IsZero() {
			wake := time.Hour
			if n := len(early.pick(2, 2, c.next.Add(-time.Second), &wake)); n > 0 || wake != time.Second {
				t.Errorf("%s: a second early %d are picked, the next in %v", name, n, wake)
			}
		}
		j.outcome(outcome{intent: picked[0], got: Accepted{At: at}}, Failure{}, &line{}, at)
		if rep := j.report(); rep.Possible != c.possible || rep.Accepted != 1 || !rep.LastAt.Equal(at) {
			t.Errorf("%s: %+v, want %d possible", name, rep, c.possible)
		}
	}
}

// A ledger of another roster names rows that are not there.
func TestFoldKnowsItsRows(t *testing.T) {
	j := folded(Transition{Row: 7, State: Got}, Transition{Row: -1, State: Got})
	if j.finished() {
		t.Error("finished")
	}
}

func TestRetries(t *testing.T) {
	j := folded()
	now := start
	for n, want := range append(retries, retries[len(retries)-1], retries[len(retries)-1]) {
		wake := time.Hour
		picked := j.pick(1, 1, now, &wake)
		if len(picked) != 1 {
			t.Fatalf("try %d: nothing is due", n)
		}
		j.outcome(outcome{intent: picked[0], err: Temporary("", nil)}, Failure{Class: ClassTemporary}, &line{}, now)
		wake = time.Hour
		if picked := j.pick(1, 1, now, &wake); len(picked) > 0 || wake != want {
			t.Errorf("try %d is tried again in %v, want %v", n, wake, want)
		}
		now = now.Add(want)
	}
	wake := time.Hour
	picked := j.pick(1, 1, now, &wake)
	j.outcome(outcome{intent: picked[0], err: Temporary("", nil)}, Failure{Class: ClassTemporary, After: 7 * time.Second}, &line{}, now)
	if wake = time.Hour; len(j.pick(1, 1, now, &wake)) > 0 || wake != 7*time.Second {
		t.Errorf("asked to wait 7s, it waits %v", wake)
	}
}

// A sender may ask how often a delivery was tried; the ledger knows it after a
// restart, and to look for what was sent is no try.
func TestADeliveryCountsItsTries(t *testing.T) {
	j := folded(Transition{State: Attempting, At: minute(1), Tries: 1}, Transition{State: Waiting, At: minute(1), Tries: 1, Next: minute(2)})
	j.key, j.texts = Key("key"), []Text{{}}
	wake := time.Hour
	j.pick(1, 1, minute(2), &wake)
	if got := j.delivery(0).Tries; got != 2 {
		t.Errorf("the second attempt says that it is number %d", got)
	}
	err := NotShown(time.Minute, errors.New("not there"))
	j.outcome(outcome{intent: intent{job: j}, err: err}, Classify(err), &line{}, minute(2))
	j.pick(1, 1, minute(3), &wake)
	if got := j.delivery(0).Tries; got != 2 {
		t.Errorf("after a look into the list it says that it is number %d", got)
	}
}

// To look for what may have been accepted is no try; what is found is no copy.
func TestSought(t *testing.T) {
	j := folded()
	try := func(at time.Time, err error) {
		t.Helper()
		wake := time.Hour
		picked := j.pick(1, 1, at, &wake)
		if len(picked) != 1 {
			t.Fatalf("nothing is due at %v", at)
		}
		o := outcome{intent: picked[0], err: err}
		if err == nil {
			o.got = Accepted{At: at, Before: true}
		}
		j.outcome(o, Classify(err), &line{}, at)
	}
	lost := Ambiguous("", errors.New("no reply"))
	try(start, lost)
	try(minute(1), NotShown(30*time.Second, errors.New("not in the list")))
	if d := j.delivery(0); !d.Again || d.Sought != 1 || j.rows[0].tries != 1 || !j.rows[0].next.Equal(minute(1).Add(30*time.Second)) {
		t.Errorf("sought once: %+v, %+v", d, j.rows[0])
	}
	try(minute(2), nil)
	if rep := j.report(); rep.Accepted != 1 || rep.Possible != 0 {
		t.Errorf("found: %+v", rep)
	}
}

func TestEverybodyOnceBeforeAnybodyTwice(t *testing.T) {
	j := &job{part: Part{Channel: Email}}
	for range 4 {
		j.people = append(j.people, Person{Email: "jan@example.org"})
	}
	j.fold(nil, nil)
	now := start
	var order []int
	for range 8 {
		wake := time.Hour
		for _, i := range j.pick(1, 1, now, &wake) {
			order = append(order, i.row)
			j.outcome(outcome{intent: i, err: Temporary("", nil)}, Failure{Class: ClassTemporary}, &line{}, now)
		}
		now = now.Add(6 * time.Second)
	}
	for n, row := range []int{0, 1, 2, 3, 0, 1, 2, 3} {
		if order[n] != row {
			t.Fatalf("tried in the order %v", order)
		}
	}
}

func TestTheNearestText(t *testing.T) {
	j := &job{texts: []Text{
		{Language: "nl", Zone: "Europe/Amsterdam"}, {Language: "en", Zone: "Europe/Amsterdam"}, {Language: "en", Zone: "America/Curacao"},
	}}
	for _, c := range []struct {
		language, zone string
		want           int
	}{
		{"nl", "Europe/Amsterdam", 0}, {"en", "America/Curacao", 2}, {"en", "Asia/Tokyo", 1}, {"fr", "America/Curacao", 0},
	} {
		got, want := j.text(Person{Language: c.language, Zone: c.zone}), j.texts[c.want]
		if got.Language != want.Language || got.Zone != want.Zone {
			t.Errorf("%s, %s: %s, %s", c.language, c.zone, got.Language, got.Zone)
		}
	}
}

// What is said in another language than the recipient's is sent as in that one.
func TestALetterIsInTheLanguageThatItIsSaidIn(t *testing.T) {
	for spoken, want := range map[string]string{"": "nl", "en": "en"} {
		j := &job{
			part: Part{Channel: Email, Update: 1}, people: []Person{{Language: "nl", Email: "a@example.org"}}, rows: make([]row, 1),
			texts: []Text{{Language: "nl", Spoken: spoken}},
		}
		if got := j.delivery(0).Language; got != want {
			t.Errorf("said in %q: sent as in %q, want %q", spoken, got, want)
		}
	}
}

func TestThread(t *testing.T) {
	k := Key("key")
	id := func(update int) string { return k.Delivery("SR-1", update, Email, "jan@example.org") }
	for _, c := range []struct {
		update, first, previous int
		want                    []string
	}{
		{1, 0, 0, nil}, {1, 1, 0, nil}, {2, 1, 1, []string{id(1)}}, {5, 1, 3, []string{id(1), id(3)}}, {5, 0, 3, []string{id(3)}},
	} {
		j := folded()
		j.key, j.part.Update, j.part.First, j.part.Previous = k, c.update, c.first, c.previous
		got := j.delivery(0)
		if got.ID != id(c.update) || len(got.Thread) != len(c.want) {
			t.Errorf("update %d: %q", c.update, got.Thread)
		}
		for n := range c.want {
			if got.Thread[n] != c.want[n] {
				t.Errorf("update %d: %q", c.update, got.Thread)
			}
		}
	}
}
