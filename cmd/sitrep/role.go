package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/bus"
)

// The roles of --role.
const (
	roleAll    = "all"
	roleRouter = "router"
	roleWorker = "worker"
)

// part is which part of sitrep a process is. The zero part is all of it.
type part struct {
	role     string
	channels []string // of a worker; none: all that are configured
}

func newPart(role, list string) (p part, err error) {
	p.role = role
	if list == "" {
		return p, nil
	}
	if role != roleWorker {
		return p, errors.New("--channels is for --role=worker\nhint: all others send by no channel, or by all that are configured")
	}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name != channels.Email && name != channels.SMS {
			return p, fmt.Errorf("--channels=%s: there is no channel %q\nhint: email and sms are known", list, name)
		}
		if !slices.Contains(p.channels, name) {
			p.channels = append(p.channels, name)
		}
	}
	return p, nil
}

func (p part) String() string {
	switch {
	case p.role == "" || p.role == roleAll:
		return roleAll
	case len(p.channels) == 0:
		return p.role
	}
	return p.role + " of " + strings.Join(p.channels, " and ")
}

// routes reports whether a router runs here.
func (p part) routes() bool { return p.role != roleWorker }

// sends reports whether a channel's messages are sent from here.
func (p part) sends(channel string) bool {
	switch p.role {
	case roleRouter:
		return false
	case roleWorker:
		return len(p.channels) == 0 || slices.Contains(p.channels, channel)
	}
	return true
}

// elsewhere says which files other machines have: of channels that do not go out from
// here, and, where no router runs, whatever only a router reads.
func (p part) elsewhere() policies.Elsewhere {
	if p.role == "" || p.role == roleAll {
		return nil
	}
	return func(key string) bool {
		if rest, is := strings.CutPrefix(key, "channels."); is {
			name, _, _ := strings.Cut(rest, ".")
			return !p.sends(name)
		}
		return !p.routes() && !strings.HasPrefix(key, "nats.")
	}
}

// fits refuses a configuration with which this part can do nothing.
func (p part) fits(cfg *policies.Config) error {
	if p.role == "" || p.role == roleAll {
		return nil
	}
	if !cfg.NATS.External() {
		return fmt.Errorf("--role=%s without nats.url: a router and its workers meet on a NATS server\nhint: set nats.url, or leave --role out: then all runs in one process", p.role)
	}
	if p.role == roleWorker {
		for _, name := range p.channels {
			if name == channels.Email && cfg.Email == nil || name == channels.SMS && cfg.SMS == nil {
				return fmt.Errorf("--channels names %s, and channels.%s is not configured", name, name)
			}
		}
		if cfg.Email == nil && cfg.SMS == nil {
			return errors.New("--role=worker, and no channel is configured\nhint: add channels.email or channels.sms")
		}
	}
	return nil
}

// mail is how mail goes out from here; nil: not at all.
func (p part) mail(cfg *policies.Config) *policies.Email {
	if !p.sends(channels.Email) {
		return nil
	}
	return cfg.Email
}

// clusterOf is where the configuration says that the streams are; nil: here.
func clusterOf(cfg *policies.Config) *bus.Cluster {
	n := cfg.NATS
	if !n.External() {
		return nil
	}
	return &bus.Cluster{
		Servers: n.Servers, Context: n.Context, CredentialsFile: n.CredentialsFile, NKeyFile: n.NKeyFile,
		CAFile: n.CAFile, CertFile: n.CertFile, KeyFile: n.KeyFile, ServerName: n.ServerName, TLS: n.TLS,
		Replicas: n.Replicas, Unmanaged: n.Unmanaged, Monitoring: n.Monitoring,
	}
}

// busOptions are how this process opens the store.
func busOptions(cfg *policies.Config, o daemonOptions) bus.Options {
	return bus.Options{Dir: o.storage, Log: o.log, Cluster: clusterOf(cfg), Name: processName(), Worker: o.part.role == roleWorker,
		Heartbeat: o.heartbeat}
}

// processName tells this process from all others: in containers all have one number,
// and may have one host name.
func processName() string {
	host, _ := os.Hostname()
	some := make([]byte, 3)
	rand.Read(some)
	return fmt.Sprintf("%s-%d-%s", host, os.Getpid(), hex.EncodeToString(some))
}

// front is what callers reach of this process.
func (d *daemon) front() http.Handler {
	if d.bare != nil {
		return d.bare
	}
	return d.handler
}

// welcome is the page at the root.
func (d *daemon) welcome() {
	page := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		if d.bare != nil {
			fmt.Fprintf(w, "sitrep %s is running, as %s. A router answers calls; here are /-/healthy, /-/ready and /metrics.\n", versionText(), d.o.part)
			return
		}
		fmt.Fprintf(w, "sitrep %s is running. It has no pages yet; /openapi.json describes its API.\n", versionText())
	})
	if d.bare != nil {
		d.bare.Handle("GET /{$}", page)
		return
	}
	d.handler.Handle("GET /{$}", page)
}
