package words

import "strings"

// The slots of a rendered email, by name. A worker fills each with the phrase
// of the same name, or with nothing: only when it sends does it know.
const (
	SlotLate   = "late"   // the update goes out after the moment promised for it
	SlotMissed = "missed" // earlier updates were never sent; {n} in the phrase is how many
)

// Mark returns the bytes that stand for a slot. Data never holds them: cleaning
// takes all control characters out.
func Mark(name string) string { return "\x02" + name + "\x03" }

// Fill puts phrases into the slots of s; a slot without a phrase is emptied.
func Fill(s string, phrases map[string]string) string {
	if len(phrases) == 0 {
		s = strings.ReplaceAll(s, Mark(SlotLate)+" "+Mark(SlotMissed), "")
	}
	return strings.NewReplacer(
		Mark(SlotLate), phrases[SlotLate],
		Mark(SlotMissed), phrases[SlotMissed],
	).Replace(s)
}
