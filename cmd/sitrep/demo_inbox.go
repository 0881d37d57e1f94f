package main

import (
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"sync"
	"time"

	"sitrep/policies"
)

// bell wakes whoever listens when something new arrived.
type bell struct {
	mu      sync.Mutex
	rung    chan struct{} // closed by the next ring
	stopped chan struct{}
}

func newBell() *bell { return &bell{rung: make(chan struct{}), stopped: make(chan struct{})} }

func (b *bell) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.rung)
	b.rung = make(chan struct{})
}

func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.rung
}

func (b *bell) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	select {
	case <-b.stopped:
	default:
		close(b.stopped)
	}
}

//go:embed demo_inbox.html
var inboxPage string

var inboxTemplate = template.Must(template.New("inbox").Parse(inboxPage))

// inboxView is the page: everybody with his phone and his mailbox.
type inboxView struct {
	Organisation string
	People       []personView
	Count        int
}

type personView struct {
	Name, Audience, Email, Phone string
	SMS                          []smsView
	Mails                        []mailView
}

type smsView struct {
	ID, At, Text, From string
}

type mailView struct {
	ID, At, Subject, From, Text, HTML string
	Newest                            bool
}

// inboxPages adds the page that shows phones and mailboxes as their owners see
// them, and the events that keep it live.
func (w *demoWorld) inboxPages(s interface{ Handle(string, http.Handler) }) {
	s.Handle("GET /{$}", http.RedirectHandler("/inbox", http.StatusFound))
	s.Handle("GET /inbox", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Cache-Control", "no-store")
		// Messages are shown in frames without scripts; nothing is loaded from
		// anywhere else.
		rw.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'")
		if err := inboxTemplate.Execute(rw, w.inbox()); err != nil {
			fmt.Fprintln(rw, err)
		}
	}))
	s.Handle("GET /inbox/events", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		rw.Header().Set("Content-Type", "text/event-stream")
		rw.Header().Set("Cache-Control", "no-store")
		out := http.NewResponseController(rw)
		fmt.Fprint(rw, "retry: 1000\n\n")
		for {
			next := w.bell.next()
			fmt.Fprintf(rw, "data: %d\n\n", len(w.smtp.Messages())+len(w.twilio.Messages()))
			if out.Flush() != nil {
				return
			}
			select {
			case <-next:
			case <-w.bell.stopped:
				return
			case <-r.Context().Done():
				return
			}
		}
	}))
}

func (w *demoWorld) inbox() inboxView {
	v := inboxView{Organisation: w.config.Global.Organisation}
	for _, a := range w.config.Audiences {
		for _, r := range a.Recipients {
			p := w.person(a, r)
			v.Count += len(p.SMS) + len(p.Mails)
			v.People = append(v.People, p)
		}
	}
	return v
}

func (w *demoWorld) person(a *policies.Audience, r policies.Recipient) personView {
	p := personView{Name: r.Name, Audience: a.Name, Email: r.Email, Phone: r.Phone}
	clock := func(t time.Time) string { return t.In(w.config.Global.TimeZone).Format("15:04:05") }
	if r.Phone != "" {
		for _, m := range w.twilio.Phone(r.Phone) {
			p.SMS = append(p.SMS, smsView{ID: "s-" + m.SID, At: clock(m.At), Text: m.Body, From: m.From})
		}
	}
	mails := w.smtp.Mailbox(r.Email)
	for i := len(mails) - 1; i >= 0; i-- {
		m := mails[i]
		id, _, _ := strings.Cut(m.MessageID, "@")
		p.Mails = append(p.Mails, mailView{ID: "m-" + id, At: clock(m.At), Subject: m.Subject, From: m.Decoded("From"), Text: m.Text, HTML: m.HTML, Newest: i == len(mails)-1})
	}
	return p
}
