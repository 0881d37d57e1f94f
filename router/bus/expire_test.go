package bus

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
)

// aged fills a store: parts 1 to 3 and what they need are old, part 4 is young
// and needs the roster of part 1; somebody was told by another old roster.
func aged(t *testing.T, dir string) (parts []channels.Part, told string, young time.Time) {
	t.Helper()
	b := open(t, dir)
	defer b.Close()
	ctx := t.Context()
	put := func(n, who int) {
		roster, err := b.PutRoster(ctx, []channels.Person{person(who)})
		if err != nil {
			t.Fatal(err)
		}
		texts, err := b.PutTexts(ctx, []channels.Text{{SMS: string(rune('a' + n))}})
		if err != nil {
			t.Fatal(err)
		}
		p := channels.Part{Incident: "SR-1", Update: n, Channel: channels.SMS, Audience: "board", Roster: roster, Texts: texts, PlannedAt: time.Now()}
		if err := b.PutPart(ctx, p); err != nil {
			t.Fatal(err)
		}
		seq, err := b.Record(ctx, p.ID(), channels.Record{Claim: true}, 0)
		if err != nil {
			t.Fatal(err)
		}
		done := channels.Record{Steps: []channels.Transition{{State: channels.Got}}, Done: &channels.Report{Part: p.ID(), Accepted: 1}}
		if _, err := b.Record(ctx, p.ID(), done, seq); err != nil {
			t.Fatal(err)
		}
		parts = append(parts, p)
	}
	var err error
	if told, err = b.PutRoster(ctx, []channels.Person{person(9)}); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 3; n++ {
		put(n, n)
	}
	time.Sleep(time.Hour)
	young = time.Now()
	time.Sleep(time.Second)
	put(4, 1)
	return parts, told, young
}

func anyPart(channels.Part, *channels.Record) bool { return false }

// whole fails where a part that is there lacks what it needs.
func whole(t *testing.T, b *Bus, when any) (stock *Stock) {
	t.Helper()
	stock, err := b.Stock(t.Context())
	if err != nil || len(stock.Damage) > 0 {
		t.Fatalf("%v: %v, %v", when, stock, err)
	}
	for id, p := range stock.Parts {
		if _, err := b.Roster(t.Context(), p.Roster); err != nil {
			t.Errorf("%v: part %s: %v", when, id, err)
		}
		if _, err := b.Texts(t.Context(), p.Texts); err != nil {
			t.Errorf("%v: part %s: %v", when, id, err)
		}
		if l := stock.Ledgers[id]; l == nil || !l.Whole || l.Done == nil {
			t.Errorf("%v: part %s: its ledger is cut", when, id)
		}
	}
	return stock
}

// Cut short anywhere, it has removed nothing that something needs, and the next
// one finishes.
func TestClearingCutAnywhere(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		parts, told, young := aged(t, root)
		for left := 0; ; left += stride() {
			if left == 5 { // one blank message is like the other
				left += 6
			}
			dir := copied(t, root)
			clear := func(left int) error {
				b := open(t, dir)
				defer b.Close()
				if left >= 0 {
					b.js = &cutOff{b.js, left}
				}
				if _, err := b.Leave(t.Context(), young); err != nil {
					return err
				}
				_, err := b.Clear(t.Context(), young, anyPart, map[string]bool{told: true})
				whole(t, b, left)
				return err
			}
			err := clear(left)
			if again := clear(-1); again != nil {
				t.Fatalf("cut after %d writes: %v", left, again)
			}
			b := open(t, dir)
			stock := whole(t, b, left)
			if len(stock.Parts) != 1 || len(stock.Ledgers) != 1 || len(stock.Rosters) != 2 || len(stock.Texts) != 1 {
				t.Errorf("cut after %d writes: %+v", left, stock)
			}
			if people, err := b.Roster(t.Context(), told); err != nil || people[0] != person(9) {
				t.Errorf("cut after %d writes: %v, %v", left, people, err)
			}
			if folderHolds(t, dir, "p2@example.org") || folderHolds(t, dir, "p3@example.org") {
				t.Errorf("cut after %d writes: an address is left", left)
			}
			if stock.Before.Before(parts[2].PlannedAt) || stock.Before.After(parts[3].PlannedAt) {
				t.Errorf("cut after %d writes: removed what was before %v", left, stock.Before)
			}
			b.Close()
			if err == nil {
				t.Logf("cut in %d places", left)
				break
			}
		}
	})
}

