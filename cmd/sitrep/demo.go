package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"sitrep/channels/channeltest"
	"sitrep/policies"
)

type demoOptions struct {
	exit   bool
	speed  float64
	listen string
}

// demoWorld is everything that the demo puts around a real sitrep: a mail
// server, an SMS provider, and somebody who tells what happens.
type demoWorld struct {
	config *policies.Config
	smtp   *channeltest.SMTP
	twilio *channeltest.Twilio
	calls  *http.Server
	site   string // where sitrep answers
	speed  float64
	out    *narrator
	bell   *bell // rings when a message arrives
}

func runDemo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) int {
	if o.speed <= 0 || o.speed > 100 {
		fmt.Fprintln(stderr, "sitrep: --speed is more than 0 and at most 100")
		return exitUsage
	}
	if err := onlyLoopback([]string{o.listen}); err != nil {
		fmt.Fprintln(stderr, "sitrep: the demo is for this machine only:", err)
		return exitUsage
	}
	if err := playDemo(ctx, o, stdout, stderr); err != nil {
		if ctx.Err() != nil {
			return exitOK // Ctrl-C
		}
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}
	return exitOK
}

// playDemo builds the world and the daemon, plays the story, and takes
// everything down again.
func playDemo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) error {
	dir, err := os.MkdirTemp("", "sitrep-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer os.RemoveAll(dir)

	w, err := newDemoWorld(o.speed, stdout)
	if err != nil {
		return err
	}
	defer w.close()

	d, err := start(ctx, daemonOptions{
		config: w.config, storage: dir, onFact: w.out.fact,
		log: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	defer d.Stop()
	w.inboxPages(d.handler)

	listener, err := net.Listen("tcp", o.listen)
	if err != nil {
		if listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			return fmt.Errorf("listen: %w", err)
		}
	}
	server := &http.Server{Handler: d.handler, ReadHeaderTimeout: 10 * time.Second}
	go server.Serve(listener)
	defer func() {
		w.bell.stop() // ends the pages that listen
		late, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(late)
	}()
	w.site = "http://" + listener.Addr().String()

	w.out.say("sitrep runs on this machine only, with a mail server and an SMS provider of its own.")
	w.out.say("Look over the shoulders of those who are told: %s/inbox", w.site)
	if err := w.play(ctx, d); err != nil {
		return err
	}
	if o.exit {
		return nil
	}
	w.out.say("The page stays up until Ctrl-C: %s/inbox", w.site)
	select {
	case <-ctx.Done():
	case err := <-d.failed:
		return err
	}
	return nil
}

func newDemoWorld(speed float64, stdout io.Writer) (*demoWorld, error) {
	cfg, err := policies.Load("default/demo.yml", policies.Default.ReadFile)
	if err != nil {
		return nil, err
	}
	quicken(cfg, speed)
	// The id in the configuration is a placeholder; the token lives as long as
	// the demo.
	token := rand.Text()
	cfg.SMS.AuthToken = policies.NewSecret(token)
	w := &demoWorld{config: cfg, speed: speed, bell: newBell()}
	w.out = newNarrator(stdout, cfg)

	mail, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for mail: %w", err)
	}
	calls, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		mail.Close()
		return nil, fmt.Errorf("listen for SMS: %w", err)
	}
	cfg.Email.Smarthosts = []string{mail.Addr().String()}
	cfg.SMS.APIURL = "http://" + calls.Addr().String()
	w.smtp = channeltest.NewSMTP(mail, channeltest.SMTPOptions{})
	w.twilio = channeltest.NewTwilio(cfg.SMS.AccountSID, token)
	w.calls = &http.Server{Handler: w.twilio, ReadHeaderTimeout: 10 * time.Second}
	go w.calls.Serve(calls)
	w.smtp.OnMail(func(m channeltest.Mail) { w.out.mail(m); w.bell.ring() })
	w.twilio.OnSMS(func(m channeltest.SMS) { w.out.sms(m); w.bell.ring() })
	return w, nil
}

func (w *demoWorld) close() {
	w.out.close()
	w.calls.Close()
	w.smtp.Close()
}

// quicken makes everything that takes time take less.
func quicken(cfg *policies.Config, speed float64) {
	faster := func(d *time.Duration) { *d = time.Duration(float64(*d) / speed) }
	for _, s := range cfg.Services {
		faster(&s.ResolvedAfter)
		for i := range s.Threshold {
			faster(&s.Threshold[i].FiringFor)
		}
	}
	for _, p := range cfg.Policies {
		for _, u := range p.Updates {
			for i := range u.Cadence {
				faster(&u.Cadence[i].Every)
				faster(&u.Cadence[i].From.Age)
			}
		}
	}
}

// wait waits for seconds of the story.
func (w *demoWorld) wait(ctx context.Context, seconds float64) error {
	select {
	case <-time.After(time.Duration(seconds / w.speed * float64(time.Second))):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// errUnkept ends a demo that did not go as it should: it is a test too.
var errUnkept = errors.New("not everything went as promised; see the lines above")
