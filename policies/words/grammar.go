package words

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/template/parse"
	"time"

	bcp47 "golang.org/x/text/language"
)

// grammar is what the names of a language's own parts begin with: they say
// nothing by themselves, and the tongue is read from them.
const grammar = "language."

// grammarFile is where these parts stand in the languages that ship.
const grammarFile = "language.tmpl"

// languageTag returns the language that a folder's name is a tag of.
func languageTag(folder string) (bcp47.Tag, bool) {
	tag, err := bcp47.Parse(folder)
	if err != nil || tag.String() != folder {
		return tag, false
	}
	_, confidence := tag.Base()
	return tag, confidence != bcp47.No && !tag.IsRoot()
}

// misnamed returns how a folder would be named that was meant as a language.
func misnamed(folder string) (string, bool) {
	tag, err := bcp47.Parse(folder)
	said := tag.String()
	return said, err == nil && said != folder && strings.EqualFold(said, strings.ReplaceAll(folder, "_", "-"))
}

// grammarReader reads the tongue of a language from its parts, and notes all that is
// wrong with them.
type grammarReader struct {
	l      *language
	counts counts
	known  []string // the parts that there may be
	faults []error
}

// readTongue reads what the parts that begin with "language." say.
func (l *language) readTongue() error {
	if !slices.ContainsFunc(l.names(), func(name string) bool { return strings.HasPrefix(name, grammar) }) {
		return fmt.Errorf("%s: the language %q has no %s, which says how it tells times and counts", l.folder, l.code, grammarFile)
	}
	r := &grammarReader{l: l, counts: newCounts(l.tag)}
	said, err := r.read()
	*l.tongue = said
	return err
}

func (r *grammarReader) read() (tongue, error) {
	said := tongue{
		counts: r.counts,
		clock:  r.clock("clock"), clockShort: r.clock("clock.short"),
		date: r.date("date", false), dateYear: r.date("date.year", true),
		midnight: r.text("midnight"),
		at:       r.text("at", slotTime), before: r.text("before", slotTime),
		from: r.text("from", slotTime), until: r.text("until", slotTime), and: r.text("and"),
		yesterday: r.text("yesterday"), today: r.text("today"), tomorrow: r.text("tomorrow"),
		day: r.counted("day"), hour: r.counted("hour"), minute: r.counted("minute"), moment: r.text("moment"),
		service: r.counted("service"), others: r.counted("others"), rest: r.counted("rest"),
		percent:  r.text("percent", slotN),
		articles: split(r.optional("articles")), digraph: r.optional("digraph"),
		plain: plain{
			out: r.text("bare.out", slotService, slotTime), over: r.text("bare.over", slotService, slotTime),
			next: r.text("bare.next", slotTime), since: r.text("bare.since", slotTime), drill: r.text("bare.drill"),
			change: r.text("bare.change", slotService), late: r.text("bare.late", slotService),
			cancelled: r.text("bare.cancelled", slotService), completed: r.text("bare.completed", slotService),
			silent: r.text("bare.silent"), heard: r.text("bare.heard"), ailing: r.text("bare.ailing"), mended: r.text("bare.mended"),
		},
		leaving: Leaving{
			Language: r.l.code,
			Ask:      r.notice("unsubscribe.ask"), Done: r.notice("unsubscribe.done"),
			Failed: r.notice("unsubscribe.failed"), Unknown: r.notice("unsubscribe.unknown"),
		},
		conversation: r.conversation(),
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		said.weekdays[day] = r.text(strings.ToLower(day.String()))
	}
	for month := time.January; month <= time.December; month++ {
		said.months[month-1] = r.text(strings.ToLower(month.String()))
	}
	r.unknown()
	return said, errors.Join(r.faults...)
}

func (r *grammarReader) fault(tree *parse.Tree, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s: %w", place(tree, tree.Root), fmt.Errorf(format, args...)))
}

