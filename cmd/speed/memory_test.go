package speed

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// many is a configuration of so many services and audiences, everybody told of
// everything once.
func many(smarthost string, services, audiences int) string {
	var c strings.Builder
	fmt.Fprintf(&c, "global: {organisation: Voorbeeld, language: en, time_zone: UTC}\nchannels: {email: {smarthosts: [%q], from: \"ICT <ict@voorbeeld.example>\", require_tls: false, sessions: 10}}\nservices:\n", smarthost)
	for n := range services {
		fmt.Fprintf(&c, "  - {name: s%d, title: {en: service %d}, matchers: ['service=\"s%d\"'], threshold: [{firing_for: 1s}]}\n", n, n, n)
	}
	c.WriteString("audiences:\n")
	for n := range audiences {
		fmt.Fprintf(&c, "  - {name: a%d, channels: [email], recipients: [{name: Reader %d, email: reader%d@voorbeeld.example, language: en}]}\n", n, n, n)
	}
	c.WriteString("policies:\n  - name: all\n    updates:\n")
	for n := range audiences {
		fmt.Fprintf(&c, "      - {audience: a%d, cadence: [{from: 0s, every: 10h}]}\n", n)
	}
	return c.String()
}

// memory: of a sitrep with nothing to do, and of one with many open incidents,
// after each audience was told.
func memory(b *bench) {
	const audiences = 10
	server := b.sink(nil)
	empty := b.sitrep(fmt.Sprintf(quiet, server.addr))
	empty.start()
	idle := empty.settled(10 * time.Second)
	empty.stop()
	b.add(line{"memory (RSS), idle", mib(idle), "", "", "under 80 MiB", idle < 80<<20})

	s := b.sitrep(many(server.addr, *open, audiences))
	s.start()
	bare := s.settled(5 * time.Second)
	c, err := call(s.addr)
	if err != nil {
		b.Fatal(err)
	}
	defer c.conn.Close()
	for n := range *open {
		var alert bytes.Buffer
		service := fmt.Sprint("s", n)
		firing(&alert, b.rand, service, n, time.Now().Add(-time.Hour).UTC())
		if status, err := c.post(webhook(service, service, alert.Bytes())); status != 202 || err != nil {
			b.Fatalf("a webhook was answered %d, %v", status, err)
		}
	}
	b.until("all incidents are open", 30*time.Minute, func() bool {
		time.Sleep(time.Second)
		return int(s.metric("sitrep_incidents_open")) == *open
	})
	b.until("everybody was told", 30*time.Minute, func() bool {
		time.Sleep(time.Second)
		return int(s.metric("sitrep_updates_total")) >= *open*audiences && s.metric("sitrep_deliveries_waiting") == 0
	})
	_, most := s.rss()
	used := s.settled(45 * time.Second)
	s.stop()
	began := s.start()
	again := s.settled(20 * time.Second)
	s.stop()
	b.add(line{
		fmt.Sprintf("memory (RSS), %d open incidents with %d audiences each", *open, audiences), mib(used),
		fmt.Sprintf("before the first %s; at most %s; after a restart, which took %s, %s", mib(bare), mib(most), began.Round(10*time.Millisecond), mib(again)), "", "under 300 MiB", used < 300<<20,
	})
}
