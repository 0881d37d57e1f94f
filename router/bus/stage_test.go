package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/mail"
	"os"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emersion/go-smtp"

	"sitrep/channels"
	"sitrep/channels/channeltest"
	"sitrep/channels/email"
	"sitrep/channels/sms"
	"sitrep/router/bus"
	"sitrep/router/incident"
)

// stage is a store and the world outside, in a bubble: hours pass in
// milliseconds. What people really got is what the SMTP server and Twilio hold.
type stage struct {
	*testing.T
	dir    string
	bus    *bus.Bus
	log    *slog.Logger
	mail   *channeltest.SMTP
	smtp   *channeltest.PipeListener
	twilio *channeltest.Twilio
	phone  *channeltest.PipeListener

	sessions int
	updates  int
	runs     []*run
}

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token   = "0123456789abcdef0123456789abcdef"
	user    = "sitrep@voorbeeld.example"
)

// play runs a test on a stage.
func play(t *testing.T, test func(s *stage)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{T: t, dir: dir, log: slog.New(slog.DiscardHandler), sessions: 4}
		if os.Getenv("SITREP_TEST_LOG") != "" {
			s.log = slog.New(slog.NewTextHandler(os.Stderr, nil))
		}
		s.open()
		defer func() { s.bus.Close() }()
		s.smtp = channeltest.NewPipeListener()
		s.mail = channeltest.NewSMTP(s.smtp, channeltest.SMTPOptions{Username: user, Password: token})
		defer s.mail.Close()
		s.phone = channeltest.NewPipeListener()
		s.twilio = channeltest.NewTwilio(account, token)
		server := &http.Server{Handler: s.twilio}
		var served sync.WaitGroup
		served.Go(func() { server.Serve(s.phone) })
		defer served.Wait()
		defer server.Close()
		defer func() {
			for _, r := range s.runs {
				r.end()
			}
		}()
		test(s)
	})
}

func (s *stage) open() {
	s.Helper()
	b, err := bus.Open(context.Background(), bus.Options{Dir: s.dir, Log: s.log})
	if err != nil {
		s.Fatal(err)
	}
	s.bus = b
}

// restart closes the store and opens it again.
func (s *stage) restart() {
	s.Helper()
	s.bus.Close()
	s.open()
}

// email is a real sender of mail to the stage's server.
func (s *stage) email() *email.Sender {
	return email.New(email.Config{
		Smarthosts: []string{"127.0.0.1:25"}, From: mail.Address{Name: "ICT", Address: "ict@voorbeeld.example"},
		Username: user, Password: func() (string, error) { return token, nil },
		Sessions: s.sessions, Dial: s.smtp.Dial, Hostname: "sitrep.test",
	})
}

// sms is a real sender of SMS to the stage's Twilio.
func (s *stage) sms() *sms.Sender {
	return sms.New(sms.Config{
		AccountSID: account, AuthToken: func() (string, error) { return token, nil }, From: "GemVoorbld",
		APIURL: "http://twilio.test", HTTP: &http.Client{Transport: &http.Transport{
			DialContext:         func(ctx context.Context, n, a string) (net.Conn, error) { return s.phone.Dial(ctx, n, a) },
			MaxIdleConnsPerHost: 64,
		}},
	})
}

// people are n recipients with both addresses.
func people(n int) []channels.Person {
	all := make([]channels.Person, n)
	for i := range all {
		all[i] = channels.Person{
			ID: fmt.Sprint("p", i), Name: fmt.Sprint("Persoon ", i), Language: "nl", Zone: "Europe/Amsterdam",
			Email: mailbox(i), Phone: number(i),
		}
	}
	return all
}

func mailbox(i int) string { return fmt.Sprintf("p%d@example.org", i) }
func number(i int) string  { return fmt.Sprintf("+3161234%04d", i) }

// order stores an update of SR-1 to the board as the router does, and returns
// its parts.
func (s *stage) order(channel string, all []channels.Person, change ...func(*channels.Part)) (parts []channels.Part) {
	s.Helper()
	ctx := s.Context()
	s.updates++
	phrases := map[string]string{channels.SlotLate: "Dit bericht is te laat.", channels.SlotMissed: "Niet verstuurd & gemist: {n}."}
	texts, err := s.bus.PutTexts(ctx, []channels.Text{{
		Language: "nl", Zone: "Europe/Amsterdam", Subject: fmt.Sprint("Storing ", s.updates),
		Text: fmt.Sprintf("\x02late\x03\x02missed\x03Bericht %d.", s.updates),
		HTML: fmt.Sprintf("<p>\x02late\x03\x02missed\x03Bericht %d.</p>", s.updates),
		SMS:  fmt.Sprintf("\x02late\x03Bericht %d.", s.updates), Phrases: phrases,
		SMSMissed: fmt.Sprintf("\x02late\x03Bericht %d. Gemist: {n}.", s.updates),
	}})
	if err != nil {
		s.Fatal(err)
	}
	for chunk := range slices.Chunk(all, channels.MaxPart) {
		roster, err := s.bus.PutRoster(ctx, chunk)
		if err != nil {
			s.Fatal(err)
		}
		p := channels.Part{
			Incident: "SR-1", Update: s.updates, Chunk: len(parts), Channel: channel, Audience: "board", Kind: "first",
			Texts: texts, Roster: roster, PlannedAt: time.Now().UTC(),
		}
		for _, c := range change {
			c(&p)
		}
		if err := s.bus.PutPart(ctx, p); err != nil {
			s.Fatal(err)
		}
		parts = append(parts, p)
	}
	return parts
}

