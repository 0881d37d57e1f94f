package speed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// telling is a configuration in which many are told of one service by mail.
const telling = `
global: {organisation: Voorbeeld, language: en, time_zone: UTC}
channels: {email: {smarthosts: ["%s"], from: "ICT <ict@voorbeeld.example>", require_tls: false, sessions: %d}}
services:
  - {name: mail, title: {en: email}, matchers: ['service="mail"'], threshold: [{firing_for: 1s}]}
audiences:
  - {name: staff, channels: [email], recipients_files: [staff.csv]}
policies:
  - {name: all, updates: [{audience: staff, cadence: [{from: 0s, every: 10h}]}]}
`

func mailbox(n int) string { return fmt.Sprintf("p%06d@voorbeeld.example", n) }

func person(n int) string { return fmt.Sprintf("Person %d,%s,,en", n, mailbox(n)) }

// news is what people say in the updates that are measured.
const news = "The mail server in the second data centre is being restarted. Mail that was sent meanwhile is kept and arrives later."

// email: one update to many, by 10 and by 50 sessions.
func email(b *bench) {
	for _, sessions := range []int{10, 50} {
		got, bare, cpu := b.fanOut(sessions, *rounds, nil)
		of := ratio(got, bare)
		b.add(line{
			fmt.Sprintf("email fan-out, %d recipients, %d sessions", *people, sessions), perSecond(middle(got)),
			"go-mail alone, NOOP and RSET off " + perSecond(middle(bare)) + cpu.String(), two(of), "0.75", of >= .75,
		})
		b.emailed = max(b.emailed, middle(got))
	}
}

// slow: the same where each command takes the server 10 ms.
func slow(b *bench) {
	got, bare, cpu := b.fanOut(50, 1, func(s *sink) { s.wait = 10 * time.Millisecond })
	of := ratio(got, bare)
	b.add(line{
		fmt.Sprintf("the same, each command answered after 10 ms, %d sessions", 50), perSecond(middle(got)),
		"go-mail alone, likewise " + perSecond(middle(bare)) + cpu.String(), two(of), "0.9", of >= .9,
	})
}

// fanOut returns how many mails a second an update brings, from the moment when
// somebody asks for it to the last answer of the mail server, and how many go-mail
// brings on as many sessions, from the first connection on.
func (b *bench) fanOut(sessions, rounds int, set func(*sink)) (got, bare []float64, cpu costs) {
	b.Helper()
	server := b.sink(set)
	s := b.sitrep(fmt.Sprintf(telling, server.addr, sessions))
	s.roster("staff.csv", *people, person)
	s.start()
	all := int64(*people)
	s.post("/api/v1/incidents", map[string]any{"service": "mail", "severity": "critical"})
	server.want.Store(true)
	server.await(b, all, 5*time.Minute)
	server.want.Store(false)
	s.reported(all)
	terms := goMailTerms{Server: server.addr, Sessions: sessions, People: *people}
	for range rounds {
		at := server.count.Load()
		server.want.Store(at == all) // one of them is what go-mail sends as well
		began, spent := time.Now(), s.cpu()
		s.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": news})
		took := server.await(b, at+all, 5*time.Minute).Sub(began)
		server.want.Store(false)
		got = append(got, float64(all)/took.Seconds())
		s.reported(at + all - int64(len(bare))*all)
		cpu.own += s.cpu() - spent
		if terms.Text == "" {
			terms.Subject, terms.Text, terms.HTML = b.words(server.kept)
		}
		var nanos int64
		cpu.other += b.result("go-mail", terms, &nanos)
		bare = append(bare, float64(all)/time.Duration(nanos).Seconds())
	}
	s.stop()
	return got, bare, cpu
}

// reported waits until the API says that so many mails were accepted: the ledger
// has them, and the report of each part is a fact.
func (s *sitrep) reported(n int64) {
	s.b.Helper()
	var incident struct {
		Audiences []struct {
			Deliveries struct{ Accepted, Failed int64 }
		}
	}
	s.b.until(fmt.Sprintf("%d mails are reported as accepted", n), time.Minute, func() bool {
		time.Sleep(50 * time.Millisecond)
		s.get("/api/v1/incidents/SR-1", &incident)
		sum := int64(0)
		for _, a := range incident.Audiences {
			sum += a.Deliveries.Accepted
		}
		return sum == n
	})
}

// words are what a message says, as its sender gave it.
func (b *bench) words(raw []byte) (subject, text, html string) {
	b.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		b.Fatalf("read a mail: %v", err)
	}
	subject, _ = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		b.Fatalf("read a mail: %v", err)
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err != nil {
			break
		}
		data, _ := io.ReadAll(quotedprintable.NewReader(p))
		if strings.HasPrefix(p.Header.Get("Content-Type"), "text/html") {
			html = string(data)
		} else {
			text = string(data)
		}
	}
	if text == "" || html == "" {
		b.Fatalf("a mail has no text or no HTML:\n%.500s", raw)
	}
	return subject, text, html
}

type goMailTerms struct {
	Server              string
	Sessions, People    int
	Subject, Text, HTML string
}

// playGoMail is go-mail as somebody who wants it fast uses it: a client for each
// session, which stays connected and says nothing but the messages.
func playGoMail(terms []byte) error {
	var t goMailTerms
	if err := json.Unmarshal(terms, &t); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(t.Server)
	if err != nil {
		return err
	}
	number, _ := strconv.Atoi(port)
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, t.Sessions)
	began := time.Now()
	for range t.Sessions {
		wg.Go(func() {
			c, err := gomail.NewClient(host, gomail.WithPort(number), gomail.WithTLSPolicy(gomail.NoTLS), gomail.WithoutNoop(), gomail.WithoutRset())
			if err == nil {
				err = c.DialWithContext(context.Background())
			}
			if err != nil {
				failed <- err
				return
			}
			defer c.Close()
			for n := int(next.Add(1)) - 1; n < t.People; n = int(next.Add(1)) - 1 {
				m := gomail.NewMsg()
				err := errors.Join(m.FromFormat("ICT", "ict@voorbeeld.example"), m.AddToFormat(fmt.Sprintf("Person %d", n), mailbox(n)))
				m.Subject(t.Subject)
				m.SetMessageIDWithValue(fmt.Sprintf("%032d@voorbeeld.example", n))
				m.SetGenHeader("Auto-Submitted", "auto-generated")
				m.SetBodyString(gomail.TypeTextPlain, t.Text)
				m.AddAlternativeString(gomail.TypeTextHTML, t.HTML)
				if err == nil {
					err = c.Send(m)
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		return err
	default:
		return say(took.Nanoseconds())
	}
}
