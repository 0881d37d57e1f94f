package words

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRepliesFit: what is answered by SMS has two segments at most, whatever is filled
// in that a person or an incident may be called.
func TestRepliesFit(t *testing.T) {
	p := pack(t)
	fill := map[string]string{
		slotIncident: "SR-123456789", slotN: "123456", slotName: strings.Repeat("Anna-", 8), slotOther: "SR-123456789",
		slotTime: "op woensdag 30 september om 15.30 uur", slotService: strings.Repeat("dienst ", 6), slotCode: "1234",
	}
	for _, code := range p.Languages() {
		s := p.Speech(code, time.UTC)
		for reply, slots := range replySlots {
			if strings.HasPrefix(string(reply), "page.") || slices.Contains(slots, slotList) || slices.Contains(slots, slotWhy) {
				continue
			}
			var pairs []string
			for _, slot := range slots {
				pairs = append(pairs, strings.Trim(slot, "{}"), fill[slot])
			}
			text := GSM7(s.Say(reply, pairs...))
			if n := Septets(text); n > maxReply || strings.ContainsAny(text, "{}") {
				t.Errorf("%s: %s has %d septets: %s", code, reply, n, text)
			}
		}
	}
}

// TestHelpNamesEveryCommand: who asks for the words is told one for each thing.
func TestHelpNamesEveryCommand(t *testing.T) {
	p := pack(t)
	for _, code := range p.Languages() {
		asked := map[Command]bool{AskForHelp: true, noEstimates: true}
		for word := range strings.FieldsFuncSeq(p.Speech(code, time.UTC).Say(ReplyHelp), func(r rune) bool { return strings.ContainsRune(" ,.:()", r) }) {
			if c, known := p.languages[code].tongue.conversation.commands[word]; known {
				asked[c] = true
			}
		}
		for _, c := range commands {
			if !asked[c] {
				t.Errorf("%s: nobody is told how to ask for %q", code, c)
			}
		}
	}
}
