package words

import "strings"

// letter is an email as composed from the parts, before it is plain text or
// HTML. All strings are plain text.
type letter struct {
	Language, Tone, State, Subject, Preheader string
	Headline, Opening                         string
	Late                                      string   // the excuse; empty where it is a slot
	Slots                                     []string // marks
	Words                                     said
	Body                                      []string
	Next                                      string
	Rows                                      []row
	Bars                                      []bar
	Alerts                                    alertList
	LinkLabel, Link                           string
	Foot                                      string
}

type row struct{ Label, Value string }

// bar is the share of an SLA clock. Filled is at most 100.
type bar struct {
	row
	Filled, Rest int
	Over         bool
}

// said is a person's words under their label.
type said struct {
	Label, Language string
	Lines           []string
}

type alertList struct {
	Label string
	Items []alertItem
	More  string
}

type alertItem struct{ Title, Detail, Summary string }

// text composes the plain part of an email. The slots take the line that parts
// the opening from what follows: emptied, they leave just that blank line.
func (m *letter) text() string {
	var b strings.Builder
	block := func(lines ...string) {
		for _, l := range lines {
			if l != "" {
				b.WriteString(l + "\n")
			}
		}
		b.WriteString("\n")
	}
	block(m.Headline)
	b.WriteString(m.Opening + "\n")
	if m.Late != "" {
		b.WriteString("\n" + m.Late + "\n")
	}
	b.WriteString(strings.Join(m.Slots, " ") + "\n")

	if len(m.Words.Lines) > 0 {
		b.WriteString(m.Words.Label + ":\n")
		for _, l := range m.Words.Lines {
			b.WriteString(strings.TrimRight("  "+l, " ") + "\n")
		}
		b.WriteString("\n")
	}
	for _, p := range m.Body {
		block(p)
	}
	block(m.Next)
	var lines []string
	for _, r := range m.Rows {
		lines = append(lines, r.text())
	}
	for _, r := range m.Bars {
		lines = append(lines, r.text())
	}
	if len(lines) > 0 {
		block(lines...)
	}
	if m.Alerts.Label != "" {
		block(m.Alerts.text()...)
	}
	if m.Link != "" {
		block(m.LinkLabel + ": " + m.Link)
	}
	b.WriteString("--\n" + m.Foot + "\n")
	return b.String()
}

func (r row) text() string { return r.Label + ": " + r.Value }

func (l alertList) text() []string {
	out := []string{l.Label + ":"}
	for _, a := range l.Items {
		out = append(out, "- "+a.Title+", "+a.Detail)
		if a.Summary != "" {
			out = append(out, "  "+a.Summary)
		}
	}
	return append(out, l.More)
}

// page pours a letter into the HTML skeleton. The letter is plain text all
// through: html/template escapes every string of it where it stands.
func (p *Pack) page(m *letter) (string, error) {
	var b strings.Builder
	if err := p.mail.Execute(&b, m); err != nil {
		return "", err
	}
	return b.String(), nil
}
