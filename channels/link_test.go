package channels

import (
	"strings"
	"testing"
	"time"
)

func TestLinks(t *testing.T) {
	k, other := Key("one key"), Key("another key")
	person, somebody := k.Person("jan@example.org", "+31612345678"), k.Person("piet@example.org", "")
	made := time.Date(2026, 6, 5, 14, 30, 0, 0, time.UTC)
	token := k.Link("SR-12", person, made)
	l, ok := k.Linked(token)
	if !ok || l.Incident != "SR-12" || !l.Made.Equal(made) || !l.Of(person) || l.Of(somebody) || l.Of("") {
		t.Errorf("it says %+v, %v", l, ok)
	}
	for _, c := range []string{"", "x", token[1:], strings.ToUpper(token[:3]) + "0" + token[4:], k.Ref("part", 3), k.Unsubscribe("board", "jan@example.org"), k.seal("answer", []byte("short"))} {
		if l, ok := k.Linked(c); ok {
			t.Errorf("%q is one: %+v", c, l)
		}
	}
	if _, ok := other.Linked(token); ok {
		t.Error("another key reads it")
	}
	if strings.Contains(token, "jan") || k.Link("SR-12", "no name", made) != "" {
		t.Error("it holds a name, or is for nobody")
	}
}

// TestPersonalLinks: each person of a team reads his own, an audience none.
func TestPersonalLinks(t *testing.T) {
	const address = "https://sitrep.example/answer/"
	j := &job{key: Key("one key"), links: address, part: Part{Team: true}}
	jan := Person{Email: "jan@example.org"}
	made := time.Date(2026, 6, 5, 14, 30, 0, 0, time.UTC)
	text := "See " + address + LinkMark("SR-1") + ", and <a href=\"" + address + LinkMark("SR-23") + "\">. Not " + address + "~SR-1234567890, nor https://evil.example/answer/~SR-1"
	got := j.personal(text, jan, made)
	name := j.key.Person("jan@example.org", "")
	for _, id := range []string{"SR-1", "SR-23"} {
		if !strings.Contains(got, address+j.key.Link(id, name, made)) {
			t.Errorf("no link for %s: %s", id, got)
		}
	}
	if !strings.Contains(got, "~SR-1234567890,") || !strings.HasSuffix(got, "https://evil.example/answer/~SR-1") {
		t.Error(got)
	}
	j.part.Team = false
	if j.personal(text, jan, made) != text {
		t.Error("an audience has links")
	}
}

// FuzzLink: whatever is put where a link or the end of a list's address stands, it is
// what this key made for that purpose, or nothing.
func FuzzLink(f *testing.F) {
	k := Key("one key")
	person := k.Person("jan@example.org", "+31612345678")
	link := k.Link("SR-12", person, time.Date(2026, 6, 5, 14, 30, 0, 0, time.UTC))
	leave := k.Unsubscribe("board", "jan@example.org")
	for _, s := range []string{
		"", link, strings.ToUpper(link), link + "\n", link[1:], link + "0", leave, leave + "\r\n", k.Ref("SR-12.1.0.email", 3), Key("another key").Link("SR-12", person, time.Now()),
		strings.ReplaceAll(link, "i", "\u0131"), strings.Repeat("0", 5000), "../../" + link, "%2e%2e", "\xff\x00",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		if l, ok := k.Linked(token); ok && (strings.ToLower(token) != link || !l.Of(person)) {
			t.Errorf("%q is a link: %+v", token, l)
		}
		if who, ok := k.Unsubscribed(token); ok && (strings.ToLower(token) != leave || who != k.Suppression(Email, "board", "jan@example.org")) {
			t.Errorf("%q takes %s off a list", token, who)
		}
	})
}
