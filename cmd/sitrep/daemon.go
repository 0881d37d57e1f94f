package main

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/channels"
	"sitrep/channels/email"
	"sitrep/channels/sms"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/web"
)

// daemonOptions are what one sitrep is built from. The last three are the
// world outside: nil is the real one.
type daemonOptions struct {
	config  *policies.Config
	storage string
	log     *slog.Logger

	onFact func(incident.Fact)
	smtp   func(ctx context.Context, network, addr string) (net.Conn, error)
	twilio *http.Client
}

// daemon is a running sitrep, less its listener.
type daemon struct {
	handler *web.Server
	router  *router.Router
	// failed gets the error of a part that ended by itself.
	failed chan error

	stop []func() // in the order they were built; run in reverse
}

// start builds everything in one straight line: the store, the router, the
// workers, the web. Stop takes it down in reverse.
func start(ctx context.Context, o daemonOptions) (*daemon, error) {
	d := &daemon{failed: make(chan error, 1)}
	if err := d.build(ctx, o); err != nil {
		d.Stop()
		return nil, err
	}
	return d, nil
}

func (d *daemon) build(ctx context.Context, o daemonOptions) error {
	cfg := o.config
	pack, err := messages()
	if err != nil {
		return err
	}
	if err := unsupported(cfg); err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, cfg)

	store, err := bus.Open(ctx, bus.Options{Dir: o.storage, Log: o.log})
	if err != nil {
		return err
	}
	d.stop = append(d.stop, store.Close)

	r := router.New(router.Options{
		Store: store, Inbox: store, Library: store, Writer: pack,
		Global: cfg.Global,
		Policy: judgement(cfg),
		Key:    store.Key(), Log: o.log, Watch: m.router(func(f incident.Fact) {
			logFact(o.log, f)
			if o.onFact != nil {
				o.onFact(f)
			}
		}),
	})
	if err := r.Start(ctx); err != nil {
		return err
	}
	d.router = r
	m.incidents(r, cfg.Watchdogs)
	d.run(func(ctx context.Context) error {
		if err := r.Run(ctx); err != nil {
			return fmt.Errorf("the router ended: %w", err)
		}
		return nil
	})

	if err := d.workers(ctx, o, store, m); err != nil {
		return err
	}

	wo := web.Options{
		Desk: r, Inbox: store, Store: able{store, r}, Services: map[string]policies.Texts{}, Access: cfg.Access,
		Severities: cfg.Severities,
		Metrics:    m.handler(registry), Version: versionText(), Log: o.log, Watch: m.web(),
	}
	for _, a := range cfg.Audiences {
		wo.Audiences = append(wo.Audiences, a.Name)
	}
	for _, s := range cfg.Services {
		wo.Services[s.Name] = s.Title
	}
	d.handler = web.New(wo)
	return nil
}

// able says whether sitrep can do its work: the store takes a write, and the
// router is not stuck at one turn.
type able struct {
	store  *bus.Bus
	router *router.Router
}

// stuckFor is how long one turn of the router may take.
const stuckFor = time.Minute

func (a able) Probe(ctx context.Context) error {
	if d := a.router.Stuck(); d > stuckFor {
		return fmt.Errorf("the router has been at one turn for %s", d.Round(time.Second))
	}
	return a.store.Probe(ctx)
}

