package policies

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Template is a pattern that names files of the operator's own templates, and
// where it stands. Whoever reads the files says by it what is wrong with them.
type Template struct {
	Pattern string // as filepath.Glob reads it
	// Folder is the configuration's own, from which on the files' folders count.
	Folder string
	at     Problem
}

// Problem is what is wrong with the files that the pattern names.
func (t Template) Problem(text, hint string) Problem {
	p := t.at
	p.Text, p.Hint = text, hint
	return p
}

// Brings says which languages the operator's own templates bring beside those
// that ship, and what is wrong with how their files are named.
type Brings func([]Template) (languages []string, problems Problems)

// templates reads the patterns. They come first: which languages there are
// follows from them.
func (l *loader) templates(v value) {
	l.languages = shippedLanguages()
	if l.isElsewhere(v) && !v.absent() {
		l.anyLanguage = true // what they bring is not known here
		return
	}
	before := len(l.problems)
	for _, item := range l.someOf(v, `write templates: ["words/*.tmpl"], or remove the key`) {
		pattern, ok := l.text(item)
		if !ok {
			continue
		}
		if _, err := filepath.Match(pattern, ""); err != nil {
			l.fail(item.at, "close each [, and write \\[ for the sign itself", "bad pattern %q", pattern)
			continue
		}
		folder := filepath.Dir(l.file)
		t := Template{Pattern: filepath.Clean(pattern), Folder: folder, at: l.problem(item.at, "", "")}
		if !filepath.IsAbs(pattern) {
			t.Pattern = filepath.Join(plainPattern.ReplaceAllString(folder, `\$0`), pattern)
		}
		if slices.ContainsFunc(l.cfg.Templates, func(other Template) bool { return other.Pattern == t.Pattern }) {
			l.fail(item.at, "name it once", "pattern %q appears twice", pattern)
			continue
		}
		l.cfg.Templates = append(l.cfg.Templates, t)
	}
	if l.brings == nil || len(l.cfg.Templates) == 0 || len(l.problems) > before {
		return
	}
	more, problems := l.brings(l.cfg.Templates)
	l.problems = append(l.problems, problems...)
	l.languages = append(l.languages, more...)
	slices.Sort(l.languages)
	l.languages = slices.Compact(l.languages)
}

// plainPattern is what means something in a pattern, and may stand in the name of
// a folder.
var plainPattern = regexp.MustCompile(`[][*?\\]`)

// shippedLanguages are those of which the folder of templates ships, sorted.
func shippedLanguages() []string {
	entries, err := fs.ReadDir(Default, "default/words")
	if err != nil { // it is part of the program
		return nil
	}
	var all []string
	for _, e := range entries {
		if e.IsDir() {
			all = append(all, e.Name())
		}
	}
	return all
}

// language returns a language that messages can be written in.
func (l *loader) language(v value) string {
	s, ok := l.text(v)
	if ok && !l.anyLanguage && !slices.Contains(l.languages, s) {
		l.fail(v.at, l.languageHint(), "unknown language %q", s)
		return ""
	}
	return s
}

// languageHint names all that there are: a wrong one of two letters is near to any.
func (l *loader) languageHint() string { return languageHint(l.languages) }

func languageHint(all []string) string {
	return "known here: " + strings.Join(all, ", ") + "; templates of your own may bring others"
}

// informal reports whether readers are called by the familiar word, where a
// language has one.
func (l *loader) informal(v value, otherwise bool) bool {
	s, ok := l.oneOf(v, "address", []string{"formal", "informal"})
	if !ok {
		return otherwise
	}
	return s == "informal"
}

const hostLabel = `[a-z0-9](?:[a-z0-9-]*[a-z0-9])?`

// hostName is a host, or all below a name of at least two labels: below one, that
// would be a country.
var hostName = regexp.MustCompile(`^(?:\*\.` + hostLabel + `\.)?` + hostLabel + `(?:\.` + hostLabel + `)*$`)

// hosts reads those whose addresses people may follow.
func (l *loader) hosts(v value) []string {
	const hint = "write a name such as intranet.example.org, or *.example.org for all below one"
	var all []string
	for _, item := range l.someOf(v, "name at least one, or remove the key") {
		s, ok := l.text(item)
		if !ok {
			continue
		}
		host := strings.ToLower(s)
		switch {
		case !hostName.MatchString(host) || len(host) > 253:
			l.fail(item.at, hint, "bad host %q", s)
		case slices.Contains(all, host):
			l.fail(item.at, "name it once", "host %q appears twice", host)
		default:
			all = append(all, host)
		}
	}
	return all
}
