package words

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// skeleton is the one HTML page that every email is poured into.
const skeleton = "mail.html.tmpl"

// tongues are the languages that can be told in.
var tongues = map[string]*tongue{"nl": dutch, "en": english}

// audiences are what an audience can read.
var audiences = []string{"executive", "management", "technical", "staff", "customer"}

// teams are as what the two teams read: the one talks, the other solves.
var teams = []string{communication, resolution}

const (
	communication = "communication"
	resolution    = "resolution"
)

// Pack holds the parsed templates. It never changes after Parse, and may be
// used by several goroutines.
type Pack struct {
	languages map[string]*language
	mail      *htmltemplate.Template
}

// language is the parts of one language.
type language struct {
	code   string
	tongue *tongue
	parts  *template.Template
	// turns counts the numbered phrasings of a part: "holding.opening" has
	// four where "holding.opening.1" to ".4" are defined.
	turns map[string]int
}

// Parse reads the templates from files, whose root holds a folder for each
// language and the HTML skeleton. It reports every faulty file, with its line.
// Whether the parts are all there and can be rendered is for Check to say.
func Parse(files fs.FS) (*Pack, error) {
	p := &Pack{languages: make(map[string]*language)}
	var faults []error
	for _, code := range slices.Sorted(maps.Keys(tongues)) {
		l, err := parseLanguage(files, code)
		faults = append(faults, err)
		p.languages[code] = l
	}
	source, err := fs.ReadFile(files, skeleton)
	if err == nil {
		p.mail, err = htmltemplate.New(skeleton).Parse(string(source))
	}
	faults = append(faults, err)
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("read message templates: %w", err)
	}
	return p, nil
}

func parseLanguage(files fs.FS, code string) (*language, error) {
	l := &language{code: code, tongue: tongues[code], turns: make(map[string]int)}
	l.parts = template.New(code).Funcs(template.FuncMap{
		"cap":   l.tongue.capital,
		"count": func(n int, one, more string) string { return fmt.Sprintf("%d %s", n, choose(n == 1, one, more)) },
	})
	names, err := fs.Glob(files, path.Join(code, "*.tmpl"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no *.tmpl files for this language", code)
	}
	var faults []error
	for _, name := range names {
		faults = append(faults, l.read(files, name))
	}
	faults = append(faults, l.countTurns())
	return l, errors.Join(faults...)
}

// read adds the parts of one file. A part that stands twice is a fault, since
// the second would silently win; so is text outside of all parts, which would
// silently be lost.
func (l *language) read(files fs.FS, name string) error {
	source, err := fs.ReadFile(files, name)
	if err != nil {
		return err
	}
	blank, err := l.parts.Clone()
	if err != nil {
		return err
	}
	// Only the functions are wanted of the clone: parts of other files are told
	// apart by the tree's own file name.
	file, err := blank.New(name).Parse(string(source))
	if err != nil {
		return err
	}
	for _, t := range file.Templates() {
		switch {
		case t.Tree == nil || t.Tree.ParseName != name:
		case t.Name() == name:
			if !parse.IsEmptyTree(t.Tree.Root) {
				return fmt.Errorf("%s: text outside of {{define}}", name)
			}
		default:
			if twin := l.parts.Lookup(t.Name()); twin != nil {
				return fmt.Errorf("%s: %q is defined in %s too", name, t.Name(), twin.Tree.ParseName)
			}
			if _, err := l.parts.AddParseTree(t.Name(), t.Tree); err != nil {
				return err
			}
		}
	}
	return nil
}

var numbered = regexp.MustCompile(`^(.+)\.([0-9]+)$`)

// countTurns finds the numbered phrasings; their numbers run from 1 without a
// gap.
func (l *language) countTurns() error {
	var faults []error
	for _, t := range l.parts.Templates() {
		if m := numbered.FindStringSubmatch(t.Name()); m != nil {
			l.turns[m[1]]++
		}
	}
	for _, part := range slices.Sorted(maps.Keys(l.turns)) {
		n := l.turns[part]
		for i := 1; i <= n; i++ {
			if l.parts.Lookup(part+"."+strconv.Itoa(i)) == nil {
				faults = append(faults, fmt.Errorf("%s: %q has %d numbered phrasings but no number %d", l.code, part, n, i))
				break
			}
		}
		if t := l.parts.Lookup(part); t != nil {
			faults = append(faults, fmt.Errorf("%s: %q is defined both with and without numbers", t.Tree.ParseName, part))
		}
	}
	return errors.Join(faults...)
}

// find returns the part for a kind and a reader: the most special one there is,
// and of several phrasings the one whose turn it is; nil where there is none.
func (l *language) find(part string, kind Kind, reads string, number int) *template.Template {
	for _, name := range candidates(part, kind, reads) {
		if n := l.turns[name]; n > 0 {
			turn := ((number-1)%n+n)%n + 1
			return l.parts.Lookup(name + "." + strconv.Itoa(turn))
		}
		if t := l.parts.Lookup(name); t != nil {
			return t
		}
	}
	return nil
}

func candidates(part string, kind Kind, reads string) []string {
	return []string{
		string(kind) + "." + reads + "." + part,
		string(kind) + "." + part,
		reads + "." + part,
		part,
	}
}

// say executes a part. A part that is not optional must be there.
func (l *language) say(part string, data *facts, optional bool) (string, error) {
	t := l.find(part, data.Kind, data.Reads, data.Number)
	if t == nil {
		if optional {
			return "", nil
		}
		return "", fmt.Errorf("%s: no part %s", l.code, strings.Join(candidates(part, data.Kind, data.Reads), ", "))
	}
	return run(t, data)
}

func run(t *template.Template, data any) (string, error) {
	var b strings.Builder
	if err := t.Execute(&b, data); err != nil {
		return "", err
	}
	return b.String(), nil
}

func choose[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
