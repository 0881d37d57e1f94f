package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"sitrep/policies"
	"sitrep/router/web"
)

type serveOptions struct {
	file, storage, externalURL string
	role, channels             string
	retention                  map[string]string
	web                        *toolkit.FlagConfig
	log                        *slog.Logger
}

// stopTime is how long requests under way may take when the daemon stops.
const stopTime = 10 * time.Second

func runServe(ctx context.Context, o serveOptions, stderr io.Writer) int {
	keep, err := retention(o.retention)
	if err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitUsage
	}
	hups := make(chan os.Signal, 1) // one that comes during the start is not lost
	signal.Notify(hups, syscall.SIGHUP)
	defer signal.Stop(hups)
	from := newSource(o.file, os.ReadFile)
	part, err := newPart(o.role, o.channels)
	if err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitUsage
	}
	from.elsewhere = part.elsewhere()
	if o.externalURL != "" {
		from.amend = func(c *policies.Config) { c.Global.ExternalURL = strings.TrimRight(o.externalURL, "/") }
	}
	cfg, err := from.begin()
	var problems policies.Problems
	if errors.As(err, &problems) { // the source lines may hold addresses, and this may be a journal
		for _, p := range problems {
			fmt.Fprintf(stderr, "%s\n    hint: %s\n", p.Head(), p.Hint)
		}
		fmt.Fprintln(stderr, "sitrep: the configuration has errors; sitrep check-config shows them with their lines")
		return exitError
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		if errors.As(err, new(noFile)) {
			return exitUsage
		}
		return exitError
	}
	for _, w := range cfg.Warnings {
		o.log.Warn(w.Head(), "hint", w.Hint) // its source line may hold an address
	}
	if err := part.fits(cfg); err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}
	// Not the end: an outage is told of by what works.
	if err := checkMail(part.mail(cfg)); err != nil {
		o.log.Error("mail will not go out as configured; sitrep check-config says more", "err", err)
	}
	if len(cfg.NotInForce) > 0 {
		o.log.Warn("accepted, but not in force in this version; do not rely on it", "keys", strings.Join(cfg.NotInForce, ", "))
	}
	others := onlyLoopback(*o.web.WebListenAddresses)
	if *o.web.WebSystemdSocket {
		others = errors.New("--web.systemd-socket may be reached by others, and the configuration has no access block\nhint: add access.tokens to the configuration")
	}
	if cfg.Access == nil && part.role != roleWorker { // which has no API
		if err := others; err != nil {
			fmt.Fprintln(stderr, "sitrep:", err)
			return exitError
		}
		o.log.Warn("no access block in the configuration: callers on this machine may do everything, others nothing")
	}

	if err := needsWebConfig(cfg.Access, *o.web.WebConfigFile); err != nil && part.role != roleWorker {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}

	// Nothing is sent before it is certain that others can be heard.
	listeners, err := listen(o.web)
	if err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}
	d, err := start(ctx, daemonOptions{config: cfg, part: part, storage: o.storage, log: o.log, source: from, open: others != nil, retention: keep, webConfig: *o.web.WebConfigFile})
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}
	defer d.Stop()
	d.welcome()

	server := &http.Server{Handler: d.front(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute}
	listening := make(chan error, 1)
	go func() {
		if listeners == nil {
			listening <- toolkit.ListenAndServe(server, o.web, o.log)
			return
		}
		listening <- toolkit.ServeMultiple(listeners, server, o.web, o.log)
	}()
	manager := newNotice(os.Getenv)
	d.run(func(ctx context.Context) error {
		manager.guard(ctx, d.goesOn)
		return nil
	})
	manager.ready("running")
	o.log.Info("sitrep is running", "version", versionText(), "as", part.String(), "storage", o.storage, "services", len(cfg.Services), "audiences", len(cfg.Audiences))

	code := exitOK
	for going := true; going; {
		going = false
		select {
		case <-ctx.Done():
			o.log.Info("stopping")
		case <-hups:
			manager.reloading()
			status := "running"
			var err error
			if part.routes() {
				_, err = d.reload(ctx, web.Reload{By: "a signal"})
			} else {
				err = d.reloadWorker(ctx)
			}
			if err != nil { // it was logged what is wrong
				status = "running; the new configuration was refused, the one before it is in force"
			}
			manager.ready(status)
			going = true
		case err := <-d.failed:
			fmt.Fprintln(stderr, "sitrep:", err)
			code = exitError
		case err := <-listening:
			fmt.Fprintln(stderr, "sitrep: listen:", err)
			return exitError
		}
	}
	manager.stopping("what is under way is finished")
	late, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		o.log.Warn("some requests were cut off", "err", err)
	}
	return code
}

// needsWebConfig refuses an access block of which a part rests on a file that was
// not named.
func needsWebConfig(a *policies.Access, file string) error {
	if a == nil || file != "" {
		return nil
	}
	for _, t := range a.Tokens {
		if t.BasicAuth {
			return fmt.Errorf("access.tokens: %s has basic_auth, and there is no file with his password\nhint: name one with --web.config.file; its basic_auth_users are users and bcrypt hashes", t.Name)
		}
	}
	if p := a.Proxy; p != nil && len(p.CertificateNames) > 0 {
		return errors.New("access.proxy.certificate_names is set, and nothing verifies certificates\nhint: name a file with --web.config.file; its tls_server_config has a client_ca_file")
	}
	return nil
}

// listen opens the addresses; none where systemd has the sockets.
func listen(flags *toolkit.FlagConfig) ([]net.Listener, error) {
	if *flags.WebSystemdSocket {
		return nil, nil
	}
	var all []net.Listener
	for _, a := range *flags.WebListenAddresses {
		l, err := net.Listen("tcp", a)
		if err != nil {
			for _, open := range all {
				open.Close()
			}
			return nil, fmt.Errorf("listen: %w\nhint: another program may have the address; --web.listen-address chooses another", err)
		}
		all = append(all, l)
	}
	return all, nil
}

// onlyLoopback refuses addresses that others can reach.
func onlyLoopback(addresses []string) error {
	for _, a := range addresses {
		host, _, err := net.SplitHostPort(a)
		if err != nil {
			return fmt.Errorf("--web.listen-address=%s: %w", a, err)
		}
		ip := net.ParseIP(host)
		if host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("--web.listen-address=%s can be reached by others, and the configuration has no access block\nhint: add access.tokens to the configuration, or listen on 127.0.0.1", a)
		}
	}
	return nil
}
