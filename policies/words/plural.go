package words

import (
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	bcp47 "golang.org/x/text/language"
)

// categories are the plural forms of CLDR, in its order. Which of them a
// language has is for CLDR to say, and not for whoever writes the language.
var categories = []struct {
	name string
	form plural.Form
}{
	{"zero", plural.Zero}, {"one", plural.One}, {"two", plural.Two},
	{"few", plural.Few}, {"many", plural.Many}, {"other", plural.Other},
}

// probed is up to which number the forms of a language are asked for: rules
// look at the last two digits, or at round numbers that nothing here reaches.
const probed = 200

// counts are the plural forms of one language's whole numbers.
type counts struct {
	tag  bcp47.Tag
	uses []string // in CLDR's order
	// alone are the forms that one number only takes: they need not show it.
	alone map[string]bool
}

func newCounts(tag bcp47.Tag) counts {
	c := counts{tag: tag, alone: make(map[string]bool)}
	many := make(map[string]int)
	for n := range probed {
		many[c.of(n)]++
	}
	for _, category := range categories {
		if n := many[category.name]; n > 0 {
			c.uses = append(c.uses, category.name)
			c.alone[category.name] = n == 1
		}
	}
	return c
}

// of returns the form that goes with a number.
func (c counts) of(n int) string {
	if n < 0 {
		n = -n
	}
	form := plural.Cardinal.MatchPlural(c.tag, n%10_000_000, 0, 0, 0, 0)
	for _, category := range categories {
		if category.form == form {
			return category.name
		}
	}
	return "other"
}

// has reports whether there is such a form: of whole numbers, or the one that
// every language has.
func (c counts) has(form string) bool {
	for _, f := range append(c.uses, "other") {
		if f == form {
			return true
		}
	}
	return false
}

// forms are a noun's, by their names.
type forms map[string]string

// count says a number with its noun: {n} in the form is where the number goes.
func (c counts) count(n int, noun forms) string {
	form, ok := noun[c.of(n)]
	if !ok { // of a number beyond those that the language was asked for
		form = noun["other"]
	}
	number := strconv.Itoa(n)
	if !strings.Contains(form, slotN) {
		return form
	}
	return strings.ReplaceAll(form, slotN, number)
}

// plural says a number with its noun, of which the forms stand in CLDR's order:
// in English one and other. The number goes where {n} is, or before it.
func (c counts) plural(n int, nouns ...string) (string, error) {
	if len(nouns) != len(c.uses) {
		return "", fmt.Errorf("a noun has %d forms in the language %q (%s), and here are %d", len(c.uses), c.tag, strings.Join(c.uses, ", "), len(nouns))
	}
	for i, form := range c.uses {
		if form != c.of(n) {
			continue
		}
		if strings.Contains(nouns[i], slotN) {
			return strings.ReplaceAll(nouns[i], slotN, strconv.Itoa(n)), nil
		}
		return strconv.Itoa(n) + " " + nouns[i], nil
	}
	return "", fmt.Errorf("the language %q has no form for %d", c.tag, n)
}
