package incident

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestInputsComeBackAsTheyWere: whoever wrote them and whoever reads them.
func TestInputsComeBackAsTheyWere(t *testing.T) {
	if n := reflect.TypeFor[Observation]().NumField(); n != 7 {
		t.Fatalf("an observation has %d fields: AppendJSON and ReadInputs know 7", n)
	}
	text := rapid.SampledFrom([]string{"", "mail", "a\"b\\c", "<é>&\u2028", "\x01\n", "😀", "\xff"})
	moment := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-1, 1<<34).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	})
	rapid.Check(t, func(t *rapid.T) {
		var inputs []Input
		list := []byte{'['}
		for n := range rapid.IntRange(0, 4).Draw(t, "inputs") {
			in := Input{At: moment.Draw(t, "at")}
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				in.Receipt = &Receipt{Incident: "SR-1", Delivered: Delivered{Update: 1, Part: text.Draw(t, "part"), Accepted: 3}}
			case 1:
				in.By, in.Alerts = "somebody", []Observation{{Fingerprint: "f", Labels: map[string]string{"a": "b"}, StartsAt: moment.Draw(t, "starts")}}
			default:
				in.Alerts = []Observation{}
				for range rapid.IntRange(0, 3).Draw(t, "alerts") {
					o := Observation{
						Fingerprint: text.Draw(t, "fingerprint"), Labels: rapid.MapOf(text, text).Draw(t, "labels"), Summary: text.Draw(t, "summary"),
						StartsAt: moment.Draw(t, "starts"), Firing: rapid.Bool().Draw(t, "firing"),
					}
					if rapid.Bool().Draw(t, "ended") {
						o.EndsAt = moment.Draw(t, "ends")
					}
					if rapid.IntRange(0, 5).Draw(t, "account") == 0 {
						o.Account = Account{Impact: {"nl": "x"}}
					}
					in.Alerts = append(in.Alerts, o)
				}
			}
			inputs = append(inputs, in)
			if n > 0 {
				list = append(list, ',')
			}
			own, ok := in.AppendJSON(list)
			if !ok {
				data, err := json.Marshal(in)
				if err != nil {
					t.Fatal(err)
				}
				own = append(list, data...)
			}
			list = own
		}
		list = append(list, ']')
		theirs, err := json.Marshal(inputs)
		if err != nil {
			t.Fatal(err)
		}
		var want []Input
		if err := json.Unmarshal(theirs, &want); err != nil {
			t.Fatal(err)
		}
		var read []Input
		if err := json.Unmarshal(list, &read); err != nil || len(read) != len(want) || len(want) > 0 && !reflect.DeepEqual(read, want) {
			t.Fatalf("the library reads %s as %v, %v; want %v", list, read, err, want)
		}
		for _, data := range [][]byte{list, theirs} {
			if got, err := ReadInputs(data); err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Fatalf("%s is read as %v, %v; want %v", data, got, err, want)
			}
		}
	})
}

// FuzzReadInputs: whatever else the library reads is read alike, and what it refuses
// is refused.
func FuzzReadInputs(f *testing.F) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	in := Input{At: at, Alerts: []Observation{{Fingerprint: "f", Labels: map[string]string{"a": "b\""}, StartsAt: at, EndsAt: at, Summary: "s"}}}
	own, _ := in.AppendJSON(nil)
	for _, s := range []string{"", "[]", "null", "[{}]", "[" + string(own) + "]", "[" + string(own) + ",{}]", "[" + string(own), "[" + string(own) + "]x", " [ ]", `[{"at":"2026-03-01T10:00:00+01:00","alerts":[]}]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var want []Input
		err := json.Unmarshal(data, &want)
		got, mine := ReadInputs(data)
		if mine == nil && err != nil {
			t.Fatalf("%q is read as %v; the library says %v", data, got, err)
		}
		if mine == nil && (len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want)) {
			t.Fatalf("%q is read as %v, want %v", data, got, want)
		}
	})
}
