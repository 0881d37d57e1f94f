package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"sitrep/channels"
	"sitrep/channels/email"
	"sitrep/channels/sms"
	"sitrep/policies"
	"sitrep/router/bus"
	"sitrep/router/reply"
	"sitrep/router/web"
)

// suppressedFor is how long somebody is not tried whom a provider says that it cannot
// reach: a telephone may be off, and a number may be put right.
const suppressedFor = 24 * time.Hour

// mailboxEvery is how often the mailbox of bounces is read.
const mailboxEvery = 30 * time.Second

// aftermath takes in what comes back: from providers, mail servers and recipients.
type aftermath struct {
	cfg   atomic.Pointer[policies.Config]
	part  part
	store *bus.Bus
	fates *channels.Fates
	log   *slog.Logger
	// people answers who of the teams writes back; set before anything runs.
	people atomic.Pointer[reply.Clerk]
	// ask asks the SMS providers; nil where there never were any.
	ask atomic.Pointer[func(ctx context.Context, provider string) (channels.Fate, error)]
}

// errNoProvider says that an SMS went by an account that is configured no more.
var errNoProvider = errors.New("no SMS provider is configured")

func newAftermath(cfg *policies.Config, store *bus.Bus, log *slog.Logger, p part, told func(channel string, state channels.State, code string)) *aftermath {
	a := &aftermath{part: p, store: store, log: log}
	a.cfg.Store(cfg)
	ask := map[string]func(context.Context, string) (channels.Fate, error){
		channels.SMS: func(ctx context.Context, provider string) (channels.Fate, error) {
			if f := a.ask.Load(); f != nil && a.cfg.Load().SMS != nil {
				return (*f)(ctx, provider)
			}
			return channels.Fate{}, channels.Permanent("", errNoProvider) // there may still be some in the ledger
		},
	}
	if !p.sends(channels.SMS) { // who sent it asks
		ask = nil
	}
	a.fates = channels.NewFates(channels.FatesOptions{
		Key: store.Key(), Archive: store, Tell: store.Aftermath, Log: log, Watch: told, Suppresses: suppresses,
		Suppress: func(ctx context.Context, channel, address, code string) error {
			return store.Suppress(ctx, channel, address, code, suppressedFor)
		},
		Ask: ask,
	})
	return a
}

// run starts what looks after what comes back.
func (a *aftermath) run(d *daemon) {
	d.run(func(ctx context.Context) error { a.fates.Run(ctx); return nil })
	d.run(func(ctx context.Context) error { a.readMailbox(ctx); return nil })
}

// asks takes whom to ask from now on.
func (a *aftermath) asks(f func(ctx context.Context, provider string) (channels.Fate, error)) {
	a.ask.Store(&f)
}

// mailbox is the one of bounces; empty where there is none.
func (a *aftermath) mailbox() string {
	if c := a.part.mail(a.cfg.Load()); c != nil {
		return c.BouncesFile
	}
	return ""
}

// bookmark is under which name it is kept how far the mailbox was read: several
// machines may have one each.
func (a *aftermath) bookmark() string {
	if host, err := os.Hostname(); err == nil && a.cfg.Load().NATS.External() {
		return "bounces." + strings.ReplaceAll(host, ".", "_")
	}
	return "bounces"
}

// watch has a worker tell what was accepted, too.
func (a *aftermath) watch(w channels.Watch) channels.Watch {
	w.Accepted = a.fates.Accepted
	return w
}

// suppresses reports whether a code says that somebody is not reached by a channel
// for as long as nobody changes something.
func suppresses(channel, code string) bool { return channel == channels.SMS && sms.Suppresses(code) }

// unreachable notes who can never be reached.
func (a *aftermath) unreachable(ctx context.Context, channel, address, code string) {
	if !suppresses(channel, code) {
		return
	}
	if err := a.store.Suppress(ctx, channel, address, code, suppressedFor); err != nil {
		a.log.Warn("a recipient who is not reached could not be suppressed", "channel", channel, "code", code, "err", err)
	}
}

// below is an address below the external one; empty where nobody can reach sitrep.
func below(g policies.Global, path string) string {
	if g.ExternalURL == "" {
		return ""
	}
	return g.ExternalURL + path
}

