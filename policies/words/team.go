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
	Heard    moment
	Watchdog string
	Returned bool
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
	text     string
}

// MoreAsks is how many there are beside the first.
func (t team) MoreAsks() int { return max(t.Asks-1, 0) }

func newTeam(v View, at func(time.Time) moment) team {
	t := team{
		API: webLink(v.API), Heard: at(v.HeardAt),
		Watchdog: Clean(v.Watchdog, maxMatchers), Returned: v.Returned,
		Asks: len(v.Asks),
	}
	due := slices.Clone(v.Asks)
	slices.SortStableFunc(due, func(a, b Ask) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Audience, b.Audience))
	})
	for _, a := range due[:min(len(due), quoted)] {
		t.asks = append(t.asks, ask{
			Audience: Clean(a.Audience, maxAudience), At: at(a.At), Kind: a.Kind,
			text: CleanText(withoutFoot(Fill(a.Text, nil)), maxAsk),
		})
	}
	if len(t.asks) > 0 {
		t.Ask = t.asks[0]
	}
	return t
}

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
