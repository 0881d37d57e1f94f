package selfcheck

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/router/incident"
)

// ward is what a Checker reports to: it believes all that it is told.
type ward struct {
	*testing.T
	c *Checker

	mu     sync.Mutex
	ails   []incident.Ailment
	told   []string
	sick   error
	shouts []string
}

func (w *ward) Put(_ context.Context, inputs ...incident.Input) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, in := range inputs {
		a := *in.Ailment
		w.told = append(w.told, fmt.Sprintf("%s %s", a.ID, map[bool]string{true: "over", false: "ails"}[a.Well]))
		w.ails = slices.DeleteFunc(w.ails, func(o incident.Ailment) bool { return o.ID == a.ID })
		if !a.Well {
			w.ails = append(w.ails, a)
		}
	}
	return nil
}

// watch runs a test beside a Checker, in virtual time.
func watch(t *testing.T, test func(*ward)) {
	synctest.Test(t, func(t *testing.T) {
		w := &ward{T: t}
		defer w.begin(func() {})()
		test(w)
	})
}

func (w *ward) begin(first func()) (stop func()) {
	w.c = New(Options{
		Inbox: w, Log: slog.New(slog.DiscardHandler),
		Probe: func(context.Context) error { w.mu.Lock(); defer w.mu.Unlock(); return w.sick },
		Shout: func(_ context.Context, _ time.Time, over bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.shouts = append(w.shouts, fmt.Sprint(over))
		},
		Ails: func() []incident.Ailment { w.mu.Lock(); defer w.mu.Unlock(); return slices.Clone(w.ails) },
	})
	first()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() { w.c.Run(ctx) })
	return func() { cancel(); done.Wait() }
}

func (w *ward) expect(told ...string) {
	w.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !slices.Equal(w.told, told) {
		w.Errorf("it told %q, want %q", w.told, told)
	}
	w.told = nil
}

func TestAChannelIsDown(t *testing.T) {
	watch(t, func(w *ward) {
		down := func() { w.c.Attempt("email", channels.ClassDown, "535") }
		down()
		time.Sleep(time.Minute) // one attempt alone is nothing
		w.expect()
		down()
		time.Sleep(time.Minute)
		w.expect("channel-email ails")
		w.c.Attempt("email", channels.ClassTemporary, "451")
		time.Sleep(time.Hour)
		w.expect() // that says nothing
		w.c.Attempt("email", "", "")
		down()
		time.Sleep(11 * time.Minute)
		w.expect()
		w.c.Attempt("email", "", "")
		time.Sleep(time.Minute)
		w.expect("channel-email over")
	})
}

// A recipient for whom alone the provider says so is found all the same; a short
// hiccup is not worth a word.
func TestAChannelThatIsDownForSome(t *testing.T) {
	watch(t, func(w *ward) {
		for _, gap := range []time.Duration{60, 60, 60, 1, 60, 5} {
			w.c.Attempt("sms", channels.ClassDown, "21408")
			w.c.Attempt("sms", "", "")
			time.Sleep(gap * time.Minute)
		}
		w.expect()
		time.Sleep(time.Hour)
		for _, wait := range []time.Duration{5, 30, 120} {
			w.c.Attempt("sms", channels.ClassDown, "21408")
			time.Sleep(wait * time.Second)
			if wait > 5 {
				w.c.Attempt("sms", "", "")
			}
		}
		time.Sleep(time.Minute)
		w.expect("channel-sms ails")
	})
}

func TestABudget(t *testing.T) {
	watch(t, func(w *ward) {
		spent := func(n int) {
			w.c.Spent("sms", channels.Spent{Messages: n, Limit: 100})
			time.Sleep(time.Minute)
		}
		spent(79)
		w.expect()
		spent(80)
		spent(99)
		w.expect("budget-sms ails")
		spent(100)
		spent(120)
		w.expect("budget-sms ails")
		spent(0)
		w.expect("budget-sms over")
		w.c.Spent("sms", channels.Spent{Incident: "SR-1", Messages: 90, Limit: 100})
		time.Sleep(time.Minute)
		w.expect("budget-sms-SR-1 ails")
	})
}

func TestALateQueue(t *testing.T) {
	watch(t, func(w *ward) {
		late := channels.Backlog{Waiting: 3, Late: time.Now()}
		w.c.Backlog("email", late)
		time.Sleep(30 * time.Second)
		w.c.Backlog("email", channels.Backlog{})
		time.Sleep(time.Hour)
		w.expect()
		w.c.Backlog("email", late)
		time.Sleep(2 * time.Minute)
		w.expect("queue-email ails")
		w.c.Backlog("email", channels.Backlog{Waiting: 3})
		time.Sleep(time.Minute)
		w.expect("queue-email over")
	})
}