// mount adds the pages by which people of the teams answer, and the addresses to which
// the SMS provider posts.
func (a *aftermath) mount(s interface{ Handle(string, http.Handler) }) {
	for _, method := range []string{"GET ", "POST "} {
		s.Handle(method+reply.PagePath+"{token}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { a.people.Load().ServePage(w, r) }))
	}
	cfg := a.cfg.Load()
	if cfg.SMS == nil || cfg.Global.ExternalURL == "" {
		return
	}
	c := sms.CallbackConfig{ExternalURL: cfg.Global.ExternalURL, Fate: a.take, Reply: a.reply, Log: a.log}
	for _, one := range cfg.SMS.Accounts() {
		c.Accounts = append(c.Accounts, sms.Account{SID: one.AccountSID, AuthToken: secret(one.AuthToken)})
	}
	callbacks := sms.NewCallbacks(c)
	s.Handle("POST "+sms.StatusPath, http.HandlerFunc(callbacks.Status))
	s.Handle("POST "+sms.InboundPath, http.HandlerFunc(callbacks.Inbound))
}

// take is a callback's: one about something that another store sent is nobody's.
func (a *aftermath) take(ctx context.Context, f channels.Fate) error {
	if err := a.fates.Take(ctx, f); err != nil && !errors.Is(err, channels.ErrForged) {
		return err
	}
	return nil
}

// reply is what somebody answered to an SMS, and says what he is answered. The account
// may have other numbers, for other purposes.
func (a *aftermath) reply(ctx context.Context, r sms.Reply) (answer string, err error) {
	if !a.ours(r.To) {
		a.log.Info("an SMS came to a number that is not configured here; nothing was done")
		return "", nil
	}
	switch r.Word {
	case sms.Stop:
		a.log.Info("somebody answered STOP, and gets no SMS until he answers START")
		return "", a.store.Suppress(ctx, channels.SMS, r.From, channels.Stopped, 0)
	case sms.Start:
		a.log.Info("somebody answered START, and gets SMS again")
		return "", a.store.Restore(ctx, channels.SMS, r.From)
	}
	return a.people.Load().SMS(ctx, r.From, r.SID, r.Body), nil
}

// ours reports whether people answer at a number.
func (a *aftermath) ours(number string) bool {
	cfg := a.cfg.Load().SMS
	if cfg == nil {
		return false
	}
	if number == cfg.ReplyToNumber {
		return true
	}
	for _, one := range cfg.Accounts() {
		if one.MessagingServiceSID != "" || one.From == number {
			return true
		}
	}
	return false
}

// bounce takes in one mail that came back.
func (a *aftermath) bounce(ctx context.Context, mail io.Reader) error {
	cfg := a.cfg.Load().Email
	if cfg == nil {
		return web.ErrNoBounce
	}
	bounces, err := email.ReadBounce(mail, cfg.Bounces)
	if errors.Is(err, email.ErrNoReport) || errors.Is(err, email.ErrNoRef) {
		return web.ErrNoBounce
	}
	if err != nil {
		return err
	}
	forged := 0
	for _, b := range bounces {
		err := a.fates.Take(ctx, b.Fate(time.Now()))
		if errors.Is(err, channels.ErrForged) {
			forged++
		} else if err != nil {
			return err
		}
	}
	if forged == len(bounces) {
		a.log.Warn("a bounce names a delivery that sitrep did not make")
		return web.ErrNoBounce
	}
	return nil
}

// readMailbox reads the mailbox of bounces until ctx ends.
func (a *aftermath) readMailbox(ctx context.Context) {
	var place email.Place
	data, err := a.store.Bookmark(ctx, a.bookmark())
	if err == nil && data != nil {
		err = json.Unmarshal(data, &place)
	}
	if err != nil {
		a.log.Error("how far the mailbox of bounces was read is not known; it is read from its beginning", "err", err)
	}
	ticker := time.NewTicker(mailboxEvery)
	defer ticker.Stop()
	for said := ""; ; {
		err = nil
		if file := a.mailbox(); file != "" {
			place, err = a.bounces(ctx, file, place)
		}
		switch {
		case err == nil:
			said = ""
		case ctx.Err() != nil:
			return
		case err.Error() != said: // once, and not every half minute
			said = err.Error()
			if errors.Is(err, fs.ErrNotExist) { // the first bounce makes it
				a.log.Info("there is no mailbox of bounces yet", "file", a.mailbox())
				break
			}
			a.log.Error("the mailbox of bounces cannot be read", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// bounces takes in what came into the mailbox since, and keeps how far that is.
func (a *aftermath) bounces(ctx context.Context, file string, from email.Place) (email.Place, error) {
	place, err := email.ReadMailbox(file, from, func(raw io.Reader) error {
		if err := a.bounce(ctx, raw); err != nil && !errors.Is(err, web.ErrNoBounce) {
			return err
		}
		return nil
	})
	was, _ := json.Marshal(from)
	if now, _ := json.Marshal(place); string(now) != string(was) {
		if err := a.store.SetBookmark(ctx, a.bookmark(), now); err != nil {
			a.log.Warn("how far the mailbox of bounces was read could not be kept; some may be read twice", "err", err)
		}
	}
	return place, err
}
