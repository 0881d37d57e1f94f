package words

import (
	"strings"
	"testing"
	"time"
)

// TestAnEntryIsReadOnAnyDay: what stands in a calendar names days by their dates, and
// holds what people notice and can do; an end counts as newer than what it ends.
func TestAnEntryIsReadOnAnyDay(t *testing.T) {
	p := pack(t)
	for _, kind := range withEvent {
		for code, l := range p.languages {
			for _, before := range []time.Duration{0, time.Hour, 12 * time.Hour, 30 * time.Hour} {
				v := maintenance(kind, 2, weekend.Add(-before))
				v.Change.UID, v.Change.Revision, v.Account = "change-14@example.org", 3, plenty
				v.Change.StartBefore, v.Change.EndBefore = v.Now.Add(-24*time.Hour), v.Change.End.Add(-24*time.Hour)
				out, err := p.Render(v, Reader{Reads: "staff", Language: code, Zone: time.UTC})
				if err != nil || out.Event == nil {
					t.Fatalf("%s, %s: %v", kind, code, err)
				}
				e := out.Event
				for _, relative := range []string{l.tongue.yesterday, l.tongue.today, l.tongue.tomorrow} {
					if strings.Contains(fold(e.Text), fold(relative)) {
						t.Errorf("%s, %s, %s before: it says %q:\n%s", kind, code, before, relative, e.Text)
					}
				}
				if !strings.Contains(e.Text, "28 november 2026") && !strings.Contains(e.Text, "28 November 2026") {
					t.Errorf("%s, %s, %s before: it does not say which day:\n%s", kind, code, before, e.Text)
				}
				for _, known := range []string{plenty.Impact[code], plenty.Workaround[code]} {
					if strings.Contains(e.Text, known) == (kind == Cancelled) {
						t.Errorf("%s, %s: that it says %q is %v:\n%s", kind, code, known, kind == Cancelled, e.Text)
					}
				}
				want := 3
				if kind == Cancelled {
					want = 4
				}
				if e.Cancelled != (kind == Cancelled) || e.Revision != want || e.UID != v.Change.UID {
					t.Errorf("%s: %+v", kind, e)
				}
			}
		}
	}
}
