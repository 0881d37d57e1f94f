package main

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode"

	"sitrep/policies"
	"sitrep/policies/words"
)

// hints writes what readers may stumble over in the messages of a configuration,
// as its examples say them: each once, where it first stands. They are advice.
func hints(cfg *policies.Config, out io.Writer) error {
	pack, err := messages(cfg)
	if err != nil {
		return err
	}
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		return err
	}
	sources, problems := ownWords(cfg.Templates)
	if len(problems) > 0 {
		return problems
	}
	own, err := ownLexicons(sources)
	if err != nil {
		return err
	}
	lexicons, err := words.Lexicons(files, own...)
	if err != nil {
		return err
	}
	s := &studio{cfg: cfg, pack: pack, examples: map[string][]words.Example{}}
	seen := map[string]bool{}
	count := 0
	for _, code := range s.languages() {
		lexicon := lexicons[code]
		if lexicon == nil {
			fmt.Fprintf(out, "words: there is no lint.txt for %s, so nobody knows what to look for in it\n", code)
			continue
		}
		examples, err := s.examplesIn(code)
		if err != nil {
			return err
		}
		for _, e := range examples {
			for _, x := range s.toEach(e, code) {
				found, err := pack.Hints(x.pieces, x.to.Reader, lexicon)
				if err != nil {
					return err
				}
				for _, h := range found {
					if key := hintKey(x, h); !seen[key] {
						seen[key] = true
						count++
						fmt.Fprint(out, hintText(x, h))
					}
				}
			}
		}
	}
	fmt.Fprintf(out, "words: %s; they are advice, and no errors\n", plural(count, "hint", "hints"))
	return nil
}

func plural(n int, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}

// hintKey is the same for hints that say the same of the same words.
func hintKey(x exhibit, h words.Hint) string {
	where := []string{x.to.Language, h.File, h.Name, h.Rule}
	switch {
	case h.Rule == "long word": // a service is called so wherever it stands
		return x.to.Language + h.Term
	case h.Name == "":
		return strings.Join(append(where, string(x.kind)), "\n")
	case h.Term != "":
		return strings.Join(append(where, h.Term), "\n")
	}
	masked := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, h.Sentence)
	return strings.Join(append(where, masked), "\n")
}

// hintText says where something stands, what it is, and why somebody may stumble
// over it.
func hintText(x exhibit, h words.Hint) string {
	where := x.to.Language
	if h.Name != "" {
		where = h.File + ": " + h.Name
	}
	what := h.Rule
	if h.Term != "" {
		what += fmt.Sprintf(" %q", h.Term)
	}
	text := fmt.Sprintf("words: %s (%s for %s): %s\n", where, x.name, x.to.name, what)
	if h.Sentence != "" {
		text += "    " + h.Sentence + "\n"
	}
	return text + "    " + h.Why + "\n"
}