// run is a worker at work.
type run struct {
	s      *stage
	cancel context.CancelFunc
	done   sync.WaitGroup
	queue  *bus.Queue
	sender interface{ Close() error }
	seen   atomic.Int64 // outcomes
}

// work starts a worker; change may put something between it and the world.
func (s *stage) work(channel string, change ...func(*channels.WorkerOptions)) *run {
	s.Helper()
	q, err := s.bus.Queue(s.Context(), channel)
	if err != nil {
		s.Fatal(err)
	}
	r := &run{s: s, queue: q}
	o := channels.WorkerOptions{
		Name: "one", Channel: channel, Sessions: s.sessions, Queue: q, Ledger: s.bus, Library: s.bus,
		Receipts: s.bus, Key: s.bus.Key(), Log: s.log,
		Watch: channels.Watch{Outcome: func(string, channels.State, channels.Class, string, time.Duration) { r.seen.Add(1) }},
	}
	if channel == channels.SMS {
		sender := s.sms()
		o.Sender, r.sender = sender, sender
	} else {
		sender := s.email()
		o.Sender, r.sender = sender, sender
	}
	for _, c := range change {
		c(&o)
	}
	s.runs = append(s.runs, r)
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	w := channels.NewWorker(o)
	r.done.Go(func() { w.Run(ctx) })
	return r
}

// stop ends the worker, and everything of it, within ten seconds.
func (r *run) stop() {
	r.s.Helper()
	began := time.Now()
	r.end()
	if took := time.Since(began); took > 10*time.Second {
		r.s.Errorf("the worker took %v to stop", took)
	}
}

// end is a stop that may take its time, and may be repeated.
func (r *run) end() {
	r.cancel()
	r.done.Wait()
	r.sender.Close()
	r.queue.Close()
}

// until lets time pass until something is so.
func (s *stage) until(what string, limit time.Duration, so func() bool) {
	s.Helper()
	for end := time.Now().Add(limit); !so(); {
		if time.Now().After(end) {
			s.Fatalf("after %v: not so: %s", limit, what)
		}
		time.Sleep(limit / 1000)
	}
}

// record returns what the ledger says last of a part.
func (s *stage) record(p channels.Part) channels.Record {
	s.Helper()
	r, err := s.bus.Last(s.Context(), p.ID())
	if err != nil {
		s.Fatal(err)
	}
	return r
}

// finished waits until parts are finished and returns their sum.
func (s *stage) finished(limit time.Duration, parts ...channels.Part) (sum channels.Report) {
	s.Helper()
	for _, p := range parts {
		s.until("part "+p.ID()+" is finished", limit, func() bool { return s.record(p).Done != nil })
		r := s.record(p).Done
		sum.Accepted += r.Accepted
		sum.Failed += r.Failed
		sum.Unreached += r.Unreached
		sum.Superseded += r.Superseded
		sum.Possible += r.Possible
	}
	return sum
}

// expect compares a sum: what was planned is all there, one way or the other.
func (s *stage) expect(got, want channels.Report) {
	s.Helper()
	if !reflect.DeepEqual(got, want) {
		s.Errorf("the ledger says %+v, want %+v", got, want)
	}
}

// received counts what each address really got, of n people.
func (s *stage) received(n int) (copies []int, twice, none int) {
	by := map[string]int{}
	for _, m := range s.mail.Messages() {
		by[m.To]++
	}
	for _, m := range s.twilio.Messages() {
		by[m.To]++
	}
	copies = make([]int, n)
	for i := range copies {
		copies[i] = by[mailbox(i)] + by[number(i)]
		if copies[i] == 0 {
			none++
		}
		twice += max(copies[i]-1, 0)
	}
	return copies, twice, none
}

// once fails where not everybody got exactly one.
func (s *stage) once(n int) {
	s.Helper()
	if _, twice, none := s.received(n); twice > 0 || none > 0 {
		s.Errorf("of %d people %d got nothing, and %d copies were too many", n, none, twice)
	}
}

// receipts are the reports that reached the inbox, by part.
func (s *stage) receipts() map[string][]incident.Delivered {
	s.Helper()
	all := map[string][]incident.Delivered{}
	done := errors.New("done")
	err := s.bus.Inputs(s.Context(), 0, func(_ uint64, inputs []incident.Input, last bool) error {
		for _, in := range inputs {
			if in.Receipt != nil {
				all[in.Receipt.Delivered.Part] = append(all[in.Receipt.Delivered.Part], in.Receipt.Delivered)
			}
		}
		if last {
			return done
		}
		return nil
	})
	if !errors.Is(err, done) {
		s.Fatal(err)
	}
	return all
}

// at misbehaves at one stage of the SMTP dialogue.
func at(stage channeltest.Stage, act channeltest.Act) func(channeltest.Moment) channeltest.Act {
	return func(m channeltest.Moment) channeltest.Act {
		if m.Stage == stage {
			return act
		}
		return channeltest.Act{}
	}
}

func reply(code int, enhanced smtp.EnhancedCode, text string) channeltest.Act {
	return channeltest.Act{Reply: &smtp.SMTPError{Code: code, EnhancedCode: enhanced, Message: text}}
}
