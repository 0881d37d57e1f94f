package words

import (
	"sort"
	"strings"
)

// sms composes an SMS: the head (state and service) and the promise always
// stand; a person's words come between them, up to maxSegments; the sentences
// of sms.body, most important first, go in where they cost no segment; before
// them the excuse of a late one.
func (s *speaker) sms() string {
	f := *s.facts
	if !readable(f.Name) && f.Incident != "" {
		f.Name = f.Incident
	}
	next := line(s.must("sms.next"))
	head := s.fit("sms.head", &f, oneSegment-Septets(next)-1, Septets)

	var middle []string
	whole := func(extra ...string) string {
		return line(GSM7(strings.Join(append(append([]string{head}, append(middle, extra...)...), next), " ")))
	}
	if said := line(GSM7(f.words.text)); readable(said) {
		said = fitWords(said, func(cut string) bool { return Segments(whole(cut)) <= maxSegments })
		middle = append(middle, said)
	}
	room := max(Segments(whole()), 1)
	extras := strings.Split(s.may("sms.body"), "\n")
	if f.Late {
		extras = append([]string{s.must("phrase.late")}, extras...)
	}
	for _, extra := range extras {
		if extra = line(extra); extra != "" && Segments(whole(extra)) <= room {
			middle = append(middle, extra)
		}
	}
	out := whole()
	if sign := line(s.may("sms.sign")); sign != "" && Segments(line(GSM7(out+" "+sign))) <= room {
		out = line(GSM7(out + " " + sign))
	}
	return out
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
