package words

import (
	"strings"
	"testing"
)

func TestGSM7(t *testing.T) {
	for in, want := range map[string]string{
		"vóór 14.30 uur":          "voor 14.30 uur",
		"geïnd, coördinatie, één": "geind, coördinatie, één",
		"ëïçÂ":                    "eicA",
		"“ja” ‘nee’ – — … •":      `"ja" 'nee' - - ... -`,
		"€ 5 {a}":                 "€ 5 {a}",
		"ĳs ﬁle ½ m²":             "ijs file 1/2 m2",
		"œuvre Łódź":              "oeuvre Lódz",
		"brand 🔥 in 👩‍🚒 zaal":     "brand  in  zaal",
		"мир":                     "???",
		"e\u0301":                 "é",
		"a\u00a0b\tc":             "a b c",
		"20 °C":                   "20 C",
	} {
		// ó is not in the alphabet; é and ö are.
		want = strings.ReplaceAll(want, "ó", "o")
		if got := GSM7(in); got != want {
			t.Errorf("GSM7(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestSegments(t *testing.T) {
	for _, c := range []struct {
		in                string
		septets, segments int
	}{
		{"", 0, 0},
		{strings.Repeat("a", 160), 160, 1},
		{strings.Repeat("a", 161), 161, 2},
		{strings.Repeat("€", 80), 160, 1},
		{strings.Repeat("€", 81), 162, 2},
		{strings.Repeat("a", 306), 306, 2},
		{strings.Repeat("a", 307), 307, 3},
		// 153 is odd: a euro that does not fit moves to the next segment whole.
		{strings.Repeat("€", 153), 306, 3},
		{strings.Repeat("a", 152) + "€" + strings.Repeat("a", 152), 306, 3},
	} {
		if got := Septets(c.in); got != c.septets {
			t.Errorf("Septets(%.5q…) = %d, want %d", c.in, got, c.septets)
		}
		if got := Segments(c.in); got != c.segments {
			t.Errorf("Segments(%.5q…) = %d, want %d", c.in, got, c.segments)
		}
	}
}
