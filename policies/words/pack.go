package words

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"text/template/parse"
)

// skeleton is the one HTML page that every email is poured into.
const skeleton = "mail.html.tmpl"

// audiences are what an audience can read.
var audiences = []string{"executive", "management", "technical", "staff", "customer"}

// teams are as what the two teams read: the one talks, the other solves.
var teams = []string{communication, resolution}

const (
	communication = "communication"
	resolution    = "resolution"
)

// Options are what a pack is made of beside the templates that ship.
type Options struct {
	// Own are the operator's own templates.
	Own []Source
	// Segments is the most that an SMS may take with a person's words, from 1 to
	// MaxSegments; 0: DefaultSegments. Without such words it is one.
	Segments int
	Hosts    Hosts // where an address in somebody's text may lead
}

// Pack holds the parsed templates. It never changes after Parse, and may be
// used by several goroutines.
type Pack struct {
	options   Options
	languages map[string]*language
	// shipped says what own words cannot; nil where there are none.
	shipped *Pack
	ownPage bool
}

// Parse reads the templates that ship, and no others.
func Parse(files fs.FS) (*Pack, error) { return Options{}.Parse(files) }

// Parse reads the templates from files, whose root holds a folder for each
// language and the HTML skeleton, and the operator's own over them. It reports
// every faulty file, with its line. Whether the messages can be rendered, and
// what they look like, is for Check to say.
func (o Options) Parse(files fs.FS) (*Pack, error) {
	if o.Segments == 0 {
		o.Segments = DefaultSegments
	}
	p, err := o.parse(files)
	if err != nil {
		return nil, fmt.Errorf("read the message templates:\n%w", err)
	}
	return p, nil
}

func (o Options) parse(files fs.FS) (*Pack, error) {
	page, err := fs.ReadFile(files, skeleton)
	faults := []error{err}
	b := batch{options: o, page: source{Source: Source{File: skeleton, Text: string(page)}}, made: make(map[string]*material)}
	entries, err := fs.ReadDir(files, ".")
	faults = append(faults, err)
	for _, e := range entries {
		if e.IsDir() {
			faults = append(faults, b.ship(files, e.Name()))
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	base, err := b.pack()
	if err != nil || len(o.Own) == 0 {
		return base, err
	}
	if err := b.add(o.Own); err != nil {
		return nil, err
	}
	p, err := b.pack()
	if err != nil {
		return nil, err
	}
	p.shipped, p.ownPage = base, b.page.own
	return p, nil
}

// batch is what a pack is being made of.
type batch struct {
	options Options
	page    source
	made    map[string]*material
}

// ship adds a language that ships.
func (b *batch) ship(files fs.FS, code string) error {
	tag, ok := languageTag(code)
	if !ok {
		return fmt.Errorf("%s: the folder's name is no language tag", code)
	}
	all, err := sources(files, code)
	if err != nil {
		return err
	}
	m := &material{code: code, folder: code, tag: tag}
	var faults []error
	for _, s := range all {
		trees, err := s.trees()
		faults = append(faults, err)
		m.shipped = append(m.shipped, trees...)
	}
	b.made[code] = m
	return errors.Join(faults...)
}

// pack makes the languages.
func (b *batch) pack() (*Pack, error) {
	p := &Pack{options: b.options, languages: make(map[string]*language)}
	var faults []error
	for _, code := range slices.Sorted(maps.Keys(b.made)) {
		m := *b.made[code]
		m.page, m.options = b.page, b.options
		l, err := newLanguage(m)
		if len(m.own) > 0 {
			err = errors.Join(err, l.idle())
		}
		if len(m.shipped) == 0 && l.tongue.spoken() {
			err = errors.Join(err, l.unfinished())
		}
		if err != nil && len(m.shipped) == 0 {
			err = fmt.Errorf("%w\n    hint: the folder %s makes %q a new language; begin with a copy of policies/default/words/en, or give the folder another name", err, m.folder, code)
		}
		faults = append(faults, err)
		p.languages[code] = l
	}
	return p, errors.Join(unique(faults)...)
}

// unique leaves out faults that were reported already: of the page, that is the
// same in each language.
func unique(faults []error) []error {
	seen := make(map[string]bool)
	return slices.DeleteFunc(faults, func(err error) bool {
		if err == nil || seen[err.Error()] {
			return true
		}
		seen[err.Error()] = true
		return false
	})
}

// add takes in the operator's own templates: first the languages that they
// bring, since by those the parts of the other files are told.
func (b *batch) add(own []Source) error {
	var faults []error
	for _, s := range own {
		if tag, ok := languageTag(s.Folder); ok && b.made[s.Folder] == nil {
			b.made[s.Folder] = &material{code: s.Folder, folder: path.Dir(s.File), tag: tag}
		}
	}
	for _, s := range own {
		if path.Base(s.File) == skeleton {
			faults = append(faults, b.pour(s))
			continue
		}
		trees, err := s.trees()
		if err == nil {
			err = b.sort(s, trees)
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// pour takes another HTML page.
func (b *batch) pour(s Source) error {
	if _, is := languageTag(s.Folder); is {
		return fmt.Errorf("%s: the page is that of all languages, and does not belong into the folder of one", s.File)
	}
	if b.page.own {
		return fmt.Errorf("%s: there is another page, %s", s.File, b.page.File)
	}
	b.page = source{Source: s, own: true}
	return nil
}

// sort gives the parts of a file to the languages that they are of.
func (b *batch) sort(s Source, trees []*parse.Tree) error {
	if m := b.made[s.Folder]; m != nil {
		m.own = append(m.own, trees...)
		return nil
	}
	var faults []error
	for _, tree := range trees {
		code, name, _ := strings.Cut(tree.Name, ".")
		m := b.made[code]
		if m == nil || name == "" {
			faults = append(faults, fmt.Errorf("%s: %q does not begin with a language%s", place(tree, tree.Root), tree.Name, b.languageHint(s, tree.Name)))
			continue
		}
		tree.Name = name
		for _, n := range includes(tree) { // these may begin with it too
			n.Name = strings.TrimPrefix(n.Name, code+".")
		}
		m.own = append(m.own, tree)
	}
	return errors.Join(faults...)
}

func (b *batch) languageHint(s Source, name string) string {
	if code, is := misnamed(s.Folder); is {
		return fmt.Sprintf("\n    hint: for a language of its own, call the folder %s", code)
	}
	codes := slices.Sorted(maps.Keys(b.made))
	return fmt.Sprintf("\n    hint: write %q, or put the file into a folder %s; there are %s",
		codes[len(codes)-1]+"."+name, codes[len(codes)-1], strings.Join(codes, ", "))
}

// Languages returns the languages that messages can be told in.
func (p *Pack) Languages() []string { return slices.Sorted(maps.Keys(p.languages)) }

// LanguageOf returns the language of a folder's files, where its name is the tag
// of one.
func LanguageOf(folder string) (code string, ok bool) {
	_, ok = languageTag(folder)
	return folder, ok
}

func choose[T any](first bool, a, b T) T {
	if first {
		return a
	}
	return b
}