// workers starts one worker for each configured channel.
func (d *daemon) workers(ctx context.Context, o daemonOptions, store *bus.Bus, m *metrics) error {
	type channel struct {
		name     string
		sessions int
		sender   interface {
			channels.Sender
			Close() error
		}
	}
	var all []channel
	if c := o.config.Email; c != nil {
		all = append(all, channel{channels.Email, c.Sessions, email.New(email.Config{
			Smarthosts: c.Smarthosts, From: c.From, Username: c.Username, Password: secret(c.Password),
			RequireTLS: c.RequireTLS, Sessions: c.Sessions, Dial: o.smtp, Organisation: o.config.Global.Organisation,
		})})
	}
	if c := o.config.SMS; c != nil {
		all = append(all, channel{channels.SMS, smsSessions, sms.New(sms.Config{
			AccountSID: c.AccountSID, AuthToken: secret(c.AuthToken), From: c.From,
			MessagingServiceSID: c.MessagingServiceSID, APIURL: c.APIURL,
			MessagesPerSecond: c.MessagesPerSecond, HTTP: o.twilio,
		})})
	}
	host, _ := os.Hostname()
	for _, c := range all {
		d.stop = append(d.stop, func() { c.sender.Close() })
		queue, err := store.Queue(ctx, c.name)
		if err != nil {
			return err
		}
		d.stop = append(d.stop, queue.Close)
		w := channels.NewWorker(channels.WorkerOptions{
			Name: fmt.Sprintf("%s-%d", host, os.Getpid()), Channel: c.name, Sessions: c.sessions,
			Sender: c.sender, Queue: queue, Ledger: store, Library: store, Receipts: store,
			Key: store.Key(), Log: o.log, Watch: m.worker(),
		})
		d.run(func(ctx context.Context) error { w.Run(ctx); return nil })
	}
	return nil
}

// logFact puts into the log what somebody who runs sitrep wants to see there:
// what it decided and ordered. Words and addresses are in none of them.
func logFact(log *slog.Logger, f incident.Fact) {
	switch {
	case f.Resolved != nil:
		r := *f.Resolved
		r.Reason = "" // a person's words
		f.Resolved = &r
		log.Info(f.String())
	case f.Opened != nil, f.Reopened != nil, f.Planned != nil, f.Escalated != nil, f.Phased != nil, f.Confirmed != nil,
		f.Joined != nil, f.Parted != nil, f.Caused != nil, f.Eased != nil:
		log.Info(f.String())
	case f.Broken != nil, f.Unconfirmed != nil, f.Unrostered != nil, f.Breached != nil, f.Refused != nil:
		log.Warn(f.String())
	}
}

// smsSessions is how many calls to the provider may be under way at once.
const smsSessions = 8

// mailRate is how many mails a second one session is counted on to bring to a
// mail server, for the margin of a promise. It is low: a real server that
// scans takes its time.
const mailRate = 5

// judgement is what of the configuration the casebook acts on: the same for the
// daemon and a rehearsal.
func judgement(cfg *policies.Config) casebook.Policy {
	return casebook.Policy{
		Severities: cfg.Severities, Services: cfg.Services,
		Audiences: cfg.Audiences, Policies: cfg.Policies, Teams: cfg.Teams, Watchdogs: cfg.Watchdogs, Rate: rates(cfg), Needs: cfg.Needs(),
	}
}

// rates says how fast the channels are.
func rates(cfg *policies.Config) map[string]float64 {
	r := map[string]float64{}
	if cfg.Email != nil {
		r[channels.Email] = float64(mailRate * cfg.Email.Sessions)
	}
	if cfg.SMS != nil {
		r[channels.SMS] = cfg.SMS.MessagesPerSecond
	}
	return r
}

// run starts something that ends when its context does.
func (d *daemon) run(f func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	done.Go(func() {
		if err := f(ctx); err != nil {
			select {
			case d.failed <- err:
			default:
			}
		}
	})
	d.stop = append(d.stop, func() { cancel(); done.Wait() })
}

// Stop takes everything down, last built first, and returns when it is down.
func (d *daemon) Stop() {
	for i := len(d.stop) - 1; i >= 0; i-- {
		d.stop[i]()
	}
	d.stop = nil
}

// messages reads the message templates that ship.
func messages() (*words.Pack, error) {
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		return nil, err
	}
	pack, err := words.Parse(files)
	if err != nil {
		return nil, fmt.Errorf("read the message templates: %w", err)
	}
	return pack, nil
}

// secret returns how a secret is read at the moment of its use; nil where there
// is none.
func secret(s policies.Secret) func() (string, error) {
	switch {
	case s.IsZero():
		return nil
	case s.File == "":
		return func() (string, error) { return s.Value(), nil }
	}
	return func() (string, error) {
		data, err := os.ReadFile(s.File)
		if err != nil {
			return "", fmt.Errorf("read a secret: %w", err)
		}
		return strings.TrimSpace(string(data)), nil
	}
}