func TestARefusedWebhook(t *testing.T) {
	watch(t, func(w *ward) {
		w.c.Webhook("10.0.0.1", 503) // it tries that again
		w.c.Webhook("10.0.0.1", 400)
		time.Sleep(time.Minute)
		w.expect()
		w.c.Webhook("10.0.0.1", 401)
		time.Sleep(time.Minute)
		w.expect("webhook ails")
		w.c.Webhook("10.0.0.1", 202)
		time.Sleep(time.Minute)
		w.expect("webhook over")
		w.c.Webhook("10.0.0.1", 413)
		w.c.Webhook("10.0.0.1", 202)
		time.Sleep(time.Minute)
		w.expect("webhook ails")
		time.Sleep(25 * time.Hour)
		w.expect() // time alone mends nothing
		w.c.Webhook("10.0.0.1", 202)
		time.Sleep(time.Minute)
		w.expect("webhook over")
		w.c.Webhook("10.0.0.2", 403)
		w.c.Webhook("10.0.0.1", 202) // the other of the two
		time.Sleep(time.Minute)
		w.expect("webhook ails")
	})
}

// Nothing is accepted, and nothing says that the channel is down: it is put off.
func TestAChannelThatPutsEverybodyOff(t *testing.T) {
	watch(t, func(w *ward) {
		for range 5 {
			w.c.Attempt("email", channels.ClassTemporary, "451")
			time.Sleep(2 * time.Minute)
		}
		w.expect()
		time.Sleep(10 * time.Minute)
		w.expect("channel-email ails")
		w.c.Attempt("email", "", "")
		time.Sleep(time.Minute)
		w.expect("channel-email over")
	})
}

// What is accepted and does not arrive, since the account may not, is told at once;
// that the next is accepted shows nothing.
func TestAnAccountThatMayNot(t *testing.T) {
	watch(t, func(w *ward) {
		w.c.Fate("sms", channels.Failed, "30005", false)
		time.Sleep(time.Minute)
		w.expect()
		w.c.Fate("sms", channels.Failed, "30002", true)
		time.Sleep(time.Minute)
		w.expect("channel-sms ails")
		w.c.Attempt("sms", "", "")
		time.Sleep(time.Hour)
		w.expect()
		w.c.Fate("sms", channels.Delivered, "", false)
		time.Sleep(time.Minute)
		w.expect("channel-sms over")
	})
}

// What ailed before a restart is over when that is seen, not since it was forgotten.
func TestARestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &ward{T: t, ails: []incident.Ailment{
			{ID: "channel-email", What: incident.AilingChannel, Channel: "email"},
			{ID: "queue-email", What: incident.AilingQueue, Channel: "email"},
			{ID: "webhook", What: incident.AilingWebhook, Code: "401"},
		}}
		defer w.begin(func() { w.c.Attempt("email", channels.ClassDown, "") })()
		time.Sleep(30 * time.Minute)
		w.expect("queue-email over")
		w.c.Attempt("email", "", "")
		w.c.Webhook("10.0.0.9", 202)
		time.Sleep(30 * time.Minute)
		w.expect("channel-email over", "webhook over")
	})
}

// A store that takes nothing is told past it, once an hour at most.
func TestTheStoreTakesNothing(t *testing.T) {
	watch(t, func(w *ward) {
		set := func(err error) { w.mu.Lock(); w.sick = err; w.mu.Unlock() }
		full := errors.New("no space left")
		for range 5 {
			set(full)
			time.Sleep(5 * time.Minute)
			set(nil)
			time.Sleep(time.Minute)
		}
		shouted := func() []string { w.mu.Lock(); defer w.mu.Unlock(); return slices.Clone(w.shouts) }
		if !slices.Equal(shouted(), []string{"false", "true"}) {
			t.Errorf("it shouted %q", shouted())
		}
		time.Sleep(time.Hour)
		set(full)
		time.Sleep(30 * time.Second)
		set(nil)
		time.Sleep(time.Minute)
		set(full)
		time.Sleep(time.Minute)
		w.c.Webhook("10.0.0.1", 401) // nothing can be noted now
		time.Sleep(3 * time.Hour)
		if len(shouted()) != 3 {
			t.Errorf("it shouted %q", shouted())
		}
		w.expect()
	})
}
