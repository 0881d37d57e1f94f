package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sitrep/policies"
)

// reached is an audience of so many who can be reached by mail, and one who cannot.
func reached(name string, n int) *policies.Audience {
	a := &policies.Audience{Name: name, Channels: []string{"email"}, Recipients: []policies.Recipient{{Phone: "+31612345678"}}}
	for i := range n {
		a.Recipients = append(a.Recipients, policies.Recipient{Email: fmt.Sprint(i, "@example.org")})
	}
	return a
}

func TestSurprises(t *testing.T) {
	of := func(all ...*policies.Audience) *policies.Config { return &policies.Config{Audiences: all} }
	gone := reached("board", 5)
	gone.Channels = []string{"fax"}
	byPhone := reached("board", 0)
	byPhone.Fallback = []string{"sms"}
	for _, c := range []struct {
		what     string
		was, now *policies.Config
		want     string // none: nothing surprises
	}{
		{"as before", of(reached("board", 5)), of(reached("board", 5)), ""},
		{"fewer", of(reached("board", 5)), of(reached("board", 1)), ""},
		{"nobody", of(reached("board", 5)), of(reached("board", 0)), `audience "board" would lose all its recipients: 5 before, none after`},
		{"no audience", of(reached("board", 5)), of(), "lose all"},
		{"by no channel", of(reached("board", 5)), of(gone), "lose all"},
		{"by another channel", of(reached("board", 5)), of(byPhone), ""},
		{"nine times", of(reached("board", 5)), of(reached("board", 49)), ""},
		{"tenfold", of(reached("board", 5)), of(reached("board", 50)), `audience "board" would grow from 5 recipients to 50`},
		{"a new one", of(), of(reached("board", 5000)), ""},
		{"from nobody", of(reached("board", 0)), of(reached("board", 50)), ""},
		{"two", of(reached("board", 5), reached("it", 1)), of(reached("it", 10)), `"it" would grow from 1 recipient to 10`},
	} {
		got := strings.Join(surprises(c.was, c.now), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
}

func TestWhatNeedsARestartIsNamed(t *testing.T) {
	was, now := &policies.Config{}, &policies.Config{NATS: policies.NATS{Replicas: 3}}
	if got := compared(was, now).NeedsRestart; !slices.Equal(got, []string{"nats"}) {
		t.Errorf("%v", got)
	}
	if got := compared(now, now).NeedsRestart; len(got) != 0 {
		t.Errorf("%v", got)
	}
}
