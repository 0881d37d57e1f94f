package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/agenda"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
	"sitrep/router/reply"
	"sitrep/router/selfcheck"
	"sitrep/router/web"
)

// daemonOptions are what one sitrep is built from. The last four are the
// world outside: nil is the real one.
type daemonOptions struct {
	config  *policies.Config
	part    part // of sitrep, that runs here
	storage string
	log     *slog.Logger
	// source is where the configuration came from; nil where it is never read again.
	source *source
	// webConfig is the file of --web.config.file; empty where there is none.
	webConfig string
	// open says that others than this machine's callers may reach it.
	open bool
	// retention is for how long what is over is kept; zero: for ever.
	retention router.Retention
	// heartbeat is how often the embedded server says that there is nothing to send;
	// zero: as often as it does.
	heartbeat time.Duration

	onFact func(incident.Fact)
	smtp   func(ctx context.Context, network, addr string) (net.Conn, error)
	twilio *http.Client
	// outside is how calendars, silences and the service of the heartbeat are reached.
	outside func(ctx context.Context, network, addr string) (net.Conn, error)
}

// daemon is a running sitrep, less its listener.
type daemon struct {
	o       daemonOptions
	handler *front
	bare    *http.ServeMux // of a process without a router; nil: handler
	router  *router.Router
	store   *bus.Bus
	metrics *metrics
	office  *office
	health  *able
	checker *selfcheck.Checker
	agenda  *agenda.Agenda
	pulse   *pulse
	clerk   *clerk
	wires   *wires
	back    *aftermath
	links   *links
	crier   atomic.Pointer[crier]
	// failed gets the error of a part that ended by itself.
	failed chan error

	life      context.Context // until Stop
	end       context.CancelFunc
	reloading sync.Mutex                      // one at a time
	stopped   bool                            // nothing is put in force any more; reloading is held
	config    atomic.Pointer[policies.Config] // in force
	pack      atomic.Pointer[words.Pack]      // its words
	own       []words.Source                  // those of the operator's own; reloading is held

	stop []func() // in the order they were built; run in reverse
}

// start builds everything in one straight line: the store, the router, the
// workers, the web. Stop takes it down in reverse.
func start(ctx context.Context, o daemonOptions) (*daemon, error) {
	d := &daemon{o: o, failed: make(chan error, 1), handler: &front{}}
	d.life, d.end = context.WithCancel(context.Background())
	build := d.build
	if o.part.role == roleWorker {
		build = d.buildWorker
	}
	if err := build(ctx, o); err != nil {
		d.Stop()
		return nil, err
	}
	return d, nil
}

