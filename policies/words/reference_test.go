package words

import (
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reference is what the README for authors lists under each of its headings, by
// what stands between the first backticks of a row.
func reference(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../default/words/README.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("^\\| `([^`]+)`")
	all := make(map[string][]string)
	heading := ""
	for line := range strings.Lines(string(text)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			heading = strings.TrimSpace(title)
		}
		if m := row.FindStringSubmatch(line); m != nil {
			all[heading] = append(all[heading], m[1])
		}
	}
	return all
}

// offers are what a template may use of a value: its fields and its methods, less
// how it prints.
func offers(v any) []string {
	names := make(map[string]bool)
	value := reflect.TypeOf(v)
	for i := range value.NumMethod() {
		if name := value.Method(i).Name; name != "String" {
			names["."+name] = true
		}
	}
	if value.Kind() == reflect.Pointer {
		value = value.Elem()
	}
	for _, f := range reflect.VisibleFields(value) {
		if f.IsExported() && !f.Anonymous {
			names["."+f.Name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// The reference for those who write templates says all that they may use, and
// nothing else.
func TestTheReferenceIsTrue(t *testing.T) {
	var parts []string
	for _, part := range composed {
		parts = append(parts, part.name)
	}
	r := &grammarReader{l: pack(t).languages["nl"], counts: newCounts(pack(t).languages["nl"].tag)}
	if _, err := r.read(); err != nil {
		t.Fatal(err)
	}
	var grammatical []string
	for _, name := range r.known {
		if base := strings.TrimSuffix(strings.TrimSuffix(name, ".one"), ".other"); base != name {
			name = base + ".one"
		}
		grammatical = append(grammatical, name)
	}
	listed := reference(t)
	for heading, want := range map[string][]string{
		"Parts":                 parts,
		"The message":           offers(&facts{}),
		"Moments":               offers(moment{}),
		"SLA clocks":            offers(clock{}),
		"Series":                offers(&series{}),
		"Updates that fall due": offers(ask{}),
		"A planned change":      offers(&plannedWork{}),
		"Ailments":              offers(Ailment{}),
		"Functions":             functionNames(),
		"The page":              offers(letter{}),
		"A language":            grammatical,
	} {
		got := slices.Clone(listed[heading])
		for _, all := range [][]string{got, want} {
			slices.Sort(all)
		}
		want = slices.Compact(want)
		for _, name := range want {
			if !slices.Contains(got, name) {
				t.Errorf("%s: %s is not listed", heading, name)
			}
		}
		for i, name := range got {
			if !slices.Contains(want, name) {
				t.Errorf("%s: there is no %s", heading, name)
			}
			if i > 0 && got[i-1] == name {
				t.Errorf("%s: %s is listed twice", heading, name)
			}
		}
		delete(listed, heading)
	}
	for heading := range listed {
		t.Errorf("nothing looks at what is listed under %q", heading)
	}
}
