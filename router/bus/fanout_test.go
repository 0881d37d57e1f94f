package bus_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
	"sitrep/channels/email"
	"sitrep/router/bus"
)

// BenchmarkFanOut sends one update to 10,000 people through outbox, ledger and
// worker over ten SMTP sessions, and the same mails by the bare sender to the
// same server. Of_bare is the share of the bare speed that is left.
//
//	go test -run '^$' -bench FanOut -benchtime 3x ./router/bus
func BenchmarkFanOut(b *testing.B) {
	const people, sessions = 10_000, 10
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	server := channeltest.NewSMTP(l, channeltest.SMTPOptions{})
	b.Cleanup(func() { server.Close() })
	newSender := func() *email.Sender {
		s := email.New(email.Config{
			Smarthosts: []string{l.Addr().String()}, From: mail.Address{Name: "ICT", Address: "ict@voorbeeld.example"}, Sessions: sessions,
		})
		b.Cleanup(func() { s.Close() })
		return s
	}
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

	var worked, bare time.Duration
	update := 0
	for b.Loop() {
		update++
		began := time.Now()
		fanOutBare(b, newSender(), sessions, all, text, update)
		bare += time.Since(began)

		parts := orderFanOut(b, store, all, text, update)
		began = time.Now()
		fanOut(b, store, newSender(), sessions, parts)
		worked += time.Since(began)
	}
	if got := len(server.Messages()); got != 2*update*people {
		b.Errorf("%d mails, want %d", got, 2*update*people)
	}
	b.ReportMetric(float64(update*people)/worked.Seconds(), "mails/s")
	b.ReportMetric(float64(update*people)/bare.Seconds(), "bare_mails/s")
	b.ReportMetric(bare.Seconds()/worked.Seconds(), "of_bare")
}

func fanOutBare(b *testing.B, s *email.Sender, sessions int, all []channels.Person, text channels.Text, update int) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range sessions {
		group.Go(func() {
			for n := int(next.Add(1)); n <= len(all); n = int(next.Add(1)) {
				p := all[n-1]
				_, err := s.Send(b.Context(), channels.Delivery{
					ID: fmt.Sprintf("%032d", n), To: p.Email, Name: p.Name, Language: "nl", Subject: text.Subject, Topic: "SR-1",
					Text: channels.Fill(text.Text, nil), HTML: channels.Fill(text.HTML, nil),
				})
				if err != nil {
					b.Error(err)
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
	told := &countdown{Receipts: store, left: len(parts), done: make(chan struct{})}
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
	mu   sync.Mutex
	left int
	done chan struct{}
}

func (c *countdown) Report(ctx context.Context, r channels.Report) error {
	err := c.Receipts.Report(ctx, r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return err
}
