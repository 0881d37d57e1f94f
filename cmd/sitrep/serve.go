package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	toolkit "github.com/prometheus/exporter-toolkit/web"

	"sitrep/policies"
)

type serveOptions struct {
	file, storage, externalURL string
	web                        *toolkit.FlagConfig
	log                        *slog.Logger
}

// stopTime is how long requests under way may take when the daemon stops.
const stopTime = 10 * time.Second

func runServe(ctx context.Context, o serveOptions, stderr io.Writer) int {
	cfg, err := loadConfig(o.file)
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
	if o.externalURL != "" {
		cfg.Global.ExternalURL = strings.TrimRight(o.externalURL, "/")
	}
	for _, w := range cfg.Warnings {
		o.log.Warn(w.Head(), "hint", w.Hint) // its source line may hold an address
	}
	if len(cfg.NotInForce) > 0 {
		o.log.Warn("accepted, but not in force in this version; do not rely on it", "keys", strings.Join(cfg.NotInForce, ", "))
	}
	if cfg.Access == nil {
		err := onlyLoopback(*o.web.WebListenAddresses)
		if *o.web.WebSystemdSocket {
			err = errors.New("--web.systemd-socket may be reached by others, and the configuration has no access block\nhint: add access.tokens to the configuration")
		}
		if err != nil {
			fmt.Fprintln(stderr, "sitrep:", err)
			return exitError
		}
		o.log.Warn("no access block in the configuration: callers on this machine may do everything, others nothing")
	}

	// Nothing is sent before it is certain that others can be heard.
	listeners, err := listen(o.web)
	if err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}
	d, err := start(ctx, daemonOptions{config: cfg, storage: o.storage, log: o.log})
	if err != nil {
		for _, l := range listeners {
			l.Close()
		}
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitError
	}
	defer d.Stop()
	d.handler.Handle("GET /{$}", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "sitrep %s is running. It has no pages yet; /openapi.json describes its API.\n", versionText())
	}))

	server := &http.Server{Handler: d.handler, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute}
	listening := make(chan error, 1)
	go func() {
		if listeners == nil {
			listening <- toolkit.ListenAndServe(server, o.web, o.log)
			return
		}
		listening <- toolkit.ServeMultiple(listeners, server, o.web, o.log)
	}()
	o.log.Info("sitrep is running", "version", versionText(), "storage", o.storage, "services", len(cfg.Services), "audiences", len(cfg.Audiences))

	code := exitOK
	select {
	case <-ctx.Done():
		o.log.Info("stopping")
	case err := <-d.failed:
		fmt.Fprintln(stderr, "sitrep:", err)
		code = exitError
	case err := <-listening:
		fmt.Fprintln(stderr, "sitrep: listen:", err)
		return exitError
	}
	late, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	if err := server.Shutdown(late); err != nil {
		o.log.Warn("some requests were cut off", "err", err)
	}
	return code
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
