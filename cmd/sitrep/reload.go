package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router"
	"sitrep/router/audit"
	"sitrep/router/web"
)

// A reload takes the new configuration whole or not at all, in this order:
//
//  1. all of it is read and checked, as a start and check-config do;
//  2. who is told is compared with before: see surprises;
//  3. the router puts it in force between two turns: what is planned follows it;
//  4. the channels, what tells past the store, and what callers see follow.
//
// Only the router can refuse after the second, and then nothing changed. A process
// that is killed in between reads the same file at its start.

// reloadTime is how long the router's turn may be waited for.
const reloadTime = 30 * time.Second

// reload reads the configuration again, for a caller of the API or a signal. An
// error that says what is wrong is a *web.Unloaded.
func (d *daemon) reload(ctx context.Context, ask web.Reload) (web.Reloaded, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if d.stopped {
		return web.Reloaded{}, errors.New("sitrep stops")
	}
	out, err := d.tryReload(ctx, ask)
	if ask.DryRun {
		return out, err
	}
	d.metrics.reloaded(err == nil)
	d.clerk.write(ctx, reloadLine(ask, out, err))
	var no *web.Unloaded
	switch {
	case err == nil:
		d.o.log.Info("the configuration was read again, and is in force", "by", ask.By, "services", out.Services, "audiences", len(out.Audiences), "needs_restart", strings.Join(out.NeedsRestart, ", "))
	case errors.As(err, &no):
		for _, p := range no.Problems {
			d.o.log.Error("the new configuration is wrong; the old one stays in force", "at", p.Location, "err", p.Message, "hint", p.Hint)
		}
		if len(no.Problems) == 0 {
			d.o.log.Error("the new configuration was refused; the old one stays in force", "err", no.Text)
		}
	default:
		d.o.log.Error("the configuration could not be put in force; the old one stays", "err", err)
	}
	return out, err
}

// reloadLine is a reload in the audit. What is wrong with a file may repeat what
// stands in it, and is for its author.
func reloadLine(ask web.Reload, out web.Reloaded, err error) audit.Line {
	l := audit.Line{At: time.Now().UTC(), Kind: audit.Reload, By: audit.Named(ask.By), Refused: err != nil}
	var no *web.Unloaded
	switch {
	case err == nil && ask.Force:
		l.Text = "the configuration is in force, as it was forced" + grown(out)
	case err == nil:
		l.Text = "the configuration is in force" + grown(out)
	case errors.As(err, &no) && no.Conflict:
		l.Text = "refused: " + strings.TrimPrefix(grown(out), "; ")
	case errors.As(err, &no):
		l.Text = "refused: it has " + plural(len(no.Problems), "mistake", "mistakes") + ", the first at " + audit.Named(no.Problems[0].Location)
	default:
		l.Text = "it could not be put in force"
	}
	return l
}

// grown says which audiences have more or fewer recipients.
func grown(out web.Reloaded) (text string) {
	for _, a := range out.Audiences {
		if a.Before != a.After {
			text += fmt.Sprintf("; %s %d, was %d", a.Name, a.After, a.Before)
		}
	}
	return text
}

func (d *daemon) tryReload(ctx context.Context, ask web.Reload) (web.Reloaded, error) {
	was := d.config.Load()
	next, err := d.o.source.load()
	if err != nil {
		return web.Reloaded{}, unloaded(err)
	}
	own, _ := ownWords(next.config.Templates) // what is wrong with them fit says
	pack, err := d.fit(next.config, own)
	if err != nil {
		return web.Reloaded{}, err
	}
	out := compared(was, next.config)
	if no := surprises(was, next.config); len(no) > 0 && !ask.Force {
		return out, &web.Unloaded{Conflict: true, Text: strings.Join(no, "; ") + "; where that is meant, force it (force=true, or sitrep reload --force)"}
	}
	if ask.DryRun {
		return out, nil
	}
	if err := d.apply(ctx, next.config, pack); err != nil {
		return out, err
	}
	d.o.source.took(next)
	d.own = own
	d.office.weigh()
	return out, nil
}

// fit checks what only the program knows of a configuration.
func (d *daemon) fit(cfg *policies.Config, own []words.Source) (*words.Pack, error) {
	if err := d.o.part.fits(cfg); err != nil {
		return nil, unloaded(err)
	}
	if err := checkMail(d.o.part.mail(cfg)); err != nil {
		return nil, unloaded(err)
	}
	if cfg.Access == nil && d.o.open {
		return nil, unloaded(errors.New("there is no access block, and sitrep listens where others can reach it\nhint: add access.tokens to the configuration"))
	}
	if err := needsWebConfig(cfg.Access, d.o.webConfig); err != nil {
		return nil, unloaded(err)
	}
	pack, err := messages(cfg)
	if err != nil {
		return nil, unloaded(err)
	}
	// Words that are in force hold back nothing else, whatever check-config says of them.
	if !slices.Equal(own, d.own) && len(own) > 0 {
		if err := pack.CheckOwn(); err != nil {
			return nil, unloaded(err)
		}
	}
	return pack, nil
}

