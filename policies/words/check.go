package words

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Check renders every kind of update for every reader in every language, and
// several together, against the worst that can be asked of the templates, and
// reports all that is wrong with the outcome, each fault once.
func (p *Pack) Check() error { return reported(p.check(p.Languages(), Kinds())) }

// CheckOwn is Check for the languages and kinds in which there are words of the
// operator's own. Those that ship are checked before they do. What is wrong for several
// readers is said once, since one part says it to all of them.
func (p *Pack) CheckOwn() error { return p.checkOwn(Kinds()) }

func (p *Pack) checkOwn(of []Kind) error {
	var found []finding
	for _, code := range p.Languages() {
		concerned := of
		if l := p.languages[code]; !p.ownPage {
			touched := l.concerned()
			concerned = slices.DeleteFunc(slices.Clone(of), func(k Kind) bool { return !slices.Contains(touched, k) })
		}
		found = append(found, p.check([]string{code}, concerned)...)
	}
	var all []finding
	for _, f := range found {
		same := slices.IndexFunc(all, func(one finding) bool {
			return one.language == f.language && one.kind == f.kind && one.fault.Error() == f.fault.Error()
		})
		if same < 0 {
			all = append(all, f)
		} else if of := &all[same]; !strings.Contains(of.reads, f.reads) {
			of.reads += ", " + f.reads
		}
	}
	return reported(all)
}

// finding is a fault and where it came up first.
type finding struct {
	language string
	kind     Kind
	reads    string
	tried    string // which of the worst cases
	fault    error
}

func reported(all []finding) error {
	if len(all) == 0 {
		return nil
	}
	var lines []error
	for _, f := range all {
		lines = append(lines, fmt.Errorf("%s, %s for %s, %s: %w", f.language, f.kind, f.reads, f.tried, f.fault))
	}
	return fmt.Errorf("check message templates:\n%w", errors.Join(lines...))
}

func (p *Pack) check(languages []string, of []Kind) []finding {
	var all []finding
	seen := make(map[string]bool)
	report := func(code string, kind Kind, reads, tried string, faults []error) {
		for _, fault := range faults {
			if key := fmt.Sprint(code, kind, reads, fault); !seen[key] {
				seen[key] = true
				all = append(all, finding{code, kind, reads, tried, fault})
			}
		}
	}
	for _, code := range languages {
		for _, kind := range of {
			if kind == Combined {
				continue
			}
			cases := worstCases(kind)
			for _, reads := range readersOf(kind) {
				for _, c := range cases {
					for _, informal := range p.languages[code].addresses() {
						r := Reader{Reads: reads, Language: code, Zone: time.UTC, Informal: informal}
						report(code, kind, reads, c.name+addressed(informal), p.checkCase(c, r))
					}
				}
			}
		}
		if !slices.Contains(of, Combined) {
			continue
		}
		for _, reads := range Readers() {
			for n, c := range worstPieces(reads) {
				addresses := p.languages[code].addresses()
				if n > 1 { // what is said of all together does not depend on what is said of each
					addresses = addresses[:1]
				}
				for _, informal := range addresses {
					c.pieces[0].Informal = informal
					report(code, Combined, reads, c.name+addressed(informal), p.checkPieces(c.pieces, Reader{Language: code, Zone: time.UTC}))
				}
			}
		}
	}
	return all
}

// addresses are how a reader may be called: only formally where no part of the
// language asks.
func (l *language) addresses() []bool {
	if l.addressed {
		return []bool{false, true}
	}
	return []bool{false}
}

func addressed(informal bool) string { return choose(informal, ", address: informal", "") }

// rounds is how many updates of a kind show each phrasing of it. What stands under
// the name of another kind is not said of this one.
func (l *language) rounds(kind Kind) int {
	n := 1
	for part, turns := range l.turns {
		of, _, _ := strings.Cut(strings.TrimPrefix(part, flavour+"."), ".")
		if of == string(kind) || !slices.Contains(Kinds(), Kind(of)) {
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
	alike := make(map[string]bool)
	for v.Number = 1; v.Number <= rounds; v.Number++ {
		out, found := p.checkView(v, r)
		if faults = append(faults, found...); out.Text == "" {
			return faults
		}
		for _, said := range []struct{ channel, part, before, now string }{
			{"text", "opening", last.Text, out.Text}, {"HTML", "opening", last.HTML, out.HTML}, {"SMS", "sms.head", last.SMS, out.SMS},
		} {
			if differ && v.Number > 1 && !alike[said.channel] && maskDigits(said.before) == maskDigits(said.now) {
				alike[said.channel] = true
				faults = append(faults, fmt.Errorf("the %s of updates %d and %d is the same%s", said.channel, v.Number-1, v.Number, p.sayer(v, r, said.part)))
			}
		}
		last = out
	}
	return faults
}

// sayer says where the part stands that says most of what may differ.
func (p *Pack) sayer(v View, r Reader, part string) string {
	s, err := p.speaker(v, r)
	if err != nil {
		return ""
	}
	_, where := s.by(part)
	return where
}

func maskDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return '#'
		}
		return r
	}, s)
}