func (d *daemon) build(ctx context.Context, o daemonOptions) error {
	cfg := o.config
	pack, err := messages(cfg)
	if err != nil {
		return err
	}
	d.config.Store(cfg)
	d.pack.Store(pack)
	d.own, _ = ownWords(cfg.Templates)
	registry := prometheus.NewRegistry()
	m := newMetrics(registry, cfg)
	d.metrics = m

	store, err := bus.Open(ctx, busOptions(cfg, o))
	if err != nil {
		return err
	}
	d.stop = append(d.stop, store.Close)
	d.store = store
	d.clerk = newClerk(store, o.log)
	whole, err := d.clerk.found(ctx, store)
	if err != nil {
		return err
	}
	m.auditWhole(whole)
	if cfg.NATS.External() {
		d.run(func(ctx context.Context) error { d.watchDrift(ctx); return nil })
	}
	d.run(func(ctx context.Context) error { d.clerk.run(ctx); return nil })

	share, err := d.openOffice(ctx, registry)
	if err != nil {
		return err
	}
	r := router.New(router.Options{
		Share: share,
		Store: store, Inbox: store, Library: store, Writer: pack,
		Global: cfg.Global,
		Policy: judgement(cfg),
		Audit:  store, Attic: store, Retention: o.retention,
		Key: store.Key(), Log: o.log, Watch: m.router(func(f incident.Fact) {
			logFact(o.log, f)
			if o.onFact != nil {
				o.onFact(f)
			}
		}),
	})
	d.router = r
	if err := r.Start(ctx); err != nil {
		return err
	}
	m.incidents(r, func() []policies.Watchdog { return d.config.Load().Watchdogs })
	d.run(func(ctx context.Context) error {
		if err := r.Run(ctx); err != nil {
			return fmt.Errorf("the router ended: %w", err)
		}
		return nil
	})

	d.health = &able{store: store, router: r}
	shout := func(ctx context.Context, since time.Time, over bool) {
		if d.office.foremost() {
			d.crier.Load().store(ctx, since, over)
		}
	}
	d.checker = selfcheck.New(selfcheck.Options{Inbox: store, Probe: d.health.Probe, Probed: m.able, Shout: shout, Ails: r.Ails, Active: r.Active, Log: o.log})
	if d.links, err = openLinks(ctx, store); err != nil {
		return err
	}
	told, err := d.listen(cfg)
	if err != nil {
		return err
	}
	d.back = newAftermath(cfg, store, o.log, o.part, m.fates(told))
	d.wires = &wires{o: o, store: store, watch: m.worker(told), back: d.back, all: map[string]*wire{}}
	d.stop = append(d.stop, d.wires.stop)
	if err := d.wires.lay(ctx, cfg); err != nil {
		return err
	}
	d.crier.Store(d.newCrier(cfg, pack))
	d.back.people.Store(d.newPeople(cfg, pack))
	d.run(func(ctx context.Context) error { d.checker.Run(ctx); return nil })
	beat, err := d.beat(cfg)
	if err != nil {
		return err
	}
	d.pulse = newPulse(d.health.Probe, m.pulse, o.log)
	d.pulse.idle = func() bool { return !d.office.foremost() }
	d.pulse.renew(beat)
	d.run(func(ctx context.Context) error { d.pulse.run(ctx); return nil })
	if err := d.plan(cfg, registry); err != nil {
		return err
	}
	d.back.run(d)
	d.run(d.office.watch)
	d.handler.put(web.New(d.webOptions(cfg, pack)), d.back)
	if o.source != nil {
		d.run(func(ctx context.Context) error { d.watchRosters(ctx); return nil })
	}
	return nil
}

// newCrier returns who tells the team past the store.
func (d *daemon) newCrier(cfg *policies.Config, pack *words.Pack) *crier {
	c := &crier{pack: pack, key: d.store.Key(), log: d.o.log, global: cfg.Global}
	for name, one := range d.wires.all {
		c.add(cfg, name, one)
	}
	return c
}

// newPeople returns who answers those of the teams that write back.
func (d *daemon) newPeople(cfg *policies.Config, pack *words.Pack) *reply.Clerk {
	o := reply.Options{
		Desk: d.router, Pack: pack, Teams: cfg.Teams, Services: map[string]policies.Texts{},
		Language: cfg.Global.Language, Zone: cfg.Global.TimeZone, Code: d.store.Key().Code,
		Linked: d.store.Key().Linked, Person: d.store.Key().Person, Revoked: d.links.until, Log: d.o.log,
	}
	for _, s := range cfg.Services {
		o.Services[s.Name] = s.Title
	}
	return reply.New(o)
}

// webOptions are what callers see of a configuration.
func (d *daemon) webOptions(cfg *policies.Config, pack *words.Pack) web.Options {
	wo := web.Options{
		Desk: d.router, Inbox: d.store, Store: d.health, Services: map[string]policies.Texts{}, Access: cfg.Access,
		WebConfig: d.o.webConfig, ExternalURL: cfg.Global.ExternalURL,
		Severities: cfg.Severities, Languages: pack.Languages(), Recipient: cfg.Recipient,
		Metrics: d.metrics.handler(), Version: versionText(), Log: d.o.log, Watch: d.metrics.web(d.checker, d.clerk),
	}
	if cfg.SMS != nil {
		wo.SMSPrice = web.SMSPrice{PerSegment: cfg.SMS.PerSegment, Currency: cfg.SMS.Currency}
		segments := cfg.SMS.MaxSegments
		wo.TooLong = func(text string) bool { return words.TooLong(text, segments) }
	}
	wo.Standing = d.office.standing
	wo.Audit, wo.RevokeLinks = d.store.AuditLines, d.revokeLinks
	if d.o.source != nil {
		wo.Reload = d.reload
	}
	if cfg.Global.ExternalURL != "" {
		wo.Unsubscribe = d.store.Unsubscribe
		wo.Leaving = leaving(pack.Leaving(cfg.Global.Language))
	}
	if cfg.Email != nil && cfg.Email.Bounces != "" {
		wo.Bounce = d.back.bounce
	}
	for _, a := range cfg.Audiences {
		wo.Audiences = append(wo.Audiences, a.Name)
	}
	for _, s := range cfg.Services {
		wo.Services[s.Name] = s.Title
	}
	return wo
}

