package words

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Piece is one update of a combined message, and what its audience reads.
type Piece struct {
	View     View
	Reads    string
	Informal bool // of a whole message that of the first piece counts
}

// alone are the kinds that go by themselves: they end or mend what was said.
var alone = []Kind{Closing, Correction, Moved, Cancelled, Completed}

// leastName is how much of a name still tells it from others, in runes.
const leastName = 5

// maxMail is how many bytes the two forms of a combined email have together.
const maxMail = 100_000

// several is what a combined message says of its incidents together.
type several struct {
	Count   int
	Changes int // how many of them are planned changes
	// Names are the services, or to a team the incidents. Of those New the
	// reader hears for the first time; there is News of others, those Over seem
	// to be so, and those Slow take longer than expected or agreed. Of planned changes,
	// those Coming were announced before, those Begun have begun, and those Longer take
	// longer than planned: all of them until Until, where that is the same for all.
	Names, New, News, Over, Slow *series
	Coming, Begun, Longer        *series
	Outages                      int // how many are no planned changes
	Until                        moment
	numbers                      []int // of the updates, in the order of Names
}

// Numbers says which update it is of each that Names names, in their order: "4, 2"; nothing
// where it names none.
func (c several) Numbers() string {
	shown := c.numbers[:min(len(c.numbers), c.Names.shown())]
	parts := make([]string, len(shown))
	for i, n := range shown {
		parts[i] = strconv.Itoa(n)
	}
	if len(shown) > 0 && len(shown) < len(c.numbers) {
		parts = append(parts, "…")
	}
	return strings.Join(parts, ", ")
}

// each returns the counts with every series changed.
func (c several) each(change func(*series) *series) several {
	for _, s := range []**series{&c.Names, &c.New, &c.News, &c.Over, &c.Slow, &c.Coming, &c.Begun, &c.Longer} {
		*s = change(*s)
	}
	return c
}

// density is how much a combined message shows: incidents in full, and of each
// alerts and runes of a person's words; runes of updates that fall due, for all
// together; incidents that are only named.
type density struct{ full, alerts, words, asks, named int }

// densities run from what is wanted to what always fits.
var densities = []density{
	{10, listed, maxWords, maxAsks, 90},
	{10, 5, 600, 5000, 90},
	{10, 1, 200, 3000, 90},
	{5, 1, 200, 1500, 80},
	{1, 1, 200, 800, 40},
}

// Combine says several updates to one reader in one message: those of different
// incidents that fall due for him together. The pieces are all of kinds that
// promise a next update, or all nudges; r.Reads and r.Informal are ignored, since
// the pieces have their own. It fails for less than two pieces, for exercises together with
// what is none, and for a piece that Render would fail for. The HTML and the plain text have less than 100,000 bytes together:
// beyond ten, or where they do not fit, incidents are only named.
// A person's words stand in the email only: they go at once, by themselves, and
// are not for combining.
func (p *Pack) Combine(pieces []Piece, r Reader) (Rendered, error) {
	return p.tell(r, func(p *Pack, r Reader) (Rendered, *speaker, error) {
		s, each, err := p.gather(pieces, r)
		if err == nil {
			var out Rendered
			if out, err = p.combine(s, each); err == nil {
				return out, s, nil
			}
		}
		return Rendered{}, s, fmt.Errorf("combine messages: %w", err)
	})
}

func (p *Pack) combine(s *speaker, each []*speaker) (out Rendered, err error) {
	for _, d := range densities {
		out, err = p.rendered(s, s.digest(each, d), s.combinedSMS)
		if err != nil || len(out.Text)+len(out.HTML) < maxMail {
			break
		}
	}
	return out, err
}

// gather cleans the pieces, and the facts that they have together.
func (p *Pack) gather(pieces []Piece, r Reader) (*speaker, []*speaker, error) {
	if len(pieces) < 2 {
		return nil, nil, fmt.Errorf("it takes two pieces at least, not %d", len(pieces))
	}
	var each []*speaker
	for i, piece := range pieces {
		if piece.View.Drill != pieces[0].View.Drill {
			return nil, nil, errors.New("an exercise goes with exercises only, and an outage never with one")
		}
		if piece.View.Kind == Nudge != (pieces[0].View.Kind == Nudge) {
			return nil, nil, errors.New("nudges go with nudges only")
		}
		if !slices.Contains(kinds, piece.View.Kind) && piece.View.Kind != Nudge || slices.Contains(alone, piece.View.Kind) {
			return nil, nil, fmt.Errorf("piece %d: a message of kind %q goes by itself", i+1, piece.View.Kind)
		}
		s, err := p.speaker(piece.View, Reader{Reads: piece.Reads, Language: r.Language, Zone: r.Zone, Informal: pieces[0].Informal})
		if err != nil {
			return nil, nil, fmt.Errorf("piece %d: %w", i+1, err)
		}
		each = append(each, s)
	}
	return &speaker{language: each[0].language, facts: together(each)}, each, nil
}

