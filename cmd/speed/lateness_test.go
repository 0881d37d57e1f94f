package speed

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"time"
)

// lateness: updates that are due in the same minute, each to somebody else, since
// what one person is due within a minute is one message. Each audience hears every
// three minutes; the second update of each is measured, from the moment when it
// was due until the mail server is greeted with it.
func lateness(b *bench) {
	const each = 10 // audiences of a service
	services := max(*due/each, 1)
	var mu sync.Mutex
	begun := map[string][]time.Time{}
	server := b.sink(func(s *sink) {
		s.told = func(to []byte, m arrival) {
			mu.Lock()
			begun[string(to)] = append(begun[string(to)], m.begun)
			mu.Unlock()
		}
	})
	var c strings.Builder
	fmt.Fprintf(&c, "global: {organisation: Voorbeeld, language: en, time_zone: UTC}\nchannels: {email: {smarthosts: [%q], from: \"ICT <ict@voorbeeld.example>\", require_tls: false, sessions: 10}}\nservices:\n", server.addr)
	for n := range services {
		fmt.Fprintf(&c, "  - {name: s%d, title: {en: service %d}, matchers: ['service=\"s%d\"'], threshold: [{firing_for: 1s}]}\n", n, n, n)
	}
	c.WriteString("audiences:\n")
	for n := range services * each {
		fmt.Fprintf(&c, "  - {name: a%d, channels: [email], recipients: [{name: Reader, email: %s, language: en}]}\n", n, mailbox(n))
	}
	c.WriteString("policies:\n")
	for n := range services {
		fmt.Fprintf(&c, "  - name: p%d\n    matchers: ['service=\"s%d\"']\n    updates:\n", n, n)
		for a := range each {
			fmt.Fprintf(&c, "      - {audience: a%d, cadence: [{from: 0s, every: 3m}]}\n", n*each+a)
		}
	}
	s := b.sitrep(c.String())
	s.start()
	caller, err := call(s.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer caller.conn.Close()
	for n := range services { // over most of a minute, so that what is due is too
		var alert bytes.Buffer
		service := fmt.Sprint("s", n)
		firing(&alert, b.rand, service, n, time.Now().Add(-time.Hour).UTC())
		if status, err := caller.post(webhook(service, service, alert.Bytes())); status != 202 || err != nil {
			b.Fatalf("a webhook was answered %d, %v", status, err)
		}
		time.Sleep(50 * time.Second / time.Duration(services))
	}
	all := int64(services * each)
	server.await(b, all, 2*time.Minute)
	when := map[string]time.Time{}
	var schedule struct {
		Due []struct {
			At                 time.Time
			Incident, Audience string
		}
	}
	if s.get("/api/v1/schedule", &schedule) != 200 {
		b.Fatal("the schedule cannot be read")
	}
	for _, d := range schedule.Due {
		if _, sooner := when[d.Audience]; !sooner {
			when[d.Audience] = d.At
		}
	}
	if len(when) != int(all) {
		b.Fatalf("of %d audiences %d are due something", all, len(when))
	}
	server.await(b, 2*all, 10*time.Minute)
	var late []time.Duration
	mu.Lock()
	for n := range int(all) {
		late = append(late, begun[mailbox(n)][1].Sub(when[fmt.Sprint("a", n)]))
	}
	mu.Unlock()
	s.stop()
	p99 := share(late, .99)
	b.add(line{
		fmt.Sprintf("lateness of %d updates due in the same minute, until the wire, p99", all), ms(p99),
		fmt.Sprintf("the middle one %s, the last %s", ms(share(late, .5)), ms(share(late, 1))), "", "under 1 s", p99 < time.Second,
	})
}
