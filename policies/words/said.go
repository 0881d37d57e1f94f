package words

import (
	"regexp"
	"slices"
	"strings"
	"text/template"
)

// Said is one part of a message: what it says, and which template says it.
type Said struct {
	Part string // "opening"
	Name string // of the template: "holding.opening.2"
	File string // where that stands: "nl/holding.tmpl"
	Own  string // what it would be called for this reader of this kind alone: "holding.executive.opening"
	// Uses are the templates that it includes.
	Uses []string
	// Text has a line for each row, or for each paragraph.
	Text string
}

// inMail and inSMS are the parts of a message in the order in which it says them;
// doc.go tells what each is.
var (
	inMail = []string{"subject", "preheader", "drill.mark", "drill.note", "state", "headline", "opening", "chain", "phrase.late", "phrase.missed",
		"label.words", "label.known", "account", "body", "next", "label.ask", "asks.more", "how", "command", "facts", "expected", "agreed",
		"label.alerts", "alerts.more", "label.link", "foot", "event.title"}
	inSMS = []string{"sms.head", "sms.missed", "sms.chain", "sms.body", "sms.next", "sms.sign"}
)

// Said returns the parts of a message that say something, those of an SMS last. Of
// a combined message it is what goes for all of it.
func (p *Pack) Said(pieces []Piece, r Reader) ([]Said, error) {
	s, err := p.speakerOf(pieces, r)
	if err != nil {
		return nil, err
	}
	var all []Said
	for _, part := range slices.Concat(inMail, inSMS) {
		if t := s.find(part, s.facts); t != nil && s.facts.has(part) {
			text, err := run(t, s.facts)
			if err != nil {
				return nil, err
			}
			if text = laidOut(part, text); text != "" {
				all = append(all, Said{
					Part: part, Name: t.Name(), File: t.Tree.ParseName, Own: candidates(part, s.facts)[0], Uses: included(t), Text: text,
				})
			}
		}
	}
	return all, nil
}

// laidOut takes out of a text what its template is laid out by: what is left is a
// line for each row, or for each paragraph or sentence.
func laidOut(part, text string) string {
	switch part {
	case "account", "facts", "expected", "agreed":
		var out []string
		for _, r := range rows(text) {
			out = append(out, r.Label+" | "+r.Value)
		}
		return strings.Join(out, "\n")
	case "sms.chain", "sms.body":
		text = strings.ReplaceAll(text, "\n", "\n\n")
	}
	return strings.Join(paragraphs(text), "\n")
}

func (p *Pack) speakerOf(pieces []Piece, r Reader) (*speaker, error) {
	if len(pieces) == 1 {
		r.Reads, r.Informal = pieces[0].Reads, pieces[0].Informal
		return p.speaker(pieces[0].View, r)
	}
	s, _, err := p.gather(pieces, r)
	return s, err
}

// has reports whether there is something for a part to stand above or beside.
func (f *facts) has(part string) bool {
	switch part {
	case "drill.mark", "drill.note":
		return f.Drill
	case "label.words":
		return f.HasWords()
	case "label.known":
		return !f.HasWords() && f.known.text != "" && !f.Kind.final()
	case "label.ask":
		return len(f.asks) > 0
	case "asks.more":
		return f.Asks > len(f.asks)
	case "expected":
		return f.Expected.Set && (f.Change == nil || f.Change.Late)
	case "agreed":
		return f.Agreed.Set && (f.Change == nil || f.Change.Late)
	case "label.alerts":
		return len(f.alerts) > 0 || f.More > 0
	case "alerts.more":
		return f.More > 0
	case "label.link":
		return f.link != ""
	case "phrase.missed", "sms.missed":
		return (f.Number > 1 || f.Count > 1) && !f.ToTeam()
	case "event.title":
		return slices.Contains([]Kind{Announced, Moved, Cancelled}, f.Kind)
	}
	return true
}

var inclusion = regexp.MustCompile(`\{\{template "([^"]+)"`)

// included returns the templates that one includes, each once.
func included(t *template.Template) []string {
	var all []string
	for _, m := range inclusion.FindAllStringSubmatch(t.Root.String(), -1) {
		if !slices.Contains(all, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}
