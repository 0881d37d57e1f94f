package words

import (
	"sort"
	"strings"
)

// short is an SMS in the making: the head and the promise always stand, and
// sentences come between them.
type short struct {
	head, next string
	middle     []string
	room       int // segments
	// missed says that it is for those who missed updates before it.
	missed bool
}

func (m *short) whole(extra ...string) string {
	return line(GSM7(strings.Join(append(append([]string{m.head}, append(m.middle, extra...)...), m.next), " ")))
}

// add adds a sentence where it costs no segment, and reports whether it did.
func (m *short) add(sentence string) bool {
	if sentence = line(sentence); sentence == "" || Segments(m.whole(sentence)) > m.room {
		return false
	}
	m.middle = append(m.middle, sentence)
	return true
}

// addCut adds the beginning of a sentence that is too long, where enough of it fits
// to say something beside what else is owed, in septets.
func (m *short) addCut(sentence string, owed int) {
	sentence = line(GSM7(sentence))
	rest := strings.Repeat("x", owed)
	cut := GSM7(fitWords(sentence, func(cut string) bool { return Segments(m.whole(cut, rest)) <= m.room }))
	if Septets(cut) >= leastSaid {
		m.middle = append(m.middle, cut)
	}
}

// told reports whether a sentence is all of what a person wrote of the outage: that
// may be cut at a word, which a sentence of ours may not.
func (f *facts) told(sentence string) bool {
	sentence = line(sentence)
	return sentence != "" && (sentence == f.Impact || sentence == f.Workaround)
}

// owed is the room that the least of each such sentence takes, in septets.
func (f *facts) owed(sentences []string) int {
	owed := 0
	for _, sentence := range sentences {
		if f.told(sentence) {
			owed += min(Septets(line(GSM7(sentence))), leastWords)
		}
	}
	return owed
}

// count is what stands for the number of missed updates until a worker knows it.
const count = "{n}"

// tellMissed says how many updates were missed, where it is to and there is room.
func (m *short) tellMissed(s *speaker) {
	if m.missed {
		m.missed = m.add(s.must("sms.missed"))
	}
}

// signed returns it with who says it, where that costs no segment. One that was
// to tell of what was missed, and could not, is empty.
func (m *short) signed(sign string, missed bool) string {
	out := m.whole()
	if missed && (!m.missed || strings.Count(out, count) != 1) {
		return ""
	}
	if with := line(GSM7(out + " " + sign)); Segments(with) <= m.room {
		return with
	}
	return out
}

// leastWords is how much of a person's words stands even in an SMS of one segment,
// in septets.
const leastWords = 40

// leastSaid is how much of a sentence that was cut still says something, in septets.
const leastSaid = 25

// sms composes an SMS: the head (state and service) and the promise; a person's
// words, up to as many segments as are allowed; the excuse of a late one; the sentences of
// sms.chain and sms.body, most important first. Who missed updates before it is
// told so in a variant of it, where there is room.
func (s *speaker) sms(missed bool) string {
	f := *s.facts
	f.dependents = f.dependents.each((*series).readable)
	if !readable(f.Name) && f.Incident != "" {
		f.Name = f.Incident
	}
	m := &short{next: line(s.must("sms.next")), missed: missed}
	said, room := line(GSM7(f.words.text)), oneSegment-Septets(m.next)-1
	if readable(said) && s.segments == 1 { // a name is not worth all of them
		room -= min(Septets(said), leastWords) + 1
	}
	m.head = s.stamped(room, Septets, func(room int) string { return s.fit("sms.head", &f, room, Septets) })
	if readable(said) {
		said = fitWords(said, func(cut string) bool { return Segments(m.whole(cut)) <= s.segments })
		m.middle = append(m.middle, said)
	}
	m.room = max(Segments(m.whole()), 1)
	if f.Late {
		m.add(s.must("phrase.late"))
	}
	m.tellMissed(s)
	naming := func(most int) *facts {
		brief := f
		brief.dependents = f.dependents.each(func(s *series) *series { return s.brief(most, sureName) })
		if f.Change != nil {
			brief.Change = f.Change.brief(most)
		}
		return &brief
	}
	fewer := 0
	if f.Change != nil || f.dependents != (dependents{}) {
		fewer = inSentence
	}
	if f.dependents != (dependents{}) {
		s.addNaming(m, "sms.chain", fewer, naming)
	}
	s.addNaming(m, "sms.body", fewer, naming)
	return m.signed(s.may("sms.sign"), missed)
}

// addNaming adds the sentences of a part, a sentence on each line: each with as many
// names of services as there is room for, which are up to so many fewer than a
// sentence reads well with. Of what a person wrote of the outage, the beginning.
func (s *speaker) addNaming(m *short, part string, fewer int, naming func(most int) *facts) {
	var forms [][]string
	form := func(n int) []string {
		if n == len(forms) {
			forms = append(forms, strings.Split(s.part(part, naming(inSentence-n), true), "\n"))
		}
		return forms[n]
	}
	for i, sentence := range form(0) {
		said := m.add(sentence)
		for n := 1; !said && n <= fewer && line(sentence) != ""; n++ {
			said = i < len(form(n)) && m.add(form(n)[i])
		}
		if !said && s.facts.told(sentence) {
			m.addCut(sentence, s.facts.owed(form(0)[i+1:]))
		}
	}
}

// fitWords cuts words at the end of a word to the longest that fits.
func fitWords(words string, fits func(string) bool) string {
	if fits(words) {
		return words
	}
	n := len([]rune(words))
	// The least number of runes to take off.
	off := sort.Search(n, func(i int) bool { return fits(shorten(words, n-i)) })
	return shorten(words, n-off)
}
