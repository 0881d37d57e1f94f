package words

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Hint is something in a message that its readers may stumble over.
type Hint struct {
	// Said is the part that it stands in, less its text; empty where something is
	// missing that no part says.
	Said
	Rule     string // "long sentence"
	Term     string // what it is about: a word of the sentence
	Sentence string
	Why      string // and what to do
}

// Lint looks at what a message says, sentence by sentence. A text that is rendered
// already is one Said with a Text alone.
func Lint(all []Said, x *Lexicon) []Hint {
	var hints []Hint
	for _, s := range all {
		text := s.Text
		s.Text = ""
		shouts := 0
		for _, sentence := range sentences(text) {
			for _, h := range x.sentenceHints(sentence) {
				h.Said, h.Sentence = s, sentence
				hints = append(hints, h)
			}
			if shouts += strings.Count(sentence, "!"); shouts > 1 {
				hints = append(hints, Hint{Said: s, Rule: "exclamation marks", Term: "!", Sentence: sentence, Why: "one is enough, and in an outage mostly none: they sound alarmed"})
				shouts = -1000 // once is enough here too
			}
		}
	}
	return hints
}

// Hints is Lint for a message as one reader gets it, and looks for what is missing
// in it.
func (p *Pack) Hints(pieces []Piece, r Reader, x *Lexicon) ([]Hint, error) {
	s, err := p.speakerOf(pieces, r)
	if err != nil {
		return nil, err
	}
	all, err := p.Said(pieces, r)
	if err != nil {
		return nil, err
	}
	var ours []Said
	for _, one := range all {
		switch one.Part {
		case "command":
			continue
		case "account": // its values are people's own words
			one.Text = labels(one.Text)
		}
		ours = append(ours, one)
	}
	hints := Lint(ours, x)
	if experts := []string{"technical", resolution}; slices.Contains(experts, s.facts.Reads) {
		hints = slices.DeleteFunc(hints, func(h Hint) bool { return h.Rule == "jargon" })
	}
	return append(hints, missing(s.facts, all)...), nil
}

// labels are the left halves of rows.
func labels(text string) string {
	var out []string
	for _, r := range rows(text) {
		out = append(out, r.Label)
	}
	return strings.Join(out, "\n")
}

// missing looks for what a reader would ask next.
func missing(f *facts, all []Said) []Hint {
	says := func(what string, parts ...string) bool {
		return slices.ContainsFunc(all, func(s Said) bool {
			return (len(parts) == 0 || slices.Contains(parts, s.Part)) && strings.Contains(fold(s.Text), fold(what))
		})
	}
	var hints []Hint
	if f.Next.Set() && !says(f.Next.Before(), "next") {
		hints = append(hints, Hint{Rule: "no next update", Why: "the message does not say before when the next update comes: the part next may"})
	}
	if f.Workaround != "" && !f.Kind.final() && (f.Reads == "staff" || f.Reads == "customer") && !says(f.Workaround) {
		hints = append(hints, Hint{Rule: "no workaround", Why: "it is known what people can do meanwhile, and the message does not tell them: {{.Workaround}} does"})
	}
	return hints
}

// sentenceHints looks at one sentence.
func (x *Lexicon) sentenceHints(sentence string) []Hint {
	words, text := tokens(sentence)
	var hints []Hint
	add := func(rule, term, format string, args ...any) {
		hints = append(hints, Hint{Rule: rule, Term: term, Why: fmt.Sprintf(format, args...)})
	}
	if n := len(strings.Fields(sentence)); n > x.sentence {
		add("long sentence", "", "it has %d words, and is easier to read with %d at most: make it two", n, x.sentence)
	}
	for _, w := range words {
		if utf8.RuneCountInString(w) > x.word {
			add("long word", w, "it has %d letters: use a shorter word, or two", utf8.RuneCountInString(w))
		}
	}
	for _, f := range finds(x.jargon, words, text) {
		add("jargon", f.term, "%s", instead(f.better, "say it in a word that everybody uses"))
	}
	for _, f := range finds(x.soon, words, text) {
		if aClock.MatchString(sentence) {
			break
		}
		add("no clock time", f.term, "people want to know a time: say before when, even if only the next update is meant")
	}
	for _, f := range finds(x.blame, words, text) {
		add("blame", f.term, "say what happened, not who did it")
	}
	if term := x.passive(sentence); term != "" {
		add("passive", term, "say who does it: \"we …\"")
	}
	if shouted := x.shouted(words); len(shouted) > 0 {
		add("capitals", strings.Join(shouted, " "), "words in capitals read as shouting")
	}
	return hints
}

