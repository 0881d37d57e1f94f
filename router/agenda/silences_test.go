package agenda

import (
	"os"
	"strings"
	"testing"
)

func TestSilences(t *testing.T) {
	data, err := os.ReadFile("testdata/silences.json")
	if err != nil {
		t.Fatal(err)
	}
	r := rules(t)
	r.Default = nil
	got, err := Silences(data, r, autumn)
	if err != nil {
		t.Fatal(err)
	}
	want := `7 entries
0e1a5e8e-6b1c-4a4e-9a52-3d5a8b6f9a01@alertmanager: "Storage of mail"
  2026-10-24 20:00:00 to 2026-10-25 02:00:00, touches mail, decided at 2026-10-24 21:00:00, led by "Anna"
0e1a5e8e-6b1c-4a4e-9a52-3d5a8b6f9a02@alertmanager: "Switches"
  2026-10-20 11:00:00 to 2026-10-20 13:00:00, touches mail and permits
0e1a5e8e-6b1c-4a4e-9a52-3d5a8b6f9a03@alertmanager: "Rack 4"
  2026-10-20 11:00:00 to 2026-10-20 13:00:00, touches mail
0e1a5e8e-6b1c-4a4e-9a52-3d5a8b6f9a06@alertmanager: "a pattern" is amiss: there is no service "mial" [mial]
0e1a5e8e-6b1c-4a4e-9a52-3d5a8b6f9a07@alertmanager: "" is amiss: its comment says nothing after "change:"
`
	if got.String() != want {
		t.Errorf("got\n%s", got)
	}
	for _, none := range []string{"", "null", "{}", "[", `{"status":"success","data":[]}`, "<html>"} {
		if _, err := Silences([]byte(none), r, autumn); err == nil {
			t.Errorf("%q is a list of silences", none)
		}
	}
}

// TestWhatIsNoCalendar: an error, and never what would call off all that is planned.
func TestWhatIsNoCalendar(t *testing.T) {
	whole, err := os.ReadFile("testdata/google.ics")
	if err != nil {
		t.Fatal(err)
	}
	many := "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:VEVENT\nUID:x\nEND:VEVENT\n", 3)
	for name, text := range map[string]string{
		"nothing": "", "a page": "<html>log in</html>", "half of one": string(whole[:len(whole)/2]), "no end": many,
		"deep":     "BEGIN:VCALENDAR\n" + strings.Repeat("BEGIN:X\n", 100000) + "END:VCALENDAR",
		"not even": "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:x\nEND:VCALENDAR",
		"nonsense": "BEGIN:VCALENDAR\nBEGIN:VEVENT\n:::\nEND:VEVENT\nEND:VCALENDAR",
		"only end": "END:VCALENDAR",
	} {
		if r, err := Calendar([]byte(text), rules(t), autumn); err == nil {
			t.Errorf("%s is a calendar of %d entries", name, r.All)
		}
	}
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\n")
	for n := range maxEntries + 1 {
		b.WriteString("BEGIN:VEVENT\nUID:" + strings.Repeat("x", n%100) + string(rune('a'+n%26)) + strings.Repeat("y", n/100) + "\nDTSTART:20261101T200000Z\nDTEND:20261101T230000Z\nSUMMARY:one\nEND:VEVENT\n")
	}
	b.WriteString("END:VCALENDAR\n")
	if _, err := Calendar([]byte(b.String()), rules(t), autumn); err == nil {
		t.Error("more entries than anybody reads are taken")
	}
}
