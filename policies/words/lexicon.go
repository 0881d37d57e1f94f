package words

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"
)

// lexiconFile is where a language keeps what Lint looks for, in its folder.
const lexiconFile = "lint.txt"

// Lexicon is what readers of one language stumble over.
type Lexicon struct {
	Language string
	// How many words a sentence and how many letters a word may have.
	sentence, word int
	// How many words after a verb of the passive its participle may stand, and how
	// many before it.
	after, before int

	jargon, soon, blame []phrase
	verbs, forms, not   []phrase // of the passive
	capitals            map[string]bool
}

// phrase is one word or several that follow each other, and what may be said
// instead. A * in a word stands for any letters.
type phrase struct {
	words  []string
	better string
}

// LexiconIn is where the lexicon of a language stands, beside a file of its words.
func LexiconIn(file string) string { return filepath.Join(filepath.Dir(file), lexiconFile) }

// Lexicons reads the lexicon of each language whose folder has one. The operator's own
// add to those that ship, and are all that there is of a language of theirs.
func Lexicons(files fs.FS, own ...Source) (map[string]*Lexicon, error) {
	names, err := fs.Glob(files, path.Join("*", lexiconFile))
	if err != nil {
		return nil, err
	}
	all := make(map[string]*Lexicon)
	var faults []error
	read := func(name, code, text string) {
		if all[code] == nil {
			all[code] = &Lexicon{Language: code, sentence: 20, word: 20, after: 2, capitals: make(map[string]bool)}
		}
		faults = append(faults, all[code].read(name, text))
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		faults = append(faults, err)
		read(name, path.Dir(name), string(text))
	}
	for _, s := range own {
		if _, ok := languageTag(s.Folder); !ok {
			faults = append(faults, fmt.Errorf("%s: the folder's name is no language tag", s.File))
			continue
		}
		read(s.File, s.Folder, s.Text)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, fmt.Errorf("read what to look for in messages: %w", err)
	}
	return all, nil
}

// read adds what a file says.
func (x *Lexicon) read(name, text string) error {
	var faults []error
	section := ""
	for n, l := range strings.Split(text, "\n") {
		l, _, _ = strings.Cut(l, "#")
		l = strings.TrimSpace(l)
		var err error
		switch {
		case l == "":
		case strings.HasPrefix(l, "["):
			section = strings.Trim(l, "[]")
			_, err = x.section(section)
		default:
			err = x.entry(section, l)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("%s:%d: %w", name, 1+n, err))
		}
	}
	return errors.Join(faults...)
}

// section returns where the entries below a heading go; nil for those that are
// no phrases.
func (x *Lexicon) section(name string) (*[]phrase, error) {
	switch name {
	case "jargon":
		return &x.jargon, nil
	case "soon":
		return &x.soon, nil
	case "blame":
		return &x.blame, nil
	case "passive verbs":
		return &x.verbs, nil
	case "passive forms":
		return &x.forms, nil
	case "passive not":
		return &x.not, nil
	case "limits", "capitals":
		return nil, nil
	}
	return nil, fmt.Errorf("no heading is called [%s]; there are [limits], [jargon], [soon], [blame], [passive verbs], [passive forms], [passive not], [capitals]", name)
}

func (x *Lexicon) entry(section, l string) error {
	left, right, _ := strings.Cut(l, "=")
	left, right = strings.TrimSpace(left), strings.TrimSpace(right)
	switch section {
	case "limits":
		return x.limit(left, right)
	case "capitals":
		x.capitals[left] = true
		return nil
	}
	list, err := x.section(section)
	if err != nil {
		return nil // its heading was reported
	}
	p := phrase{words: patternWords(left), better: right}
	if len(p.words) == 0 {
		return fmt.Errorf("%q has no words", l)
	}
	*list = append(*list, p)
	return nil
}

func (x *Lexicon) limit(name, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return fmt.Errorf("%q is no number", value)
	}
	limits := map[string]*int{"sentence": &x.sentence, "word": &x.word, "passive after": &x.after, "passive before": &x.before}
	if limits[name] == nil {
		return fmt.Errorf("no limit is called %q; there are sentence, word, passive after and passive before", name)
	}
	*limits[name] = n
	return nil
}

// patternWords cuts a pattern into words, in small letters.
func patternWords(s string) []string {
	return strings.FieldsFunc(fold(s), func(r rune) bool { return !wordy(r) && r != '*' })
}

// wordy reports whether a character is of a word.
func wordy(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mn, r)
}

// at reports whether the phrase stands in a text at a word.
func (p phrase) at(text []string, n int) bool {
	if n < 0 || n+len(p.words) > len(text) {
		return false
	}
	for i, w := range p.words {
		if ok, err := path.Match(w, text[n+i]); err != nil || !ok {
			return false
		}
	}
	return true
}

// find is a phrase that stands in a text, as it is written there.
type find struct{ term, better string }

// finds returns the phrases that stand in a text, the longest where several do.
func finds(all []phrase, words, text []string) []find {
	var out []find
	for n := 0; n < len(text); n++ {
		var best phrase
		for _, p := range all {
			if p.at(text, n) && len(p.words) > len(best.words) {
				best = p
			}
		}
		if k := len(best.words); k > 0 {
			out = append(out, find{strings.Join(words[n:n+k], " "), best.better})
			n += k - 1
		}
	}
	return out
}

// among reports whether one of the phrases stands in a text at a word.
func among(all []phrase, text []string, n int) bool {
	for _, p := range all {
		if p.at(text, n) {
			return true
		}
	}
	return false
}
