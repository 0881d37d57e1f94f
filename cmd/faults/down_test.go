package faults

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// TestAllSmarthostsDown: one of them is not there, one turns everybody away, and
// updates go on falling due. When one is back, each recipient gets one mail of
// all that was due meanwhile: the newest, which says how many were missed.
//
// The long version lasts three hours and twelve updates; in virtual time that is
// cmd/sitrep, TestMailIsDown.
func TestAllSmarthostsDown(t *testing.T) {
	t.Parallel()
	n, every, down := 40, either("8s", "15m"), either(5, 12)
	w := newWorld(t, setup{mails: n, every: every, smarthosts: func(own string) []string { return []string{nobody(t), own} }})
	w.start()
	w.fire()
	w.received(int64(n)) // the first update
	w.door.Shut("")
	w.smtp.Drop()
	planned := func() int {
		p := w.page()
		if len(p.Audiences) == 0 {
			return 0
		}
		return p.Audiences[0].Updates
	}
	w.until("updates fell due", 4*time.Hour, func() bool { return planned() > down })
	wait(w.within(2 * time.Second))
	if got := w.got.Load(); got != int64(n) {
		t.Errorf("seed %d: %d mails came through", w.seed, got)
	}
	opened, before := time.Now(), planned()
	w.door.Open()
	// They come with the next update or the next try, whichever is sooner; the
	// waits between tries are five seconds and half a minute, two and five minutes.
	w.received(int64(2 * n))
	back := time.Since(opened)
	w.end()
	w.until("it is over", patience(), func() bool { p := w.page(); return p.State == "resolved" && p.settled() })
	b := w.audit()

	numbers := map[string]int{} // of updates, by the Message-ID's left half
	for _, u := range b.updates {
		for i := range n {
			numbers[b.key.Delivery("SR-1", u.Update, "email", mailbox(i))] = u.Number
		}
	}
	missed := map[int]int{}
	for i := range n {
		box := w.smtp.Mailbox(mailbox(i))
		if len(box) < 3 { // the first, the newest, the closing one
			t.Errorf("seed %d: %s got %d mails", w.seed, mailbox(i), len(box))
			continue
		}
		last := 0
		for at, m := range box {
			id, _, _ := strings.Cut(m.MessageID, "@")
			number := numbers[id]
			says := said(m)
			if number <= last || says != number-last-1 {
				t.Errorf("seed %d: %s got update %d after %d, and it says that %d were missed", w.seed, mailbox(i), number, last, says)
			}
			if at == 1 {
				missed[says]++
				if number < before {
					t.Errorf("seed %d: %s got update %d when %d were planned", w.seed, mailbox(i), number, before)
				}
			}
			last = number
		}
		if last != len(b.updates) {
			t.Errorf("seed %d: %s did not hear that it is over", w.seed, mailbox(i))
		}
	}
	w.figures(b, "smarthosts_down=%v updates=%d missed=%v told_after=%v", opened.Sub(w.alert).Round(time.Second), len(b.updates), missed, back.Round(100*time.Millisecond))
	if b.twice > 0 || b.possible > 0 {
		t.Errorf("seed %d: %d came twice, %d possible", w.seed, b.twice, b.possible)
	}
}

// said returns how many updates a mail says that its reader missed.
func said(m channeltest.Mail) (n int) {
	if _, after, found := strings.Cut(m.Text, "Earlier updates that did not go out: "); found {
		fmt.Sscanf(after, "%d", &n)
	}
	return n
}