func instead(better, otherwise string) string {
	switch {
	case better == "":
		return otherwise
	case strings.HasPrefix(better, "say ") || strings.HasPrefix(better, "zeg "):
		return better
	}
	return fmt.Sprintf("better: %q", better)
}

// clauseEnd is where a verb and its participle do not belong together any more.
var clauseEnd = regexp.MustCompile(`[,;:()"“”–—]|\s(?:-|and|or|but|en|of|maar)\s`)

// passive returns the verb and the participle of a clause in the passive voice.
func (x *Lexicon) passive(sentence string) string {
	for _, clause := range clauseEnd.Split(sentence, -1) {
		words, text := tokens(clause)
		for v := range text {
			if !x.verb(text, v) {
				continue
			}
			for n := max(v-x.before, 0); n <= min(v+1+x.after, len(text)-1); n++ {
				if n != v && among(x.forms, text, n) && !x.except(text, n) {
					return words[v] + " … " + words[n]
				}
			}
		}
	}
	return ""
}

// except reports whether what looks like a participle is none, by itself or by the
// words before it.
func (x *Lexicon) except(text []string, at int) bool {
	return slices.ContainsFunc(x.not, func(p phrase) bool { return p.at(text, at+1-len(p.words)) })
}

// verb reports whether a verb of the passive stands in a clause at a word. Some
// are one only where the word for whoever does it is there too.
func (x *Lexicon) verb(text []string, at int) bool {
	return slices.ContainsFunc(x.verbs, func(p phrase) bool {
		return p.at(text, at) && (p.better == "" || slices.Contains(text, p.better))
	})
}

// tokens cuts a text into words, as they are and in small letters.
func tokens(s string) (words, small []string) {
	words = strings.FieldsFunc(s, func(r rune) bool { return !wordy(r) })
	for _, w := range words {
		small = append(small, fold(w))
	}
	return words, small
}

// shouted are the words in capitals, where there are so many that it is no
// abbreviation.
func (x *Lexicon) shouted(words []string) []string {
	var all []string
	letters := 0
	for _, w := range words {
		if upper := strings.ToUpper(w); w == upper && w != strings.ToLower(w) && utf8.RuneCountInString(w) > 2 && !x.capitals[w] &&
			!strings.ContainsFunc(w, unicode.IsDigit) {
			all = append(all, w)
			letters += utf8.RuneCountInString(w)
		}
	}
	if len(all) < 2 && letters < 6 {
		return nil
	}
	return all
}

// aClock is a time of the day.
var aClock = regexp.MustCompile(`\b[0-2]?[0-9][.:][0-5][0-9]\b`)

// aSentenceEnds is where one sentence ends and another one may begin.
var aSentenceEnds = regexp.MustCompile(`[.!?…]["')]?\s+`)

// sentences cuts a text at the ends of its sentences, paragraphs and rows.
func sentences(text string) []string {
	var out []string
	for _, l := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '|' }) {
		from := 0
		for _, at := range aSentenceEnds.FindAllStringIndex(l, -1) {
			if next, _ := utf8.DecodeRuneInString(l[at[1]:]); unicode.IsLower(next) {
				continue // "14.30 uur", "e.g. this"
			}
			out = append(out, l[from:at[1]])
			from = at[1]
		}
		out = append(out, l[from:])
	}
	for i, s := range out {
		out[i] = line(s)
	}
	return slices.DeleteFunc(out, func(s string) bool { return s == "" })
}
