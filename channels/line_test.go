package channels

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A channel that is down is tried by one attempt at a time, within a minute of its
// working again, and everybody is let through after that.
func TestLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var l line
		now := start
		broken := now.Add(time.Duration(rapid.IntRange(0, 4*3600).Draw(t, "down for")) * time.Second)
		attempts := 0
		for {
			wake := time.Hour
			if n := l.room(20, now, &wake); n > 0 {
				l.sent(n)
				if l.down && n != 1 {
					t.Fatalf("%d attempts while it is down", n)
				}
				attempts++
				if !now.Before(broken) {
					l.told("", 0, now)
					break
				}
				l.told(ClassDown, time.Duration(rapid.IntRange(0, 600).Draw(t, "after"))*time.Second, now)
				if l.room(20, now, &wake) != 0 {
					t.Fatal("it is tried again at once")
				}
			}
			if wake == time.Hour {
				t.Fatal("nothing wakes it")
			}
			now = now.Add(wake)
		}
		if late := now.Sub(broken); late > time.Minute {
			t.Errorf("it works again for %v", late)
		}
		if most := 5 + int(broken.Sub(start)/(5*time.Second)); attempts > most {
			t.Errorf("%d attempts", attempts)
		}
		wake := time.Hour
		if n := l.room(20, now, &wake); n != 20 {
			t.Errorf("then %d at once", n)
		}
	})
}

// What was on the wire when it went down makes no pause longer, and an attempt that
// went well ends it.
func TestLineOfMany(t *testing.T) {
	var l line
	for range 20 {
		l.told(ClassDown, 0, start)
	}
	wake := time.Hour
	if l.room(20, start, &wake) != 0 || wake != 5*time.Second {
		t.Errorf("tried again after %v", wake)
	}
	if l.room(20, start.Add(5*time.Second), &wake) != 1 {
		t.Error("those that are still on the wire hold up the one that finds out")
	}
	l.sent(1)
	if l.room(20, start.Add(time.Hour), &wake) != 0 {
		t.Error("a second one finds out beside the first")
	}
	l.sent(-1)
	if l.room(20, start.Add(time.Hour), &wake) != 1 {
		t.Error("one that came back untried was the last")
	}
	l.told(ClassPermanent, 0, start)
	if l.room(20, start, &wake) != 20 {
		t.Error("one recipient's own failure shows that the channel works")
	}
	if l.told(ClassDown, 0, start); l.limit(time.Hour, start.Add(time.Second)) != time.Hour || l.limit(time.Hour, start.Add(longDown)) != time.Minute {
		t.Error("how long somebody waits does not follow from how long it is down")
	}
}

type spending struct {
	spent map[string]int
	err   error
	since time.Time
}

func (s *spending) Spent(_ context.Context, _, incident string, since time.Time) (int, error) {
	s.since = since
	return s.spent[incident], s.err
}

func TestPurse(t *testing.T) {
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	store := &spending{spent: map[string]int{"": 90, "SR-1": 40}}
	var told []Spent
	p := purse{
		budget: Budget{PerIncident: 50, PerDay: 100, Zone: amsterdam}, store: store, log: slog.New(slog.DiscardHandler),
		watch: func(s Spent) { told = append(told, s) },
	}
	now := time.Date(2026, 3, 28, 14, 0, 0, 0, time.UTC) // the day before the clocks go forward
	room := func(part Part, want int, awake time.Duration) {
		t.Helper()
		wake := time.Hour * 100
		if got := p.room(t.Context(), part, 20, now, &wake); got != want || wake != awake {
			t.Errorf("at %v there is room for %d of %s, looked at again after %v; want %d, %v", now, got, part.Incident, wake, want, awake)
		}
	}
	never := 100 * time.Hour
	one, two := Part{Incident: "SR-1"}, Part{Incident: "SR-2"}
	urgent := Part{Incident: "SR-1", Critical: true}
	room(one, 10, never)
	if !store.since.IsZero() {
		t.Errorf("an incident's are counted from %v", store.since)
	}
	if told[0] != (Spent{Messages: 90, Limit: 100}) || told[1] != (Spent{Incident: "SR-1", Messages: 40, Limit: 50}) {
		t.Errorf("told %v", told)
	}
	p.spend("SR-1", 9)
	room(one, 1, never)
	p.spend("SR-1", 1)
	room(one, 0, never)
	room(urgent, 20, never)
	room(two, 0, 9*time.Hour)
	p.spend("SR-1", 20) // those do not wait, and count
	if last := told[len(told)-1]; last != (Spent{Incident: "SR-1", Messages: 70, Limit: 50}) {
		t.Errorf("told %v", last)
	}
	p.spend("SR-1", -20)
	p.spend("SR-1", -1) // one was not accepted
	room(one, 1, never)

	now = time.Date(2026, 3, 28, 23, 0, 0, 0, time.UTC) // midnight
	room(one, 1, never)
	room(two, 20, never)
	p.spend("SR-2", 95)
	room(two, 0, never)
	room(Part{Incident: "SR-3"}, 5, 23*time.Hour) // a short day

	p = purse{budget: p.budget, store: &spending{err: errors.New("no")}, log: p.log}
	room(one, 0, pursePause)
	room(urgent, 20, pursePause)
	p.budget = Budget{}
	room(one, 20, never)
}