func together(each []*speaker) *facts {
	first := each[0].facts
	l := first.Now.tongue
	f := &facts{
		Kind: Combined, Reads: first.Reads, Informal: first.Informal, Number: first.Number,
		Organisation: first.Organisation, Now: first.Now, Drill: first.Drill,
		Next: moment{now: first.Now.t, tongue: l},
	}
	var names, fresh, news, over, slow, coming, begun, longer []string
	var until []moment
	var numbers []int
	for _, s := range each {
		one := s.facts
		if one.Reads != f.Reads {
			f.Reads = ""
		}
		if one.Next.Set() && (!f.Next.Set() || one.Next.t.Before(f.Next.t)) {
			f.Next.t = one.Next.t
		}
		f.Organisation = cmp.Or(f.Organisation, one.Organisation)
		f.API, f.Answer = cmp.Or(f.API, one.API), cmp.Or(f.Answer, one.Answer)
		if one.Ask.At.Set() && (!f.Ask.At.Set() || one.Ask.At.t.Before(f.Ask.At.t)) {
			f.Ask = one.Ask
		}
		f.Late = f.Late || one.Late
		if one.Change != nil {
			f.Changes++
		}
		name := one.Service
		if one.Kind == Nudge {
			name = cmp.Or(one.Incident, one.Service)
		}
		names, numbers = append(names, name), append(numbers, one.Number)
		switch {
		case one.Monitoring() && one.Change == nil: // quiet alerts do not make a change done
			over = append(over, name)
		case one.Kind == First, one.Kind == Announced && one.Number <= 1:
			fresh = append(fresh, name)
		case one.Kind == Announced:
			coming = append(coming, name)
		case one.Kind == Started:
			begun = append(begun, name)
		case one.Kind == Progress || one.Kind == Reopened:
			news = append(news, name)
		case one.Kind == Overdue:
			slow = append(slow, name)
		case one.Kind == Overrunning:
			if longer = append(longer, name); one.Change != nil {
				until = append(until, one.Change.End)
			}
		}
	}
	f.several = several{
		Count: len(each), Changes: f.Changes,
		Names: newSeries(names, l), New: newSeries(fresh, l), News: newSeries(news, l), Over: newSeries(over, l), Slow: newSeries(slow, l),
		Coming: newSeries(coming, l), Begun: newSeries(begun, l), Longer: newSeries(longer, l),
		Outages: len(each) - f.Changes, Until: moment{now: first.Now.t, tongue: l}, numbers: numbers,
	}
	if len(until) > 0 && !slices.ContainsFunc(until, func(m moment) bool { return !m.t.Equal(until[0].t) }) {
		f.Until.t = until[0].t
	}
	return f
}

// digest composes the email.
func (s *speaker) digest(each []*speaker, d density) *letter {
	f := s.facts
	m := &letter{
		Language:  s.code,
		Subject:   s.stamped(maxSubject, utf8.RuneCountInString, func(room int) string { return s.fitNames("subject", f, room, utf8.RuneCountInString) }),
		Preheader: clip(s.stamp()+line(s.must("preheader")), maxPreheader),
		section: section{
			Tone:     "open",
			State:    s.tongue.capital(line(s.must("state"))),
			Headline: line(s.must("headline")),
			Opening:  line(s.must("opening")),
			Next:     line(s.must("next")),
			How:      line(s.may("how")),
		},
		Foot: line(s.must("foot")),
	}
	m.Mark, m.Drill = s.drill()
	if f.Over.Count() == f.Count {
		m.Tone = "watch"
	}
	m.Late, m.Slots = s.excuse()
	full := min(len(each), d.full)
	for _, one := range each[:full] {
		thin := one.thinned(d)
		m.Sections = append(m.Sections, thin.piece(d.asks/full))
		s.err = cmp.Or(s.err, thin.err)
	}
	named := each[full:min(len(each), full+d.named)]
	for _, one := range named {
		m.Named = append(m.Named, line(one.must("item")))
		s.err = cmp.Or(s.err, one.err)
	}
	if f.More = len(each) - full - len(named); f.More > 0 {
		m.More = line(s.must("items.more"))
	}
	return m
}

// piece is the section of one incident of several.
func (s *speaker) piece(asks int) section {
	c := s.section(asks)
	c.Headline = cmp.Or(line(s.may("title")), c.Headline)
	c.Next = cmp.Or(line(s.may("piece.next")), c.Next)
	switch {
	case s.facts.ToTeam(): // what is the same for all is said once
		c.State, c.Body, c.Next, c.How = "", nil, "", ""
	case s.facts.Reads != "technical": // it is long enough
		c.Rows, c.Bars = nil, nil
	}
	return c
}

// thinned returns the speaker with less to say.
func (s *speaker) thinned(d density) *speaker {
	f := *s.facts
	cut := max(len(f.alerts)-d.alerts, 0)
	f.alerts, f.More = f.alerts[:len(f.alerts)-cut], f.More+cut
	f.words.text, f.known.text = clip(f.words.text, d.words), clip(f.known.text, d.words)
	return &speaker{language: s.language, facts: &f}
}

// fitNames says a part within room with as many names as fit: fewer before
// shorter ones, since a name that is cut may be that of another. Where not even the
// least of a name fits they are only counted.
func (s *speaker) fitNames(part string, f *facts, room int, size func(string) int) string {
	limit := maxService
	for most := min(f.Count, inRow); ; {
		brief := *f
		brief.Names = f.Names.brief(most, limit)
		out := line(s.part(part, &brief, false))
		switch {
		case size(out) <= room || most < 2 && limit <= leastName:
			return out
		case most > 2:
			most--
		case limit > leastName:
			limit--
		default: // they are only counted
			most = 1
		}
	}
}

// combinedSMS names the incidents and the first promise; what is new about them
// where there is room.
func (s *speaker) combinedSMS(missed bool) string {
	f := *s.facts
	f.several = f.several.each((*series).readable)
	m := &short{next: line(s.must("sms.next")), room: 1, missed: missed}
	m.head = s.stamped(oneSegment-Septets(m.next)-1, Septets, func(room int) string { return s.fitNames("sms.head", &f, room, Septets) })
	if f.Late {
		m.add(s.must("phrase.late"))
	}
	m.tellMissed(s)
	s.addNaming(m, "sms.body", inSentence, func(most int) *facts {
		brief := f
		brief.several = f.several.each(func(s *series) *series { return s.brief(most, sureName) })
		return &brief
	})
	return m.signed(s.may("sms.sign"), missed)
}
