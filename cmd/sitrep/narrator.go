package main

import (
	"fmt"
	"io"
	"sort"
	"strings"
	"sync"
	"time"
	"unicode"

	"sitrep/channels/channeltest"
	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
)

// narrator tells the demo line by line. Its lines come from the facts and from
// what the mail server and the SMS provider really got.
type narrator struct {
	began time.Time
	names map[string]string // of recipients, by address
	zone  *time.Location

	mu     sync.Mutex
	out    io.Writer
	closed bool
}

func newNarrator(out io.Writer, cfg *policies.Config) *narrator {
	n := &narrator{out: out, began: time.Now(), names: map[string]string{}, zone: cfg.Global.TimeZone}
	for _, a := range cfg.Audiences {
		for _, r := range a.Recipients {
			n.names[r.Email], n.names[r.Phone] = r.Name, r.Name
		}
	}
	return n
}

func (n *narrator) line(mark, format string, args ...any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	since := time.Since(n.began)
	fmt.Fprintf(n.out, "%02d:%02d %s %s\n", int(since.Minutes()), int(since.Seconds())%60, mark, printable(fmt.Sprintf(format, args...)))
}

// printable keeps what came from outside from talking to the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

func (n *narrator) say(format string, args ...any)   { n.line(" ", format, args...) }
func (n *narrator) note(format string, args ...any)  { n.line("  ", format, args...) }
func (n *narrator) scene(format string, args ...any) { n.blank(); n.line("*", format, args...) }

func (n *narrator) blank() {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.closed {
		fmt.Fprintln(n.out)
	}
}

func (n *narrator) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
}

// fact tells the facts that a watcher wants to see; the rest stand in the
// timeline.
func (n *narrator) fact(f incident.Fact) {
	switch {
	case f.Opened() != nil, f.Phased() != nil, f.Resolved() != nil, f.Broken() != nil, f.Reopened() != nil, f.Conducted():
		n.line("!", "%s", f)
	case f.Planned() != nil:
		p := f.Planned()
		next := "the last one"
		if !p.PromiseAt.IsZero() {
			next = "next before " + p.PromiseAt.In(n.zone).Format("15:04")
		}
		n.line(">", "audience %s, %s update; %s", p.Audience, p.Kind, next)
	}
}

func (n *narrator) mail(m channeltest.Mail) {
	n.line("  mail", "%-13s %s", n.name(m.To), m.Subject)
}

func (n *narrator) sms(m channeltest.SMS) {
	n.line("  sms ", "%-13s %s", n.name(m.To), m.Body)
}

func (n *narrator) name(address string) string {
	if name := n.names[address]; name != "" {
		return name
	}
	return address
}

// summary says who was told what and when, and whether every promise was kept.
func (n *narrator) summary(p *router.Page, mails []channeltest.Mail, texts []channeltest.SMS) error {
	type row struct {
		at            time.Time
		who, by, what string
	}
	var rows []row
	for _, m := range mails {
		rows = append(rows, row{m.At, n.name(m.To), "mail", m.Subject})
	}
	for _, m := range texts {
		what := []rune(m.Body)
		if len(what) > 60 {
			what = append(what[:57], []rune("...")...)
		}
		rows = append(rows, row{m.At, n.name(m.To), "sms", string(what)})
	}
	sort.SliceStable(rows, func(i, j int) bool {
		if rows[i].who != rows[j].who {
			return rows[i].who < rows[j].who
		}
		return rows[i].at.Before(rows[j].at)
	})
	n.blank()
	n.say("Who was told what, and when:")
	for _, r := range rows {
		n.note("%-13s %s %-4s %s", r.who, r.at.In(n.zone).Format("15:04:05"), r.by, r.what)
	}
	n.blank()
	if p == nil {
		n.say("There was no incident.")
		return errUnkept
	}
	made, kept, broken, planned, accepted := 0, 0, 0, 0, 0
	for _, a := range p.Audiences {
		made, kept, broken = made+a.Made, kept+a.Kept, broken+a.Broken
		planned, accepted = planned+a.Deliveries.Planned, accepted+a.Deliveries.Accepted
	}
	n.say("%d messages planned, %d arrived. %d promises of a next update: %d kept, %d broken.", planned, len(rows), made, kept, broken)
	if p.Open || made == 0 || kept != made || accepted != planned || len(rows) != planned {
		return errUnkept
	}
	n.say("Every promise was kept, and nobody had to ring.")
	return nil
}
