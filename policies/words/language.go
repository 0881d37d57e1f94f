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
	"time"

	bcp47 "golang.org/x/text/language"
)

// language is the parts of one language. It never changes once it is made.
type language struct {
	code   string
	tag    bcp47.Tag
	folder string // where its files are
	tongue *tongue
	parts  *template.Template
	// page is the HTML page, with the functions of this language.
	page *htmltemplate.Template
	// turns counts the numbered phrasings of a part: "holding.opening" has
	// four where "holding.opening.1" to ".4" are defined.
	turns map[string]int
	// own are the parts of the operator's own words, by name.
	own map[string]bool
	// timed says that some part asks what time it is, timedPage that the page
	// does: they are told so anew for each message.
	timed, timedPage bool
	addressed        bool // some part asks how its reader is called
	segments         int  // that an SMS with a person's words may take
}

// material is what a language is made of.
type material struct {
	code, folder string
	tag          bcp47.Tag
	shipped, own []*parse.Tree
	page         source
	options      Options
}

// newLanguage puts a language together. Of a part that stands among the own
// ones, no phrasing that ships is left.
func newLanguage(m material) (*language, error) {
	l := &language{
		code: m.code, tag: m.tag, folder: m.folder, segments: m.options.Segments,
		tongue: &tongue{}, turns: make(map[string]int), own: make(map[string]bool),
	}
	call := functions(l.tongue, time.Time{})
	l.parts = template.New(m.code).Funcs(call)
	given := make(map[string]bool)
	for _, tree := range m.own {
		given[unnumbered(tree.Name)] = true
		stepped(tree)
	}
	var faults []error
	add := func(trees []*parse.Tree) {
		for _, tree := range trees {
			if twin := l.parts.Lookup(tree.Name); twin != nil {
				faults = append(faults, fmt.Errorf("%s: %q is defined in %s too", place(tree, tree.Root), tree.Name, place(twin.Tree, twin.Tree.Root)))
				continue
			}
			if _, err := l.parts.AddParseTree(tree.Name, tree); err != nil {
				faults = append(faults, err)
			}
			l.timed = l.timed || asksTheTime(tree)
			l.addressed = l.addressed || asksTheAddress(tree)
		}
	}
	add(slices.DeleteFunc(slices.Clone(m.shipped), func(t *parse.Tree) bool { return given[unnumbered(t.Name)] }))
	add(m.own)
	for _, tree := range m.own {
		l.own[tree.Name] = true
	}
	var err error
	call["links"] = m.options.Hosts.spans
	l.page, l.timedPage, err = m.page.page(call)
	faults = append(faults, l.countTurns(), l.readTongue(), err)
	return l, errors.Join(faults...)
}

var numbered = regexp.MustCompile(`^(.+)\.([0-9]+)$`)

// unnumbered returns the name of a part of which this is a phrasing.
func unnumbered(name string) string {
	if m := numbered.FindStringSubmatch(name); m != nil {
		return m[1]
	}
	return name
}

// all returns the parts by name.
func (l *language) all() []*template.Template {
	return slices.SortedFunc(slices.Values(l.parts.Templates()), func(a, b *template.Template) int { return strings.Compare(a.Name(), b.Name()) })
}

// countTurns finds the numbered phrasings; their numbers run from 1 without a
// gap.
func (l *language) countTurns() error {
	var faults []error
	one := make(map[string]*parse.Tree)
	for _, t := range l.all() {
		if m := numbered.FindStringSubmatch(t.Name()); m != nil {
			l.turns[m[1]]++
			one[m[1]] = t.Tree
		}
	}
	for _, part := range slices.Sorted(maps.Keys(l.turns)) {
		n := l.turns[part]
		for i := 1; i <= n; i++ {
			if l.parts.Lookup(part+"."+strconv.Itoa(i)) == nil {
				faults = append(faults, fmt.Errorf("%s: %q has %d numbered phrasings but no number %d", place(one[part], one[part].Root), part, n, i))
				break
			}
		}
		if t := l.parts.Lookup(part); t != nil {
			faults = append(faults, fmt.Errorf("%s: %q is defined both with and without numbers", place(t.Tree, t.Tree.Root), part))
		}
	}
	return errors.Join(faults...)
}

// at returns the language at the moment of a message.
func (l *language) at(now time.Time) (*language, error) {
	if !l.timed && !l.timedPage {
		return l, nil
	}
	told, call := *l, functions(l.tongue, now)
	var err error
	if l.timed {
		if told.parts, err = l.parts.Clone(); err != nil {
			return nil, err
		}
		told.parts.Funcs(call)
	}
	if l.timedPage {
		if told.page, err = l.page.Clone(); err != nil {
			return nil, err
		}
		told.page.Funcs(call)
	}
	return &told, nil
}

// find returns the part for a kind and a reader: the most special one there is,
// and of several phrasings the one whose turn it is; nil where there is none.
func (l *language) find(part string, data *facts) *template.Template {
	for _, name := range candidates(part, data) {
		if n := l.turns[name]; n > 0 {
			turn := ((data.Number-1)%n+n)%n + 1
			return l.parts.Lookup(name + "." + strconv.Itoa(turn))
		}
		if t := l.parts.Lookup(name); t != nil {
			return t
		}
	}
	return nil
}

// candidates are the names of a part, special ones first. What is said of a
// planned change goes before what is said of an outage.
func candidates(part string, f *facts) []string {
	names := []string{
		string(f.Kind) + "." + f.Reads + "." + part,
		string(f.Kind) + "." + part,
		f.Reads + "." + part,
		part,
	}
	if f.Change == nil {
		return names
	}
	var of []string
	for i, name := range names {
		if i < 2 || !f.ToTeam() { // what a team is asked differs more by what it is asked
			of = append(of, flavour+"."+name)
		}
	}
	return append(of, names...)
}

// say executes a part. A part that is not optional must be there.
func (l *language) say(part string, data *facts, optional bool) (string, error) {
	t := l.find(part, data)
	if t == nil {
		if optional {
			return "", nil
		}
		return "", fmt.Errorf("%s: no part %s", l.code, strings.Join(candidates(part, data), ", "))
	}
	return run(t, data)
}

func run(t *template.Template, data any) (string, error) {
	u := saying()
	err := t.Execute(u, data)
	if _, told := errors.AsType[template.ExecError](err); err != nil && !told { // of the writer
		err = template.ExecError{Name: t.Name(), Err: fmt.Errorf("%s: %q: %w", place(t.Tree, t.Root), t.Name(), err)}
	}
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

// sources returns the template files of a folder.
func sources(files fs.FS, folder string) ([]Source, error) {
	names, err := fs.Glob(files, path.Join(folder, "*.tmpl"))
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("%s: no *.tmpl files for this language", folder)
	}
	var out []Source
	var faults []error
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		faults = append(faults, err)
		out = append(out, Source{File: name, Folder: folder, Text: string(text)})
	}
	return out, errors.Join(faults...)
}
