package words

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Check renders every kind of update for every reader in every language, and
// several together, against the worst that can be asked of the templates, and
// reports all that is wrong with the outcome, each fault once.
func (p *Pack) Check() error {
	var faults []error
	seen := make(map[string]bool)
	report := func(where, name string, found []error) {
		for _, fault := range found {
			if key := where + fault.Error(); !seen[key] {
				seen[key] = true
				faults = append(faults, fmt.Errorf("%s, %s: %w", where, name, fault))
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(p.languages)) {
		for _, kind := range slices.Concat(kinds, teamKinds) {
			for _, reads := range readersOf(kind) {
				r := Reader{Reads: reads, Language: code, Zone: time.UTC}
				for _, c := range worstCases(kind) {
					report(fmt.Sprintf("%s, %s for %s", code, kind, reads), c.name, p.checkCase(c, r))
				}
			}
		}
		for _, reads := range slices.Concat(audiences, teams) {
			for _, c := range worstPieces(reads) {
				report(fmt.Sprintf("%s, %s for %s", code, Combined, reads), c.name, p.checkPieces(c.pieces, Reader{Language: code, Zone: time.UTC}))
			}
		}
	}
	if err := errors.Join(faults...); err != nil {
		return fmt.Errorf("check message templates: %w", err)
	}
	return nil
}

// rounds is how many updates of a kind show each phrasing of it.
func (l *language) rounds(kind Kind) int {
	n := 1
	for part, turns := range l.turns {
		of, _, _ := strings.Cut(part, ".")
		if of == string(kind) || !slices.Contains(slices.Concat(kinds, teamKinds), Kind(of)) {
			n = max(n, turns)
		}
	}
	return n
}

// checkCase looks at one view at every phrasing of it. Of two holding updates
// that only differ in their number, the words must differ too.
func (p *Pack) checkCase(c worstCase, r Reader) []error {
	v := c.view
	rounds, differ := p.languages[r.Language].rounds(v.Kind), v.Kind == Holding || v.Kind == Unknown
	if differ {
		rounds++ // the last and the first follow each other too
	}
	if c.once {
		rounds = 1
	}
	var faults []error
	var last Rendered
	for v.Number = 1; v.Number <= rounds; v.Number++ {
		out, found := p.checkView(v, r)
		if faults = append(faults, found...); out.Text == "" {
			return faults
		}
		if differ && v.Number > 1 {
			for _, said := range []struct{ channel, before, now string }{
				{"text", last.Text, out.Text}, {"HTML", last.HTML, out.HTML}, {"SMS", last.SMS, out.SMS},
			} {
				if maskDigits(said.before) == maskDigits(said.now) {
					faults = append(faults, fmt.Errorf("the %s of updates %d and %d is the same", said.channel, v.Number-1, v.Number))
				}
			}
		}
		last = out
	}
	return faults
}

func maskDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, s)
}
