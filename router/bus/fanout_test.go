package bus_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"

	"sitrep/channels"
	"sitrep/channels/channeltest"
	"sitrep/channels/email"
	"sitrep/router/bus"
)

// BenchmarkFanOut sends one update to 10,000 people through outbox, ledger and
// worker, and the same mails by go-mail alone, over as many sessions to the same
// server: as anybody uses it, and without what it says beside the mails (NOOP,
// RSET), which our own sender does not say either. Of_bare and of_terse are the
// shares of those speeds that are left.
//
//	go test -run '^$' -bench FanOut -benchtime 3x ./router/bus
func BenchmarkFanOut(b *testing.B) {
	for _, sessions := range []int{10, 50} {
		b.Run(fmt.Sprint("sessions=", sessions), func(b *testing.B) { benchFanOut(b, 10_000, sessions) })
	}
}

func benchFanOut(b *testing.B, people, sessions int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := channeltest.NewSMTP(l, channeltest.SMTPOptions{})
	b.Cleanup(func() { server.Close() })
	store, err := bus.Open(b.Context(), bus.Options{Dir: b.TempDir(), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(store.Close)
	all := make([]channels.Person, people)
	for n := range all {
		all[n] = channels.Person{ID: fmt.Sprint(n), Name: "Jan de Vries", Email: fmt.Sprintf("recipient-%d@example.org", n), Language: "nl", Zone: "Europe/Amsterdam"}
	}
	text := channels.Text{
		Language: "nl", Zone: "Europe/Amsterdam", Subject: "Storing: e-mail",
		Text: "\x02late\x03E-mail is gestoord.\n", HTML: "<p>\x02late\x03E-mail is gestoord.</p>",
	}

	var worked, bare, terse time.Duration
	update := 0
	for b.Loop() {
		update++
		began := time.Now()
		fanOutBare(b, l.Addr().String(), sessions, all, text)
		bare += time.Since(began)
		began = time.Now()
		fanOutBare(b, l.Addr().String(), sessions, all, text, gomail.WithoutNoop(), gomail.WithoutRset())
		terse += time.Since(began)

		sender := email.New(email.Config{
			Smarthosts: []string{l.Addr().String()}, From: mail.Address{Name: "ICT", Address: "ict@voorbeeld.example"}, Sessions: sessions,
		})
		parts := orderFanOut(b, store, all, text, update)
		began = time.Now()
		fanOut(b, store, sender, sessions, parts)
		worked += time.Since(began)
		sender.Close()
	}
	if got := len(server.Messages()); got != 3*update*people {
		b.Errorf("%d mails, want %d", got, 3*update*people)
	}
	b.ReportMetric(float64(update*people)/worked.Seconds(), "mails/s")
	b.ReportMetric(float64(update*people)/bare.Seconds(), "bare_mails/s")
	b.ReportMetric(bare.Seconds()/worked.Seconds(), "of_bare")
	b.ReportMetric(terse.Seconds()/worked.Seconds(), "of_terse")
}

// fanOutBare is go-mail as anybody uses it: a client a session, which stays
// connected.
func fanOutBare(b *testing.B, server string, sessions int, all []channels.Person, text channels.Text, options ...gomail.Option) {
	host, port, err := net.SplitHostPort(server)
	if err != nil {
		b.Fatal(err)
	}
	number, _ := strconv.Atoi(port)
	var next atomic.Int64
	var group sync.WaitGroup
	for range sessions {
		group.Go(func() {
			c, err := gomail.NewClient(host, append(slices.Clip(options), gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS))...)
			if err == nil {
				err = c.DialWithContext(b.Context())
			}
			if err != nil {
				b.Error(err)
				return
			}
			defer c.Close()
			for n := int(next.Add(1)); n <= len(all); n = int(next.Add(1)) {
				p := all[n-1]
				m := gomail.NewMsg()
				err := errors.Join(m.FromFormat("ICT", "ict@voorbeeld.example"), m.AddToFormat(p.Name, p.Email))
				m.Subject(text.Subject)
				m.SetMessageIDWithValue(fmt.Sprintf("%032d@voorbeeld.example", n))
				m.SetBodyString(gomail.TypeTextPlain, channels.Fill(text.Text, nil))
				m.AddAlternativeString(gomail.TypeTextHTML, channels.Fill(text.HTML, nil))
				if err == nil {
					err = c.Send(m)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

func orderFanOut(b *testing.B, store *bus.Bus, all []channels.Person, text channels.Text, update int) (parts []channels.Part) {
	texts, err := store.PutTexts(b.Context(), []channels.Text{text})
	if err != nil {
		b.Fatal(err)
	}
	for chunk := range slices.Chunk(all, channels.MaxPart) {
		roster, err := store.PutRoster(b.Context(), chunk)
		if err != nil {
			b.Fatal(err)
		}
		p := channels.Part{
			Incident: "SR-1", Update: update, Chunk: len(parts), Channel: channels.Email, Audience: "staff",
			Texts: texts, Roster: roster, PlannedAt: time.Now(),
		}
		if err := store.PutPart(b.Context(), p); err != nil {
			b.Fatal(err)
		}
		parts = append(parts, p)
	}
	return parts
}

// fanOut works until every part is reported.
func fanOut(b *testing.B, store *bus.Bus, s *email.Sender, sessions int, parts []channels.Part) {
	q, err := store.Queue(b.Context(), channels.Email)
	if err != nil {
		b.Fatal(err)
	}
	defer q.Close()
	told := &countdown{Receipts: store, update: parts[0].Update, left: len(parts), done: make(chan struct{})}
	w := channels.NewWorker(channels.WorkerOptions{
		Name: "bench", Channel: channels.Email, Sessions: sessions, Sender: s, Queue: q, Ledger: store, Library: store,
		Receipts: told, Key: store.Key(), Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(b.Context())
	var run sync.WaitGroup
	run.Go(func() { w.Run(ctx) })
	<-told.done
	cancel()
	run.Wait()
}

// countdown waits for the reports of all parts.
type countdown struct {
	channels.Receipts
	update int
	mu     sync.Mutex
	left   int
	done   chan struct{}
}

func (c *countdown) Report(ctx context.Context, r channels.Report) error {
	err := c.Receipts.Report(ctx, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Update != c.update { // of one that was finished before, said again
		return err
	}
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return err
}