// A purge may be what did not happen, of whichever stream.
func TestClearingWithoutAPurge(t *testing.T) {
	root := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		_, told, young := aged(t, root)
		for _, stream := range []string{streamOutbox, streamLedger, streamTexts, streamRosters} {
			dir := copied(t, root)
			for _, purged := range []bool{false, true} {
				b := open(t, dir)
				if !purged {
					b.streams[stream] = unpurged{b.streams[stream]}
				}
				if _, err := b.Leave(t.Context(), young); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Clear(t.Context(), young, anyPart, map[string]bool{told: true}); purged != (err == nil) {
					t.Errorf("%s: %v", stream, err)
				}
				b.Close()
				b = open(t, dir)
				if stock := whole(t, b, stream); purged && (len(stock.Parts) != 1 || len(stock.Ledgers) != 1 || len(stock.Rosters) != 2 || len(stock.Texts) != 1) {
					t.Errorf("%s: %+v", stream, stock)
				}
				b.Close()
			}
		}
	})
}

// What must stay holds up what came after it, and nothing else.
func TestClearingStopsAtWhatMustStay(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		parts, _, young := aged(t, dir)
		b := open(t, dir)
		defer b.Close()
		if some, err := b.Leave(t.Context(), young); !some || err != nil {
			t.Fatal(some, err)
		}
		gone, err := b.Clear(t.Context(), young, func(p channels.Part, last *channels.Record) bool {
			return p.Update == 2 && last.Done.Accepted == 1
		}, nil)
		if err != nil || gone != (channels.Cleared{Parts: 1, Texts: 1, Rosters: 1, Held: parts[1].ID()}) {
			t.Errorf("%+v, %v", gone, err)
		}
		if stock := whole(t, b, ""); len(stock.Parts) != 3 || len(stock.Ledgers) != 3 {
			t.Errorf("%+v", stock)
		}
	})
}

// Content that is stored again while the old is about to go is there afterwards;
// so is what was stored in between.
func TestContentStoredWhileItLeaves(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		parts, _, young := aged(t, dir)
		b := open(t, dir)
		defer b.Close()
		if _, err := b.Leave(t.Context(), young); err != nil {
			t.Fatal(err)
		}
		again, err := b.PutRoster(t.Context(), []channels.Person{person(2)})
		if err != nil || again != parts[1].Roster {
			t.Fatal(again, err)
		}
		fresh, err := b.PutRoster(t.Context(), []channels.Person{person(7)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Clear(t.Context(), young, anyPart, nil); err != nil {
			t.Fatal(err)
		}
		for _, hash := range []string{again, fresh} {
			if _, err := b.Roster(t.Context(), hash); err != nil {
				t.Error(err)
			}
		}
		if _, err := b.Roster(t.Context(), parts[2].Roster); err == nil {
			t.Error("nothing went")
		}
	})
}

// A store that nobody wrote to for long holds nothing of what was, and begins
// again where it ended.
func TestAllOfItMayBeOld(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		aged(t, dir)
		time.Sleep(24 * time.Hour)
		var ends []uint64
		for range 3 {
			b := open(t, dir)
			now := time.Now()
			if _, err := b.Leave(t.Context(), now); err != nil {
				t.Fatal(err)
			}
			if _, err := b.Clear(t.Context(), now, anyPart, nil); err != nil {
				t.Fatal(err)
			}
			if stock := whole(t, b, ""); len(stock.Parts)+len(stock.Ledgers)+len(stock.Rosters)+len(stock.Texts) > 0 {
				t.Errorf("%+v", stock)
			}
			state, err := b.info(t.Context(), streamOutbox)
			if err != nil {
				t.Fatal(err)
			}
			ends = append(ends, state.LastSeq)
			b.Close()
			time.Sleep(time.Hour)
		}
		if slices.Max(ends) != ends[0] {
			t.Errorf("it grows without being used: %v", ends)
		}
		if folderHolds(t, dir, "@example.org") {
			t.Error("an address is left")
		}
	})
}
