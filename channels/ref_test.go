package channels

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A reference comes back as it went out, in whatever case, and no other does.
func TestRef(t *testing.T) {
	key, other := Key("one"), Key("another")
	plain := regexp.MustCompile(`^[0-9a-v]+$`)
	rapid.Check(t, func(t *rapid.T) {
		part := Part{
			Incident: rapid.StringMatching(`(SR-[0-9]{1,6}|watchdog-[0-9a-f]{8})`).Draw(t, "incident"),
			Update:   rapid.IntRange(1, 9999).Draw(t, "update"), Chunk: rapid.IntRange(0, 200).Draw(t, "chunk"), Channel: Email,
		}.ID()
		row := rapid.IntRange(0, MaxPart-1).Draw(t, "row")
		ref := key.Ref(part, row)
		if !plain.MatchString(ref) {
			t.Fatalf("%q is not fit for an address", ref)
		}
		for _, seen := range []string{ref, strings.ToUpper(ref)} {
			if gotPart, gotRow, ok := key.Resolve(seen); !ok || gotPart != part || gotRow != row {
				t.Fatalf("%q is %s, %d, %v; want %s, %d", seen, gotPart, gotRow, ok, part, row)
			}
		}
		if _, _, ok := other.Resolve(ref); ok {
			t.Fatal("another key accepts it")
		}
		n := rapid.IntRange(0, len(ref)-1).Draw(t, "at")
		changed := ref[:n] + string(rapid.SampledFrom([]rune("0123456789abcdefghijklmnopqrstuv")).Draw(t, "to")) + ref[n+1:]
		if _, _, ok := key.Resolve(changed); ok && changed != ref {
			t.Fatalf("%q was accepted for %q", changed, ref)
		}
	})
}

func FuzzResolve(f *testing.F) {
	key := Key("one")
	f.Add(key.Ref("SR-1.1.0.email", 0))
	f.Add("")
	f.Add(key.Ref("SR-1.1.0.email", 0) + "\n\n")
	f.Fuzz(func(t *testing.T, ref string) {
		if part, row, ok := key.Resolve(ref); ok && key.Ref(part, row) != strings.ToLower(ref) {
			t.Errorf("%q is taken for %s, %d", ref, part, row)
		}
	})
}
