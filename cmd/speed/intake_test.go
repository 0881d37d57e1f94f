package speed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/incident"
	"sitrep/router/web"
)

// connections are those of the first row. Webhooks of a hundred alerts come over
// fewer, since they would only wait.
const connections, fewer = 64, 8

// quiet is a configuration in which an incident is open and nobody is told more
// than once.
const quiet = `
global: {organisation: Voorbeeld, language: en, time_zone: UTC}
channels: {email: {smarthosts: ["%s"], from: "ICT <ict@voorbeeld.example>", require_tls: false}}
services:
  - {name: mail, title: {en: email}, matchers: ['service="mail"'], threshold: [{firing_for: 1s}]}
audiences:
  - {name: it, channels: [email], recipients: [{name: IT, email: it@voorbeeld.example, language: en}]}
policies:
  - {name: all, updates: [{audience: it, cadence: [{from: 0s, every: 10h}]}]}
`

// intake: one alert a webhook.
func intake(b *bench) {
	all := b.webhooks(1000, 1)
	mail := b.sink(nil)
	s := b.sitrep(fmt.Sprintf(quiet, mail.addr))
	s.start()
	bare, publish := b.handler("nothing"), b.handler("publish")
	b.hammer(s.server(), all, connections, time.Second) // each alert once, and the incident opens
	var got, without, synchronous []float64
	var slowest []time.Duration
	var cpu costs
	for range *rounds {
		before := s.metric(`sitrep_webhook_alerts_total{fate="stored"}`)
		o := b.hammer(s.server(), all, connections, *spell)
		if stored := s.metric(`sitrep_webhook_alerts_total{fate="stored"}`) - before; int(stored) != len(o.took) {
			b.Errorf("seed %d: of %d webhooks %.0f were stored", b.seed, len(o.took), stored)
		}
		got, slowest = append(got, o.rate), append(slowest, share(o.took, .99))
		w := b.hammer(bare, all, connections, *spell)
		without = append(without, w.rate)
		cpu.own, cpu.other = cpu.own+o.cpu, cpu.other+w.cpu
		synchronous = append(synchronous, b.hammer(publish, all, connections, *spell).rate)
	}
	of, times := ratio(got, without), ratio(got, synchronous)
	b.add(line{"durable intake, one alert a webhook, 64 connections", perSecond(middle(got)), "without storing " + perSecond(middle(without)) + cpu.String(), two(of), "0.6", of >= .6})
	b.add(line{"the same", perSecond(middle(got)), "one synchronous publish per request " + perSecond(middle(synchronous)), two(times), "4", times >= 4})
	p99 := middle(slowest)
	b.add(line{"the same, p99", ms(p99), "", "", "under 50 ms", p99 < 50*time.Millisecond})
	s.stop()
}

// batch: a hundred alerts a webhook.
func batch(b *bench) {
	all := b.webhooks(100, 100)
	mail := b.sink(nil)
	s := b.sitrep(fmt.Sprintf(quiet, mail.addr))
	s.start()
	decode, bare := b.handler("decode"), b.handler("nothing")
	b.hammer(s.server(), all, fewer, time.Second)
	var got, decoded, without []float64
	var cpu costs
	for range *rounds {
		o := b.hammer(s.server(), all, fewer, *spell)
		got = append(got, o.rate)
		d := b.hammer(decode, all, fewer, *spell)
		decoded = append(decoded, d.rate)
		cpu.own, cpu.other = cpu.own+o.cpu, cpu.other+d.cpu
		without = append(without, b.hammer(bare, all, fewer, *spell).rate)
	}
	of := ratio(got, decoded)
	b.add(line{"durable intake, 100 alerts a webhook", perSecond(middle(got)), "JSON decoding alone (a server that does only that, by encoding/json) " + perSecond(middle(decoded)) + cpu.String(), two(of), "0.6", of >= .6})
	of = ratio(got, without)
	b.add(line{"the same", perSecond(middle(got)), "without storing " + perSecond(middle(without)), two(of), "", true})
	s.stop()
}

// handlerTerms say what a server does with a webhook.
type handlerTerms struct {
	With string // nothing, publish or decode
	Dir  string
}

// handler starts a server of webhooks and returns it.
func (b *bench) handler(with string) server {
	b.Helper()
	cmd := b.act("handler", handlerTerms{with, b.TempDir()})
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { in.Close(); cmd.Wait() })
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("handler: %v", err)
	}
	return server{strings.TrimSpace(addr), cmd.Process.Pid}
}

// playHandler serves until its standard input ends.
func playHandler(terms []byte) error {
	var t handlerTerms
	if err := json.Unmarshal(terms, &t); err != nil {
		return err
	}
	var h http.Handler
	switch t.With {
	case "nothing":
		h = web.New(web.Options{Inbox: nowhere{}, Store: nowhere{}, Log: slog.New(slog.DiscardHandler)})
	case "publish":
		p, err := newPublisher(t.Dir)
		if err != nil {
			return err
		}
		defer p.server.Shutdown()
		h = web.New(web.Options{Inbox: p, Store: nowhere{}, Log: slog.New(slog.DiscardHandler)})
	case "decode":
		h = http.HandlerFunc(decodes)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	s := &http.Server{Handler: h}
	go func() { io.Copy(io.Discard, os.Stdin); s.Close() }()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// decodes is JSON decoding alone: what a webhook says of its alerts, as the
// standard library reads it.
func decodes(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var hook struct {
		Version         string
		TruncatedAlerts uint64
		Alerts          []struct {
			Status, StartsAt, EndsAt, Fingerprint string
			Labels, Annotations                   map[string]string
		}
	}
	if err == nil {
		err = json.Unmarshal(body, &hook)
	}
	if err != nil || len(hook.Alerts) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusAccepted)
}

// nowhere takes everything and keeps nothing.
type nowhere struct{}

func (nowhere) Put(context.Context, ...incident.Input) error { return nil }
func (nowhere) Probe(context.Context) error                  { return nil }

// publisher stores each call's inputs as a message of its own, and waits for it.
type publisher struct {
	server *natsserver.Server
	js     jetstream.JetStream
}

func newPublisher(dir string) (*publisher, error) {
	s, err := natsserver.NewServer(&natsserver.Options{DontListen: true, NoSigs: true, JetStream: true, SyncAlways: true, StoreDir: dir})
	if err != nil {
		return nil, err
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		return nil, errors.New("the server is not ready")
	}
	conn, err := nats.Connect("", nats.InProcessServer(s))
	if err != nil {
		return nil, err
	}
	js, err := jetstream.New(conn)
	if err == nil {
		_, err = js.CreateStream(context.Background(), jetstream.StreamConfig{Name: "INBOX", Subjects: []string{"inbox"}, Storage: jetstream.FileStorage})
	}
	return &publisher{server: s, js: js}, err
}

func (p *publisher) Put(ctx context.Context, inputs ...incident.Input) error {
	data, err := json.Marshal(inputs)
	if err == nil {
		_, err = p.js.Publish(ctx, "inbox", data)
	}
	return err
}