// apply puts a configuration that was checked in force.
func (d *daemon) apply(ctx context.Context, cfg *policies.Config, pack *words.Pack) error {
	sources, err := d.sources(cfg)
	if err != nil {
		return err
	}
	beat, err := d.beat(cfg)
	if err != nil {
		return err
	}
	late, cancel := context.WithTimeout(ctx, reloadTime)
	defer cancel()
	defer context.AfterFunc(d.life, cancel)()
	if err := d.router.Reform(late, router.Rules{Global: cfg.Global, Policy: judgement(cfg), Writer: pack}); err != nil {
		return fmt.Errorf("the router does not take it now: %w", err)
	}
	d.config.Store(cfg)
	d.metrics.audiences(cfg)
	d.back.cfg.Store(cfg)
	// From here on there is no way back. A store that fails now ends the process, and
	// its next start reads the same file.
	if err := d.wires.lay(context.WithoutCancel(ctx), cfg); err != nil {
		return d.lost(fmt.Errorf("open a channel anew: %w", err))
	}
	d.crier.Store(d.newCrier(cfg, pack))
	d.back.people.Store(d.newPeople(cfg, pack))
	d.agenda.Renew(sources)
	d.pulse.renew(beat)
	if d.pack.Swap(pack) == pack { // only who is told changed, which callers do not see
		return nil
	}
	d.handler.put(d.handler.server.Load().Renewed(d.webOptions(cfg, pack)), d.back)
	return nil
}

// compared says how a configuration differs from the one in force.
func compared(was, now *policies.Config) web.Reloaded {
	out := web.Reloaded{Services: len(now.Services), Audiences: []web.ReloadedAudience{}, NeedsRestart: []string{}, Warnings: []string{}}
	before, after := headcounts(was), headcounts(now)
	for _, a := range now.Audiences {
		out.Audiences = append(out.Audiences, web.ReloadedAudience{Name: a.Name, Before: before[a.Name], After: after[a.Name]})
	}
	for _, a := range was.Audiences {
		if _, stays := after[a.Name]; !stays {
			out.Audiences = append(out.Audiences, web.ReloadedAudience{Name: a.Name, Before: before[a.Name]})
		}
	}
	if !reflect.DeepEqual(was.NATS, now.NATS) {
		out.NeedsRestart = append(out.NeedsRestart, "nats")
	}
	for _, w := range now.Warnings {
		out.Warnings = append(out.Warnings, w.Head())
	}
	return out
}

// unloaded says what is wrong with a configuration. Source lines may hold
// addresses, and are left out.
func unloaded(err error) error {
	no := &web.Unloaded{Text: "the new configuration has errors; the old one stays in force"}
	var problems policies.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			at := p.File
			if p.Line > 0 {
				at = fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
			}
			no.Problems = append(no.Problems, web.ReloadProblem{Location: at, Message: p.Text, Hint: p.Hint})
		}
		return no
	}
	text, hint, _ := strings.Cut(err.Error(), "\nhint: ")
	no.Problems = []web.ReloadProblem{{Location: "configuration", Message: text, Hint: hint}}
	return no
}

// rosterLook is how often recipients files are looked at; one is taken when it was
// the same twice.
const rosterLook = 10 * time.Second

// watchRosters has recipients files that changed come into force by themselves,
// until ctx ends.
func (d *daemon) watchRosters(ctx context.Context) {
	ticker := time.NewTicker(rosterLook)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		d.lookAtRosters(ctx)
	}
}

func (d *daemon) lookAtRosters(ctx context.Context) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	if d.stopped {
		return
	}
	for _, file := range d.o.source.news(d.config.Load()) {
		if err := d.renewRoster(ctx, file); err != nil {
			if ctx.Err() != nil {
				return
			}
			d.o.source.refused(file)
			d.tellRoster(file, err)
		}
	}
	broken := d.o.source.broken()
	d.metrics.rosters(d.config.Load().RecipientsFiles, broken)
	d.checker.Rosters(len(broken) > 0)
}

// renewRoster puts a recipients file in force as it is now.
func (d *daemon) renewRoster(ctx context.Context, file string) error {
	next, err := d.o.source.renewed(file)
	if err != nil {
		return err
	}
	was := d.config.Load()
	if no := surprises(was, next.config); len(no) > 0 {
		return fmt.Errorf("%s\nhint: where that is meant, run sitrep reload --force", strings.Join(no, "; "))
	}
	if err := d.apply(ctx, next.config, d.pack.Load()); err != nil {
		return err
	}
	d.o.source.took(next)
	d.office.weigh()
	d.o.log.Info("a recipients file changed, and is in force", "file", file)
	d.clerk.write(ctx, audit.Line{At: time.Now().UTC(), Kind: audit.Reload, Text: "the recipients file " + audit.Named(file) + " changed, and is in force" + grown(compared(was, next.config))})
	return nil
}

// tellRoster says loudly that a recipients file is not used as it is.
func (d *daemon) tellRoster(file string, err error) {
	attrs := []any{"file", file}
	var problems policies.Problems
	if errors.As(err, &problems) {
		for _, p := range problems[:min(len(problems), 10)] {
			d.o.log.Error("a recipients file is wrong; the last good one stays in force", append(slices.Clone(attrs), "err", p.Head(), "hint", p.Hint)...)
		}
		return
	}
	d.o.log.Log(context.Background(), slog.LevelError, "a recipients file is not taken; the last good one stays in force", append(attrs, "err", err)...)
}

// lost ends the process, whose next start reads the same file: it is without a channel,
// and goes on as if it had it.
func (d *daemon) lost(err error) error {
	select {
	case d.failed <- err:
	default:
	}
	return err
}