// part returns what a part says: plain text, on one line. The tree is nil where
// there is no such part; ok is false where nothing more is to be said of it.
func (r *grammarReader) part(name string, optional bool) (said string, tree *parse.Tree, ok bool) {
	r.known = append(r.known, grammar+name)
	t := r.l.parts.Lookup(grammar + name)
	if t == nil {
		if !optional {
			r.faults = append(r.faults, fmt.Errorf("%s: the language %q lacks %q", path.Join(r.l.folder, grammarFile), r.l.code, grammar+name))
		}
		return "", nil, false
	}
	for _, n := range t.Root.Nodes {
		text, plain := n.(*parse.TextNode)
		if !plain {
			r.fault(t.Tree, "%q is plain text: nothing in {{ }} has an effect here", t.Name())
			return "", t.Tree, false
		}
		said += string(text.Text)
	}
	return line(said), t.Tree, true
}

func (r *grammarReader) optional(name string) string {
	said, _, _ := r.part(name, true)
	return said
}

// text returns a part that must be there, with each slot once.
func (r *grammarReader) text(name string, slots ...string) string {
	said, tree, ok := r.part(name, false)
	if ok && said == "" {
		r.fault(tree, "%q is empty", grammar+name)
	}
	if !ok || said == "" {
		return ""
	}
	for _, slot := range slots {
		if strings.Count(said, slot) != 1 {
			r.fault(tree, "%q says %q, where %s is to stand once", grammar+name, said, slot)
		}
	}
	return said
}

// counted returns a noun with a form for each that the language has.
func (r *grammarReader) counted(name string) forms {
	noun := forms{}
	for _, category := range categories {
		part := name + "." + category.name
		needed := slices.Contains(r.counts.uses, category.name)
		said, tree, ok := r.part(part, !needed)
		switch {
		case tree == nil && !needed:
			r.known = r.known[:len(r.known)-1]
		case !ok:
		case !r.counts.has(category.name):
			r.fault(tree, "%q: the language %q has no form %q of a noun; it has %s", grammar+part, r.l.code, category.name, strings.Join(r.counts.uses, ", "))
		case !strings.Contains(said, slotN) && !r.counts.alone[category.name]:
			r.fault(tree, "%q says %q, where %s is to stand for the number", grammar+part, said, slotN)
		default:
			noun[category.name] = said
		}
	}
	return noun
}

// notice returns a heading and a sentence.
func (r *grammarReader) notice(name string) Notice {
	said, tree, ok := r.part(name, false)
	if !ok {
		return Notice{}
	}
	title, text, found := strings.Cut(said, "|")
	n := Notice{Title: line(title), Text: line(text)}
	if !found || n.Title == "" || n.Text == "" {
		r.fault(tree, "%q says %q, and not a heading and a sentence with | between them", grammar+name, said)
	}
	return n
}

// clock returns a layout that tells each minute of a day from the others.
func (r *grammarReader) clock(name string) string {
	return r.layout(name, "15:04", time.Minute, time.Hour, 12*time.Hour)
}

// date returns a layout that tells days and months apart, and years. The steps
// are those to the next days of the same weekday: that alone is not enough.
func (r *grammarReader) date(name string, years bool) string {
	const day = 24 * time.Hour
	steps := []time.Duration{7 * day, 273 * day} // to another day, to the same one of October
	if years {
		return r.layout(name, "Monday 2 January 2006", append(steps, 2191*day)...)
	}
	return r.layout(name, "Monday 2 January", steps...)
}

// layout returns a layout of Go's that says something else after each step.
func (r *grammarReader) layout(name, example string, steps ...time.Duration) string {
	said, tree, ok := r.part(name, false)
	if !ok {
		return ""
	}
	at := time.Date(2026, 1, 1, 1, 1, 0, 0, time.UTC)
	for _, step := range steps {
		if at.Format(said) == at.Add(step).Format(said) {
			r.fault(tree, "the layout %q of %q says the same of %s and %s; write it as Go does, such as %q",
				said, grammar+name, at.Format(time.DateTime), at.Add(step).Format(time.DateTime), example)
			return said
		}
	}
	return said
}

// unknown finds the parts of a language that nothing reads.
func (r *grammarReader) unknown() {
	for _, t := range r.l.all() {
		if name := t.Name(); strings.HasPrefix(name, grammar) && !slices.Contains(r.known, name) {
			r.fault(t.Tree, "a language has no part %q%s", name, meant(name, r.known))
		}
	}
}

// split returns what stands between commas.
func split(list string) []string {
	var out []string
	for _, s := range strings.Split(list, ",") {
		if s = line(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
