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

// sms composes an SMS: the head (state and service) and the promise; a person's
// words, up to maxSegments; the excuse of a late one; the sentences of
// sms.chain and sms.body, most important first. Who missed updates before it is
// told so in a variant of it, where there is room.
func (s *speaker) sms(missed bool) string {
	f := *s.facts
	f.dependents = f.dependents.each((*series).readable)
	if !readable(f.Name) && f.Incident != "" {
		f.Name = f.Incident
	}
	m := &short{next: line(s.must("sms.next")), missed: missed}
	m.head = s.fit("sms.head", &f, oneSegment-Septets(m.next)-1, Septets)
	if said := line(GSM7(f.words.text)); readable(said) {
		said = fitWords(said, func(cut string) bool { return Segments(m.whole(cut)) <= maxSegments })
		m.middle = append(m.middle, said)
	}
	m.room = max(Segments(m.whole()), 1)
	if f.Late {
		m.add(s.must("phrase.late"))
	}
	m.tellMissed(s)
	if f.dependents != (dependents{}) {
		s.addNaming(m, "sms.chain", func(most int) *facts {
			brief := f
			brief.dependents = f.dependents.each(func(s *series) *series { return s.brief(most, sureName) })
			return &brief
		})
	}
	for _, sentence := range strings.Split(s.may("sms.body"), "\n") {
		m.add(sentence)
	}
	return m.signed(s.may("sms.sign"), missed)
}

// addNaming adds the sentences of a part that names services, a sentence on
// each line: each with as many names as there is room for.
func (s *speaker) addNaming(m *short, part string, naming func(most int) *facts) {
	var forms [][]string
	for most := inSentence; most >= 0; most-- {
		forms = append(forms, strings.Split(s.part(part, naming(most), true), "\n"))
	}
	for i := range forms[0] {
		for _, form := range forms {
			if i < len(form) && m.add(form[i]) {
				break
			}
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
