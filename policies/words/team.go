package words

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Limits of what the teams are shown, in runes.
const (
	maxAudience = 40
	maxAuthors  = 80
	maxNumber   = 16 // E.164, with its +
	maxMatchers = 200
	// maxAsk is for the text of one update that falls due, maxAsks for those of
	// a message together: what is cut off is the end of the longest.
	maxAsk  = 2000
	maxAsks = 8000
)

// quoted is how many updates that fall due a message quotes.
const quoted = 10

// team is what only messages to the teams say.
type team struct {
	API      string // the incident's address in the API
	Answer   string // where the reader answers by a tap
	Replies  bool   // by SMS, to
	ReplyTo  string // a number; empty: the one that it comes from
	Heard    moment
	Watchdog string
	Returned bool
	Ails     Ailment
	// Ask is the update that falls due first, or the one that is being said;
	// Asks is how many there are.
	Ask  ask
	Asks int

	asks []ask // those that are quoted
}

// ask is an update that falls due, as a template says it. Its text passes
// through none.
type ask struct {
	Audience string
	At       moment
	Kind     Kind
	Awaits   int    // the number by which it waits for a yes; 0: it does not
	By       string // who wrote what is new in it
	Alone    bool   // nobody else can say yes
	Instead  bool   // something neutral goes out where nobody does
	text     string
}

// MoreAsks is how many there are beside the first.
func (t team) MoreAsks() int { return max(t.Asks-1, 0) }

func newTeam(v View, at func(time.Time) moment, clean func(string, int) string) team {
	t := team{
		API: webLink(v.API), Answer: webLink(v.Answer), Replies: v.Replies, ReplyTo: Clean(v.ReplyTo, maxNumber), Heard: at(v.HeardAt),
		Watchdog: Clean(v.Watchdog, maxMatchers), Returned: v.Returned,
		Ails: v.Ailment.clean(clean),
		Asks: len(v.Asks),
	}
	due := slices.Clone(v.Asks)
	slices.SortStableFunc(due, func(a, b Ask) int {
		return cmp.Or(waits(a)-waits(b), a.At.Compare(b.At), strings.Compare(a.Audience, b.Audience))
	})
	for _, a := range due[:min(len(due), quoted)] {
		t.asks = append(t.asks, ask{
			Audience: clean(a.Audience, maxAudience), At: at(a.At), Kind: a.Kind, Awaits: a.Awaits,
			By: clean(strings.Join(a.By, ", "), maxAuthors), Alone: a.Alone, Instead: a.Instead,
			text: CleanText(Body(a.Text), maxAsk),
		})
	}
	if len(t.asks) > 0 {
		t.Ask = t.asks[0]
	}
	return t
}

// waits brings what waits for a yes before what goes out by itself.
func waits(a Ask) int {
	if a.Awaits > 0 {
		return 0
	}
	return 1
}

// Body is the plain text of an email as somebody reads it whom it is shown to before it
// goes out: nothing in its slots, and without its foot.
func Body(text string) string { return withoutFoot(Fill(text, nil)) }

// withoutFoot takes the last lines off the plain text of an email: who it is
// from is no matter of words.
func withoutFoot(text string) string {
	if i := strings.LastIndex(text, "\n"+footMark+"\n"); i >= 0 {
		return text[:i]
	}
	return text
}

// quotes says the updates that fall due, within a number of runes together.
func (s *speaker) quotes(room int) (list []quote, more string) {
	f := s.facts
	for i, a := range f.asks {
		one := *f
		one.Ask = a
		text := clip(a.text, room/(len(f.asks)-i))
		room -= len([]rune(text))
		list = append(list, quote{Label: line(s.part("label.ask", &one, false)), Lines: strings.Split(text, "\n")})
	}
	if n := f.Asks - len(f.asks); n > 0 {
		one := *f
		one.More = n
		more = line(s.part("asks.more", &one, false))
	}
	return list, more
}
