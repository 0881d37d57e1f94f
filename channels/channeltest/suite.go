package channeltest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
)

// Trouble is what the world does to a sender under test.
type Trouble string

const (
	NoTrouble      Trouble = "none"
	BadRecipient   Trouble = "the recipient is refused for good"
	Busy           Trouble = "not now"
	ChannelRefused Trouble = "the sender itself is refused"
	ReplyCut       Trouble = "the message is kept, the connection cut in place of the answer"
	ReplyMute      Trouble = "the message is kept, the answer never comes"
	Hanging        Trouble = "nothing is kept, the answer never comes"
)

// Receipt is one message as the world's inbox shows it.
type Receipt struct {
	// ID is the delivery's own where the channel carries it, otherwise empty.
	ID   string
	Text string
}

// Rig is a sender and the world around it.
type Rig struct {
	Sender channels.Sender
	// Delivery returns a good delivery; each n has a recipient of its own.
	Delivery func(n int) channels.Delivery
	// Received is the inbox of one recipient.
	Received func(to string) []Receipt
	// Trouble makes the world behave so from now on. Its answers should echo
	// recipients and secrets, as careless servers do.
	Trouble func(Trouble)
	// Secrets must not show in any error.
	Secrets []string
	// FindsFirst says that a second try after a lost reply finds the first one
	// and sends nothing; otherwise it sends the same ID once more.
	FindsFirst bool
}

// Suite is what the worker relies on, for any channel. Each test runs in a
// synctest bubble of its own; factory builds the rig inside it, without a real
// network, and cleans up by t.Cleanup.
func Suite(t *testing.T, factory func(t *testing.T) Rig) {
	run := func(name string, test func(t *testing.T, r Rig)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, factory(t)) })
		})
	}

	run("sends", func(t *testing.T, r Rig) {
		for n := range 3 {
			d := r.Delivery(n)
			before := time.Now()
			got, err := r.Sender.Send(t.Context(), d)
			if err != nil {
				t.Fatalf("delivery %d: %v", n, err)
			}
			if got.At.Before(before) || got.At.After(time.Now()) {
				t.Errorf("delivery %d accepted at %v, not while sending", n, got.At)
			}
			r.arrived(t, d, 1)
		}
	})

	run("says what went wrong", func(t *testing.T, r Rig) {
		for n, want := range []struct {
			trouble  Trouble
			class    channels.Class
			received int
		}{
			{BadRecipient, channels.ClassPermanent, 0},
			{Busy, channels.ClassTemporary, 0},
			{ChannelRefused, channels.ClassDown, 0},
			{ReplyCut, channels.ClassAmbiguous, 1},
			{ReplyMute, channels.ClassAmbiguous, 1},
		} {
			d := r.Delivery(n)
			r.Trouble(want.trouble)
			_, err := r.Sender.Send(t.Context(), d)
			if err == nil {
				t.Fatalf("%s: no error", want.trouble)
			}
			if got := channels.Classify(err); got.Class != want.class {
				t.Errorf("%s: %s, want %s: %v", want.trouble, got.Class, want.class, err)
			} else if got.Class == channels.ClassPermanent && got.Code == "" {
				t.Errorf("%s: no code in %v", want.trouble, err)
			}
			r.discreet(t, d, err)
			r.arrived(t, d, want.received)

			// One failure is not the next delivery's failure.
			r.Trouble(NoTrouble)
			after := r.Delivery(100 + n)
			if _, err := r.Sender.Send(t.Context(), after); err != nil {
				t.Errorf("after %s: %v", want.trouble, err)
			}
			r.arrived(t, after, 1)
		}
	})

	for _, trouble := range []Trouble{ReplyCut, ReplyMute} {
		run("tries again when "+string(trouble), func(t *testing.T, r Rig) {
			d := r.Delivery(0)
			r.Trouble(trouble)
			first := time.Now()
			if _, err := r.Sender.Send(t.Context(), d); channels.Classify(err).Class != channels.ClassAmbiguous {
				t.Fatalf("first try: %v, want ambiguous", err)
			}
			r.Trouble(NoTrouble)
			time.Sleep(time.Minute)
			d.Again, d.Since = true, first
			if _, err := r.Sender.Send(t.Context(), d); err != nil {
				t.Fatalf("second try: %v", err)
			}
			if r.FindsFirst {
				r.arrived(t, d, 1)
			} else {
				r.arrived(t, d, 2)
			}
		})
	}

	run("ends soon after its context", func(t *testing.T, r Rig) {
		r.Trouble(Hanging)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		d := r.Delivery(0)
		_, err := r.Sender.Send(ctx, d)
		if took := time.Since(began); err == nil || took > 4*time.Second {
			t.Fatalf("ended after %v with %v", took, err)
		}
		switch class := channels.Classify(err).Class; class {
		case channels.ClassTemporary, channels.ClassAmbiguous:
		default:
			t.Errorf("%s: %v", class, err)
		}
		r.discreet(t, d, err)

		r.Trouble(NoTrouble)
		if _, err := r.Sender.Send(ctx, r.Delivery(1)); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("with a context that has ended: %v", err)
		}
		r.arrived(t, r.Delivery(1), 0)
	})

	run("sends side by side", func(t *testing.T, r Rig) {
		var all sync.WaitGroup
		for n := range 40 {
			all.Go(func() {
				if _, err := r.Sender.Send(t.Context(), r.Delivery(n)); err != nil {
					t.Errorf("delivery %d: %v", n, err)
				}
			})
		}
		all.Wait()
		for n := range 40 {
			r.arrived(t, r.Delivery(n), 1)
		}
	})
}

// arrived checks how often the inbox shows a delivery.
func (r Rig) arrived(t *testing.T, d channels.Delivery, times int) {
	t.Helper()
	got := r.Received(d.To)
	if len(got) != times {
		t.Errorf("delivery %s was received %d times, want %d", d.ID, len(got), times)
	}
	for _, m := range got {
		if m.ID != "" && m.ID != d.ID {
			t.Errorf("delivery %s arrived as %s", d.ID, m.ID)
		}
		if strings.TrimSpace(m.Text) != strings.TrimSpace(d.Text) {
			t.Errorf("delivery %s says %q, want %q", d.ID, m.Text, d.Text)
		}
	}
}

// discreet checks that neither the error nor anything inside it names the
// recipient, the text or a secret.
func (r Rig) discreet(t *testing.T, d channels.Delivery, err error) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, secret := range append([]string{d.To, d.Text}, r.Secrets...) {
			if strings.Contains(e.Error(), secret) {
				t.Errorf("the error says %q: %v", secret, e)
			}
		}
	}
}
