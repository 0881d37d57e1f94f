package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/bus"
)

// natsCommand adds what an operator of NATS servers asks.
func natsCommand(app *kingpin.Application) (print *kingpin.CmdClause, file *string) {
	group := app.Command("nats", "What sitrep needs of NATS servers that others run.")
	print = group.Command("print", "Print the streams, the consumers and the permissions that sitrep needs, for who makes them himself. Nothing is changed.")
	return print, print.Flag("config.file", "The configuration file.").Default("sitrep.yml").String()
}

// channelNames are the configured ones.
func channelNames(cfg *policies.Config) (all []string) {
	if cfg.Email != nil {
		all = append(all, channels.Email)
	}
	if cfg.SMS != nil {
		all = append(all, channels.SMS)
	}
	return all
}

func runNATSPrint(file string, stdout, stderr io.Writer) int {
	return told(stderr, func() error {
		if err := there(file); err != nil {
			return err
		}
		everything := func(string) bool { return true } // who prints it needs no secret
		cfg, err := policies.LoadFor(everything, file, os.ReadFile, nil)
		if err != nil {
			return err
		}
		replicas := cfg.NATS.Replicas
		if replicas == 0 { // one address may stand for all of a cluster
			replicas = 3
		}
		plan, err := bus.Plan(replicas, channelNames(cfg), !cfg.NATS.Unmanaged)
		if err != nil {
			return err
		}
		return tellPlan(stdout, plan, replicas, cfg.NATS.Unmanaged)
	})
}

func tellPlan(w io.Writer, p bus.Blueprint, replicas int, unmanaged bool) error {
	fmt.Fprintf(w, "# Streams, with %s each: nats.replicas says how many, and a single server takes 1. Each is one file:\n", plural(replicas, "copy", "copies"))
	for _, s := range p.Streams {
		fmt.Fprintf(w, "\n# nats stream add --config %s.json\n%s\n", s.Name, s.Config)
	}
	fmt.Fprint(w, "\n# Consumers, which the workers of a channel share:\n")
	for _, c := range p.Consumers {
		fmt.Fprintf(w, "\n# nats consumer add %s --config %s.json\n%s\n", c.Stream, c.Name, c.Config)
	}
	if unmanaged {
		fmt.Fprint(w, "\n# Permissions. nats.manage is false: none of them makes a stream or a consumer that lasts.\n")
	} else {
		fmt.Fprint(w, "\n# Permissions. With nats.manage: false those to create streams, and the consumers above, are not needed.\n")
	}
	fmt.Fprint(w, "# A process that is all in one needs those of all. The servers need, in their jetstream block, sync_interval: always.\nauthorization {\n  users = [\n")
	for _, u := range p.Users {
		fmt.Fprintf(w, "    # %s\n    {\n      user: %q, password: \"\" # or nkey, or a user JWT with the same permissions\n      permissions: {\n        publish: {allow: [\n", u.User, strings.ReplaceAll("sitrep "+u.User, " ", "-"))
		for _, s := range u.Publish {
			fmt.Fprintf(w, "          %q\n", s)
		}
		fmt.Fprint(w, "        ]}\n        subscribe: {allow: [\n")
		for _, s := range u.Subscribe {
			fmt.Fprintf(w, "          %q\n", s)
		}
		fmt.Fprint(w, "        ]}\n")
		if u.AllowReply {
			fmt.Fprint(w, "        allow_responses: true\n")
		}
		fmt.Fprint(w, "      }\n    }\n")
	}
	_, err := fmt.Fprint(w, "  ]\n}\n")
	return err
}

// driftEvery is how often it is looked whether the streams are still as wanted.
const driftEvery = time.Minute

// watchDrift says what is not as it is wanted, once for as long as it is so, until ctx
// ends.
func (d *daemon) watchDrift(ctx context.Context) {
	if len(d.config.Load().NATS.Monitoring) == 0 {
		d.o.log.Warn("whether the NATS servers write to the disk before they answer cannot be seen by a client; name their monitoring with nats.monitoring_url, or see to it that they have sync_interval: always")
	}
	said := map[string]bool{}
	ticker := time.NewTicker(driftEvery)
	defer ticker.Stop()
	for {
		all, err := d.store.Drifts(ctx, channelNames(d.config.Load())...)
		if err != nil && ctx.Err() == nil {
			if !said[err.Error()] {
				d.o.log.Warn("whether NATS is as it is wanted cannot be seen", "err", err)
			}
			said[err.Error()] = true
		}
		if err == nil {
			now := map[string]bool{}
			count := map[string]int{}
			for _, one := range all {
				now[one.String()] = true
				count[one.What]++
				if !said[one.String()] {
					d.o.log.Warn("NATS is not as it is wanted; nothing is changed", "what", one.What, "drift", one.Text)
				}
			}
			for text := range said {
				if !now[text] {
					d.o.log.Info("NATS is as it is wanted again", "drift", text)
				}
			}
			said = now
			d.metrics.drift(count)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
