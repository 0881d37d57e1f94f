package words

import "slices"

// How many titles a sentence still reads well with, and how many a table has
// room for.
const (
	inSentence = 3
	inRow      = 12
)

// series is several titles as a message names them: the first few, and how many
// more there are. A template prints it as the titles stand in a sentence; nil
// where there are none.
type series struct {
	titles []string
	hidden int // more of them, whose titles say nothing
	most   int // how many a brief form names
	tongue *tongue
}

// newSeries returns nil where there are no titles.
func newSeries(titles []string, l *tongue) *series {
	if len(titles) == 0 {
		return nil
	}
	return &series{titles: titles, most: inSentence, tongue: l}
}

// Count returns how many there are.
func (s *series) Count() int {
	if s == nil {
		return 0
	}
	return len(s.titles) + s.hidden
}

// String says them in a sentence: "e-mail, het netwerk en nog 3 diensten".
func (s *series) String() string {
	if s == nil {
		return ""
	}
	return s.say(s.titles, inSentence, s.tongue.others)
}

// All says as many as a table has room for.
func (s *series) All() string {
	if s == nil {
		return ""
	}
	return s.say(s.titles, inRow, s.tongue.others)
}

// Names says the bare names: "e-mail, netwerk en nog 3".
func (s *series) Names() string {
	if s == nil {
		return ""
	}
	var names []string
	for _, t := range s.titles {
		names = append(names, s.tongue.bare(t))
	}
	return s.say(names, s.most, s.tongue.rest)
}

// say names at most that many, and counts the others; where there is no room
// for even one beside the count, it only counts.
func (s *series) say(names []string, most int, others forms) string {
	shown := s.fitting(most)
	if shown <= 0 {
		return s.tongue.count(s.Count(), s.tongue.service)
	}
	parts := slices.Clone(names[:shown])
	if rest := s.Count() - shown; rest > 0 {
		parts = append(parts, s.tongue.count(rest, others))
	}
	said := parts[0]
	for i, part := range parts[1:] {
		said += choose(i == len(parts)-2, " "+s.tongue.and+" ", ", ") + part
	}
	return said
}

// fitting is how many are named where there is room for that many.
func (s *series) fitting(most int) int {
	if s.Count() > most {
		return min(len(s.titles), most-1)
	}
	return len(s.titles)
}

// shown is how many the brief form names.
func (s *series) shown() int {
	if s == nil {
		return 0
	}
	return max(s.fitting(s.most), 0)
}

// brief returns the series with at most that many names in its brief form, none
// of which is longer than limit runes.
func (s *series) brief(most, limit int) *series {
	if s == nil {
		return nil
	}
	b := *s
	b.most, b.titles = most, nil
	for _, t := range s.titles {
		b.titles = append(b.titles, shorten(s.tongue.bare(t), limit))
	}
	return &b
}

// readable returns the series as an SMS can say it: titles of which the GSM
// alphabet leaves nothing are only counted.
func (s *series) readable() *series {
	if s == nil {
		return nil
	}
	r := *s
	r.titles = nil
	for _, t := range s.titles {
		if readable(t) {
			r.titles = append(r.titles, t)
		} else {
			r.hidden++
		}
	}
	return &r
}
