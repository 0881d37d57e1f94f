package bus

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sitrep/router/incident"
)

func services(names ...string) (facts []incident.Fact) {
	for _, n := range names {
		facts = append(facts, incident.Fact{Service: n})
	}
	return facts
}

// replayed returns the services of all facts.
func replayed(t *testing.T, b *Bus) (names []string) {
	t.Helper()
	take := func(c incident.Commit) error {
		for _, f := range c.Facts {
			names = append(names, f.Service)
		}
		return nil
	}
	if err := b.Commits(t.Context(), 0, take); err != nil {
		t.Fatal(err)
	}
	beside := names
	names = nil
	if err := b.Replay(t.Context(), take); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(beside, names) {
		t.Errorf("beside the router they are %v, and %v", beside, names)
	}
	return names
}

// recap writes what is kept, as the router does.
func recap(t *testing.T, b *Bus, parts ...string) error {
	for range b.Blanks() {
		if err := b.Commit(t.Context(), incident.Commit{Recap: &incident.Recap{Blank: true, More: true}}); err != nil {
			return err
		}
	}
	for n, p := range parts {
		if err := b.Commit(t.Context(), incident.Commit{Facts: services(p), Recap: &incident.Recap{More: n < len(parts)-1}}); err != nil {
			return err
		}
	}
	if err := b.Refound(t.Context()); err != nil {
		return err
	}
	return b.Trim(t.Context())
}

// A recap that is cut short anywhere is passed over, or is what the chain begins
// with; either way it goes on, and can be founded anew.
func TestARecapCutAnywhere(t *testing.T) {
	pristine := t.TempDir()
	b := open(t, pristine)
	replayed(t, b)
	for n := range 5 {
		if err := b.Commit(t.Context(), incident.Commit{Facts: services(fmt.Sprint("old", n))}); err != nil {
			t.Fatal(err)
		}
	}
	b.Close()
	old, kept := "old0 old1 old2 old3 old4", "kept0 kept1 kept2"
	for left := 0; ; left += stride() {
		if left == 2 { // one blank commit is like the other
			left += 6
		}
		dir := copied(t, pristine)
		b := open(t, dir)
		replayed(t, b)
		b.js = &cutOff{b.js, left}
		err := recap(t, b, "kept0", "kept1", "kept2")
		b.Close()

		b = open(t, dir)
		got := strings.Join(replayed(t, b), " ")
		if want := map[bool]string{true: kept, false: old}[left > b.Blanks()+3]; got != want {
			t.Fatalf("cut after %d writes: %q", left, got)
		}
		if err := b.Commit(t.Context(), incident.Commit{Facts: services("new")}); err != nil {
			t.Fatal(err)
		}
		if again := strings.Join(replayed(t, b), " "); again != got+" new" {
			t.Errorf("cut after %d writes: then %q", left, again)
		}
		if e := recap(t, b, "kept0", "new"); e != nil {
			t.Errorf("cut after %d writes: %v", left, e)
		}
		b.Close()
		b = open(t, dir)
		if last := strings.Join(replayed(t, b), " "); last != "kept0 new" {
			t.Errorf("cut after %d writes: at last %q", left, last)
		}
		if folderHolds(t, dir, "old1") || folderHolds(t, dir, "kept2") {
			t.Errorf("cut after %d writes: what is forgotten is in a file", left)
		}
		b.Close()
		if err == nil {
			t.Logf("cut in %d places", left)
			break
		}
	}
}

// A chain that was founded anew is one: what of it is changed or missing is seen.
func TestAFoundedChainIsAChain(t *testing.T) {
	pristine := t.TempDir()
	b := open(t, pristine)
	replayed(t, b)
	if err := b.Commit(t.Context(), incident.Commit{Facts: services("old")}); err != nil {
		t.Fatal(err)
	}
	if err := recap(t, b, "kept0", "kept1"); err != nil {
		t.Fatal(err)
	}
	if err := b.Commit(t.Context(), incident.Commit{Facts: services("new")}); err != nil {
		t.Fatal(err)
	}
	b.Close()
	if got, err := start(t, copied(t, pristine)); err != nil || strings.Join(got, " ") != "kept0 kept1 new" {
		t.Fatal(got, err)
	}
	for name, damage := range map[string]func(b *Bus) error{
		"the mark says another hash": func(b *Bus) error {
			_, err := b.publish(t.Context(), subjectPurged+streamFacts, fmt.Appendf(nil, `{"to":%d,"hash":"abc"}`, b.Blanks()+1))
			return err
		},
		"the mark is gone": func(b *Bus) error {
			_, err := b.publish(t.Context(), subjectPurged+streamFacts, []byte(`{}`))
			return err
		},
		"the first commit is gone": func(b *Bus) error {
			state, err := b.info(t.Context(), streamFacts)
			if err != nil {
				return err
			}
			return b.streams[streamFacts].DeleteMsg(t.Context(), state.FirstSeq)
		},
	} {
		dir := copied(t, pristine)
		b := open(t, dir)
		if err := damage(b); err != nil {
			t.Fatal(err)
		}
		b.Close()
		if _, err := start(t, dir); err == nil || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
