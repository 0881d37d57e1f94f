package email

import (
	"fmt"
	"net"
	"net/mail"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	gomail "github.com/wneessen/go-mail"

	"sitrep/channels/channeltest"
)

const benchSessions = 10

func benchServer(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := channeltest.NewSMTP(l, channeltest.SMTPOptions{})
	b.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

// fanOut does b.N messages by ten goroutines.
func fanOut(b *testing.B, send func(worker, n int) error) {
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for worker := range benchSessions {
		all.Go(func() {
			for {
				n := int(next.Add(1))
				if n > b.N {
					return
				}
				if err := send(worker, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "mails/s")
}

// BenchmarkFanOut compares the Sender with go-mail used directly: ten clients
// that stay connected, the same message, the same server.
func BenchmarkFanOut(b *testing.B) {
	b.Run("sender", func(b *testing.B) {
		s := New(Config{Smarthosts: []string{benchServer(b)}, From: mail.Address{Name: "ICT", Address: "ict@voorbeeld.example"}, Sessions: benchSessions})
		b.Cleanup(func() { s.Close() })
		fanOut(b, func(_, n int) error {
			d := delivery(n)
			d.HTML = "<p>E-mail is gestoord.</p>"
			_, err := s.Send(b.Context(), d)
			return err
		})
	})
	for name, options := range map[string][]gomail.Option{
		"go-mail":        nil,
		"go-mail, terse": {gomail.WithoutNoop(), gomail.WithoutRset()},
	} {
		b.Run(name, func(b *testing.B) {
			host, port, _ := net.SplitHostPort(benchServer(b))
			number, _ := strconv.Atoi(port)
			var clients [benchSessions]*gomail.Client
			for i := range clients {
				c, err := gomail.NewClient(host, append(options, gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS))...)
				if err != nil {
					b.Fatal(err)
				}
				if err := c.DialWithContext(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.Cleanup(func() { c.Close() })
				clients[i] = c
			}
			fanOut(b, func(worker, n int) error {
				d := delivery(n)
				m := gomail.NewMsg()
				if err := m.FromFormat("ICT", "ict@voorbeeld.example"); err != nil {
					return err
				}
				if err := m.AddToFormat(d.Name, d.To); err != nil {
					return err
				}
				m.Subject(d.Subject)
				m.SetMessageIDWithValue(fmt.Sprintf("%s@voorbeeld.example", d.ID))
				m.SetBodyString(gomail.TypeTextPlain, d.Text)
				m.AddAlternativeString(gomail.TypeTextHTML, "<p>E-mail is gestoord.</p>")
				return clients[worker].Send(m)
			})
		})
	}
}
