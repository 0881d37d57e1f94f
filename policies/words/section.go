package words

import "strings"

// section is what an email says about one incident: the whole of it, or one of
// several in a combined message. All strings are plain text.
type section struct {
	Tone, State, Headline, Opening string
	Chain                          []string
	Words                          said
	Points                         []row // what is known of it
	Body                           []string
	Next                           string
	Quotes                         []quote
	MoreQuotes                     string
	How, Command                   string
	Rows                           []row
	Bars                           []bar
	Alerts                         alertList
	LinkLabel, Link                string
	AnswerLabel, Answer            string // a button
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

// quote is an update that would go out, under its label.
type quote struct {
	Label string
	Lines []string
}

type alertList struct {
	Label string
	Items []alertItem
	More  string
}

type alertItem struct{ Title, Detail, Summary string }

// sheet is plain text in the making: blocks with a blank line after each.
type sheet struct{ strings.Builder }

func (b *sheet) lines(lines ...string) {
	for _, l := range lines {
		b.WriteString(strings.TrimRight(l, " ") + "\n")
	}
}

func (b *sheet) block(lines ...string) {
	for _, l := range lines {
		if l != "" {
			b.WriteString(l + "\n")
		}
	}
	b.WriteString("\n")
}

// under writes what stands below the opening.
func (c *section) under(b *sheet) {
	if len(c.Words.Lines) > 0 {
		b.lines(c.Words.Label + ":")
		for _, l := range c.Words.Lines {
			b.lines("  " + l)
		}
		b.lines("")
	}
	if len(c.Points) > 0 {
		b.block(texts(c.Points)...)
	}
	for _, p := range c.Body {
		b.block(p)
	}
	if c.Next != "" {
		b.block(c.Next)
	}
	if c.Answer != "" {
		b.block(c.AnswerLabel+":", c.Answer)
	}
	for _, q := range c.Quotes {
		b.lines(q.Label + ":")
		for _, l := range q.Lines {
			b.lines("> " + l)
		}
		b.lines("")
	}
	if c.MoreQuotes != "" {
		b.block(c.MoreQuotes)
	}
	if c.How != "" || c.Command != "" {
		b.block(c.How, c.Command)
	}
	lines := texts(c.Rows)
	for _, r := range c.Bars {
		lines = append(lines, r.text())
	}
	if len(lines) > 0 {
		b.block(lines...)
	}
	if c.Alerts.Label != "" {
		b.block(c.Alerts.text()...)
	}
	if c.Link != "" {
		b.block(c.LinkLabel + ": " + c.Link)
	}
}

func (r row) text() string { return r.Label + ": " + r.Value }

func texts(rows []row) (lines []string) {
	for _, r := range rows {
		lines = append(lines, r.text())
	}
	return lines
}

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
