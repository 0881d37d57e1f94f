package faults

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"
)

// play starts a damaged store and says what came of it.
func (d *damaged) play(want told) (came, why string) {
	d.Helper()
	d.now = d.run(d.dir)
	// Over some damage the engine turns in circles, and more than two minutes are waited.
	if err := d.now.listens(200 * time.Second); err != nil {
		return d.ended(want, atStart)
	}
	early := d.page()
	err := d.untilOver(want.alert)
	select {
	case <-d.now.dead:
		return d.ended(want, later)
	default:
	}
	after := d.page()
	// A promise is counted a moment after it was kept.
	for end := time.Now().Add(5 * time.Second); err == nil && !maps.Equal(facts(after), facts(want.after)) && time.Now().Before(end); after = d.page() {
		wait(20 * time.Millisecond)
	}
	log := d.now.log.String()
	d.stop(stopsWithin)
	if why := d.strange(want); why != "" {
		return silent, why
	}
	if err != nil {
		if strings.Contains(log, "hint: restore the store from a backup") {
			return held, firstHint(log)
		}
		return silent, err.Error() + "\n" + log
	}
	if len(early.Timeline) < len(want.before.Timeline) || !slices.Equal(early.Timeline[:len(want.before.Timeline)], want.before.Timeline) {
		return silent, fmt.Sprintf("the timeline is another: %v, want %v", early.Timeline, want.before.Timeline)
	}
	if got, want := facts(after), facts(want.after); !maps.Equal(got, want) {
		return silent, fmt.Sprintf("the facts are %v, want %v", got, want)
	}
	if !slices.Equal(after.Audiences, want.after.Audiences) {
		return silent, fmt.Sprintf("the audiences are %+v, want %+v", after.Audiences, want.after.Audiences)
	}
	mails, texts := d.sent()
	if !maps.Equal(mails, want.mails) || !maps.Equal(texts, want.texts) {
		return silent, fmt.Sprintf("%d mails and %d phones were written to, want %d and %d", len(mails), len(texts), len(want.mails), len(want.texts))
	}
	return harmless, ""
}

// ended judges a process that ended by itself.
func (d *damaged) ended(want told, came string) (string, string) {
	select {
	case <-d.now.dead:
	default:
		d.now.signal(syscall.SIGKILL)
		<-d.now.dead
		return silent, "it neither listens nor ends"
	}
	log := d.now.log.String()
	if d.now.err == nil || !strings.Contains(log, "hint:") {
		return silent, fmt.Sprintf("it ended with %v and says\n%s", d.now.err, d.now.log.end())
	}
	d.now = nil
	if why := d.strange(want); why != "" {
		return silent, why
	}
	return came, firstHint(log)
}

// strange says what was sent that should not have been; "": nothing.
func (d *damaged) strange(want told) string {
	mails, texts := d.sent()
	for id, n := range mails {
		if n > want.mails[id] {
			return fmt.Sprintf("mail %s was sent %d times, want %d", id, n, want.mails[id])
		}
	}
	for number, n := range texts {
		if n > want.texts[number] {
			return fmt.Sprintf("%d SMS were sent to one number, want %d", n, want.texts[number])
		}
	}
	return ""
}

// firstHint returns the line before the first hint, which says what is wrong.
func firstHint(log string) string {
	before, _, _ := strings.Cut(log, "hint:")
	lines := strings.Split(strings.TrimSpace(before), "\n")
	return lines[len(lines)-1]
}

// facts counts the kinds of them.
func facts(p incidentPage) map[string]int {
	n := map[string]int{}
	for _, f := range p.Timeline {
		n[f.Fact]++
	}
	return n
}

// sent counts what was sent: mails by Message-ID, SMS by number.
func (w *world) sent() (mails, texts map[string]int) {
	texts = map[string]int{}
	for _, s := range w.twilio.Messages() {
		texts[s.To]++
	}
	return w.inboxes().mails, texts
}

// untilOver goes on with the outage that the store knows until it is over and
// everybody was told so. Where that does not come, the store may be damaged.
func (w *world) untilOver(alert time.Time) error {
	const patience = time.Minute
	by := time.Now().Add(patience)
	is := func(what string, so func() bool) error {
		for ; !so(); wait(20 * time.Millisecond) {
			select {
			case <-w.now.dead:
				return fmt.Errorf("it ended: %v", w.now.err)
			default:
			}
			if time.Now().After(by) {
				return fmt.Errorf("after %v still not: %s", patience, what)
			}
		}
		return nil
	}
	if err := is("settled", func() bool { return w.page().settled() }); err != nil {
		return err
	}
	if status, answer := w.webhook("MailDown", alert, time.Now()); status != 202 {
		return fmt.Errorf("a webhook was answered with %d %s", status, answer)
	}
	return is("told that it is over", func() bool { p := w.page(); return p.State == "resolved" && p.settled() })
}
