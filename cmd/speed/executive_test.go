package speed

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"time"
)

// rank is a configuration with one critical audience of one and one of many.
const rank = `
global: {organisation: Voorbeeld, language: en, time_zone: UTC}
channels: {email: {smarthosts: ["%s"], from: "ICT <ict@voorbeeld.example>", require_tls: false, sessions: 10}}
services:
  - {name: mail, title: {en: email}, matchers: ['service="mail"'], threshold: [{firing_for: 1s}]}
  - {name: phones, title: {en: phones}, matchers: ['service="phones"'], threshold: [{firing_for: 1s}]}
audiences:
  - {name: staff, channels: [email], recipients_files: [staff.csv]}
  - {name: board, critical: true, channels: [email], recipients: [{name: Mayor, email: mayor@voorbeeld.example, language: en}]}
policies:
  - {name: many, matchers: ['service="mail"'], updates: [{audience: staff, cadence: [{from: 0s, every: 10h}]}]}
  - {name: few, matchers: ['service="phones"'], updates: [{audience: board, cadence: [{from: 0s, every: 10h}]}]}
`

// executive: how long words to the board take, on an idle system and while very
// many are being told of something else.
func executive(b *bench) {
	var got atomic.Int64
	mayor := []byte("mayor@")
	server := b.sink(func(s *sink) {
		s.told = func(to []byte, m arrival) {
			if bytes.HasPrefix(to, mayor) {
				got.Add(1)
			}
		}
	})
	s := b.sitrep(fmt.Sprintf(rank, server.addr))
	s.roster("staff.csv", *crowd, person)
	s.start()
	told := int64(0)
	heard := func(post func()) time.Duration {
		told++
		began := time.Now()
		post()
		b.until("the executive is told", time.Minute, func() bool { return got.Load() >= told })
		return time.Since(began)
	}
	speak := func() { s.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": news}) }
	heard(func() { s.post("/api/v1/incidents", map[string]any{"service": "phones", "severity": "critical"}) })
	var idle, busy []time.Duration
	for range 5 {
		idle = append(idle, heard(speak))
	}
	s.post("/api/v1/incidents", map[string]any{"service": "mail", "severity": "critical"})
	b.until("the fan-out runs", time.Minute, func() bool { return server.count.Load() > told+100 })
	for server.count.Load() < int64(*crowd)*3/4 {
		busy = append(busy, heard(speak))
		time.Sleep(300 * time.Millisecond)
	}
	server.await(b, int64(*crowd)+told, 5*time.Minute)
	s.stop()
	if len(busy) == 0 {
		b.Errorf("the fan-out was over before the executive was to be told; make the crowd larger")
		return
	}
	worst, usual := share(busy, 1), share(idle, .5)
	b.add(line{
		fmt.Sprintf("an executive's message in a running fan-out of %d, the slowest of %d", *crowd, len(busy)), ms(worst),
		"on an idle system " + ms(usual), "+" + ms(worst-usual), "within 2 s of it", worst-usual < 2*time.Second,
	})
}