// able says whether sitrep can do its work: the store takes a write, the router is
// not stuck at one turn, and one that stands by knows what the active one decided.
type able struct {
	store  *bus.Bus
	router *router.Router
	lag    lag
}

// stuckFor is how long one turn of the router may take.
const stuckFor = time.Minute

// goesOn reports whether the process is not stuck, where a start of another would help.
func (d *daemon) goesOn() bool { return d.router == nil || d.router.Stuck() <= stuckFor }

func (a *able) Probe(ctx context.Context) error {
	if d := a.router.Stuck(); d > stuckFor {
		return fmt.Errorf("the router has been at one turn for %s", d.Round(time.Second))
	}
	if err := a.store.Probe(ctx); err != nil || a.router.Active() {
		return err
	}
	return a.lag.late(ctx, a.store)
}

// logFact puts into the log what somebody who runs sitrep wants to see there:
// what it decided and ordered. Words and addresses are in none of them.
func logFact(log *slog.Logger, f incident.Fact) {
	f.Reason = "" // a person's words
	if s := f.Scheduled(); s != nil {
		bare := *s
		bare.Title, f.Body = nil, &bare
	}
	if s := f.Rescheduled(); s != nil {
		bare := *s
		bare.Title, f.Body = nil, &bare
	}
	switch {
	case f.Overran() != nil:
		log.Warn(f.String())
	case f.Conducted():
		log.Info(f.String())
	case f.Opened() != nil, f.Resolved() != nil, f.Reopened() != nil, f.Planned() != nil, f.Escalated() != nil, f.Phased() != nil, f.Confirmed() != nil,
		f.Hastened() != nil, f.Cancelled() != nil, f.Awaited() != nil, f.Approved() != nil, f.Rejected() != nil, f.Taken() != nil, f.Added() != nil, f.Removed() != nil, f.Joined() != nil, f.Parted() != nil, f.Caused() != nil, f.Eased() != nil:
		log.Info(f.String())
	case f.Broken() != nil, f.Unconfirmed() != nil, f.Unrostered() != nil, f.Breached() != nil, f.Refused() != nil, f.Lapsed() != nil:
		log.Warn(f.String())
	}
}

// mailRate is how many mails a second one session is counted on to bring to a
// mail server, for the margin of a promise. It is low: a real server that
// scans takes its time.
const mailRate = 5

// judgement is what of the configuration the casebook acts on: the same for the
// daemon and a rehearsal.
func judgement(cfg *policies.Config) casebook.Policy {
	replyTo, replies := cfg.Replies()
	approvers := map[string]policies.Approvers{}
	for _, a := range cfg.Audiences {
		approvers[a.Name] = cfg.Approvers(a.Name)
	}
	return casebook.Policy{
		Replies: replies, ReplyTo: replyTo, Approvers: approvers,
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

// run starts what ends when its context does, all of it at once.
func (d *daemon) run(all ...func(context.Context) error) {
	d.stop = append(d.stop, launch(d.failed, all...))
}

// Stop takes everything down, last built first, and returns when it is down.
func (d *daemon) Stop() {
	d.end()
	d.reloading.Lock() // what is being put in force is, or is not
	d.stopped = true
	d.reloading.Unlock()
	for i := len(d.stop) - 1; i >= 0; i-- {
		d.stop[i]()
	}
	d.stop = nil
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
