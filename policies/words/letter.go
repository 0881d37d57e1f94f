package words

import "strings"

// Lines of the plain text: before the foot, and between the incidents of a
// combined message.
const (
	footMark = "--"
	ruler    = "----------------------------------------"
)

// letter is an email as composed from the parts, before it is plain text or
// HTML. All strings are plain text.
type letter struct {
	Language, Subject, Preheader string
	section
	// Drill says that it is an exercise, Mark in a word; empty where it is none.
	Drill, Mark string
	Late        string   // the excuse; empty where it is a slot
	Slots       []string // marks

	// A combined message: its incidents, those that are only named, and how many
	// more there are.
	Sections []section
	Named    []string
	More     string

	Foot string
}

// text composes the plain part of an email. The slots take the line that parts
// the opening from what follows: emptied, they leave just that blank line.
func (m *letter) text() string {
	var b sheet
	if m.Drill != "" {
		b.block(m.Mark + ": " + m.Drill)
	}
	b.block(m.Headline)
	b.lines(m.Opening)
	for _, p := range m.Chain {
		b.lines("", p)
	}
	if m.Late != "" {
		b.lines("", m.Late)
	}
	b.lines(strings.Join(m.Slots, " "))
	m.under(&b)
	for _, c := range m.Sections {
		b.block(ruler)
		b.block(c.Headline)
		b.block(c.Opening)
		for _, p := range c.Chain {
			b.block(p)
		}
		c.under(&b)
	}
	if len(m.Named) > 0 {
		b.block(ruler)
		b.block(append(m.Named, m.More)...)
	}
	b.lines(footMark, m.Foot)
	return b.String()
}

// pour pours a letter into the HTML skeleton. The letter is plain text all
// through: html/template escapes every string of it where it stands.
func (l *language) pour(m *letter) (string, error) {
	b := paging()
	if err := l.page.Execute(b, m); err != nil {
		return "", err
	}
	return b.String(), nil
}
