package channels

import (
	"regexp"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	slots := map[string]string{"late": "Te laat.", "missed": "\x02late\x03"}
	for in, want := range map[string]string{
		"":                                "",
		"no slots":                        "no slots",
		"\x02late\x03 Storing.":           "Te laat. Storing.",
		"a\x02late\x03b\x02late\x03":      "aTe laat.bTe laat.",
		"a\x02unknown\x03b":               "ab",
		"a\x02\x03b":                      "ab",
		"a\x02late":                       "alate",
		"a\x03b":                          "a\x03b",
		"\x02missed\x03":                  "\x02late\x03", // a value is not a text with slots
		"<p>\x02late\x03</p>\x02\x02\x03": "<p>Te laat.</p>",
	} {
		if got := Fill(in, slots); got != want {
			t.Errorf("Fill(%q) is %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{ // a line of its own
		"a\n\x02late\x03 \x02missed\x03\nb":  "a\n\nto late. 2 missed.\n\nb",
		"a\n\x02none\x03 \x02missed\x03\nb":  "a\n\n2 missed.\n\nb",
		"a\n\x02none\x03 \x02nothing\x03\nb": "a\n\nb",
		"a\n \nb\x02none\x03":                "a\n \nb",
	} {
		if got := Fill(in, map[string]string{"late": "to late.", "missed": "2 missed."}); got != want {
			t.Errorf("Fill(%q) is %q, want %q", in, got, want)
		}
	}
	if got := Fill("a\x02late\x03b", nil); got != "ab" {
		t.Errorf("without values: %q", got)
	}
}

// The ids are stored, and are in mails that were sent: they may never change.
func TestIDsAreStable(t *testing.T) {
	k := Key("0123456789abcdef0123456789abcdef")
	for got, want := range map[string]string{
		k.Delivery("SR-12", 3, Email, "jan@example.org"): "ce4dd634f5cc4fa9d9185d119a2f124c",
		k.Person("jan@example.org", "+31612345678"):      "4b15d0541d191ecf00c90f4925a5685e",
		k.Content([]byte(`[{"id":"x"}]`)):                "e24f01cebfd6c4a524c1a7a44857c486",
	} {
		if got != want {
			t.Errorf("an id is %q, want %q", got, want)
		}
	}
}

func TestIDsTellNothing(t *testing.T) {
	k, other := Key("one"), Key("two")
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	seen := map[string]string{}
	for name, id := range map[string]string{
		"delivery":          k.Delivery("SR-1", 1, Email, "jan@example.org"),
		"another update":    k.Delivery("SR-1", 11, Email, "jan@example.org"),
		"another incident":  k.Delivery("SR-11", 1, Email, "jan@example.org"),
		"another channel":   k.Delivery("SR-1", 1, SMS, "jan@example.org"),
		"another address":   k.Delivery("SR-1", 1, Email, "jo@example.org"),
		"another key":       other.Delivery("SR-1", 1, Email, "jan@example.org"),
		"a person":          k.Person("jan@example.org", ""),
		"the other way":     k.Person("", "jan@example.org"),
		"run together":      k.Person("jan@", "example.org"),
		"content":           k.Content([]byte("jan@example.org")),
		"content, no bytes": k.Content(nil),
	} {
		if !form.MatchString(id) || strings.Contains(id, "jan") {
			t.Errorf("the id of %s is %q", name, id)
		}
		if same := seen[id]; same != "" {
			t.Errorf("%s and %s have one id", name, same)
		}
		seen[id] = name
	}
}

func TestPartID(t *testing.T) {
	p := Part{Incident: "SR-12", Update: 3, Chunk: 1, Channel: SMS, Audience: "board", Roster: "abc"}
	if got := p.ID(); got != "SR-12.3.1.sms" {
		t.Errorf("got %q", got)
	}
}

func TestAddress(t *testing.T) {
	p := Person{Email: "jan@example.org", Phone: "+31612345678"}
	for channel, want := range map[string]string{Email: p.Email, SMS: p.Phone, "fax": ""} {
		if got := p.Address(channel); got != want {
			t.Errorf("by %s: %q, want %q", channel, got, want)
		}
	}
}

// What only a worker knows is said in each form of the text, escaped in HTML.
func TestTold(t *testing.T) {
	text := Text{
		Text: "Opening.\n\x02late\x03 \x02missed\x03\nMore.\n", HTML: "<p>Opening. <span>\x02late\x03</span></p>", SMS: "Short.", SMSMissed: "Short, {n} missed.",
		Phrases: map[string]string{SlotLate: "It is <late>.", SlotMissed: "Not sent: {n}."},
	}
	for _, c := range []struct {
		late            bool
		missed          int
		text, html, sms string
	}{
		{false, 0, "Opening.\n\nMore.\n", "<p>Opening. <span></span></p>", "Short."},
		{true, 0, "Opening.\n\nIt is <late>.\n\nMore.\n", "<p>Opening. <span>It is &lt;late&gt;.</span></p>", "Short."},
		{true, 12, "Opening.\n\nIt is <late>. Not sent: 12.\n\nMore.\n", "<p>Opening. <span>It is &lt;late&gt;.</span></p>", "Short, 12 missed."},
	} {
		got := text.Told(c.late, c.missed)
		if got.Text != c.text || got.HTML != c.html || got.SMS != c.sms {
			t.Errorf("late %v, %d missed: %q, %q, %q", c.late, c.missed, got.Text, got.HTML, got.SMS)
		}
	}
	text.SMSMissed = ""
	if got := text.Told(false, 3).SMS; got != "Short." {
		t.Error(got)
	}
}
