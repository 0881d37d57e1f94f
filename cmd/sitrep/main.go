// Command sitrep tells people what is going on while a service is out. It takes
// Alertmanager's webhooks and sends each audience its updates by email and SMS,
// on a schedule that follows the SLA.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones are needed on machines that have none

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/alertmanager/featurecontrol"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/exporter-toolkit/web/kingpinflag"
)

// What the exit codes mean.
const (
	exitOK    = 0
	exitError = 1 // it did not work, or the configuration has errors
	exitUsage = 2 // the command line is wrong, or a file on it cannot be read
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	app := kingpin.New("sitrep", "Tells people what is going on while a service is out.")
	app.HelpFlag.Short('h')
	app.Version(versionText())
	app.UsageWriter(stderr)
	app.ErrorWriter(stderr)
	exit := -1
	app.Terminate(func(code int) { exit = code })

	logs := &promslog.Config{Writer: stderr}
	promslogflag.AddFlags(app, logs)

	serve := app.Command("serve", "Run the daemon.")
	so := serveOptions{}
	serve.Flag("config.file", "The configuration file.").Default("sitrep.yml").StringVar(&so.file)
	serve.Flag("storage.path", "The folder of the durable log; made where it is missing.").Default("data/").StringVar(&so.storage)
	serve.Flag("web.external-url", "Under which address people reach sitrep; takes the place of global.external_url.").StringVar(&so.externalURL)
	so.web = kingpinflag.AddFlags(serve, "127.0.0.1:8420")

	check := app.Command("check-config", "Check a configuration file, and say everything that is wrong with it.")
	checkFile := check.Flag("config.file", "The configuration file.").Default("sitrep.yml").String()

	demo := app.Command("demo", "Play a mail outage on your own machine: nothing to configure, nothing leaves it.")
	do := demoOptions{}
	demo.Flag("exit", "Leave at the end, instead of keeping the page up.").BoolVar(&do.exit)
	demo.Flag("speed", "How many times faster than life.").Default("1").Float64Var(&do.speed)
	demo.Flag("web.listen-address", "Where the page is; another port is taken where this one is not free.").Default("127.0.0.1:8420").StringVar(&do.listen)

	command, err := app.Parse(args)
	if exit >= 0 { // --help and --version end here
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "sitrep: %v\nhint: sitrep --help lists the commands, sitrep COMMAND --help the flags\n", err)
		return exitUsage
	}
	log := promslog.New(logs)
	// Matchers are read as Alertmanager reads them by default.
	compat.InitFromFlags(slog.New(slog.DiscardHandler), featurecontrol.NoopFlags{})

	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	switch command {
	case serve.FullCommand():
		so.log = log
		return runServe(ctx, so, stderr)
	case check.FullCommand():
		return runCheck(*checkFile, stdout, stderr)
	case demo.FullCommand():
		return runDemo(ctx, do, stdout, stderr)
	}
	return exitUsage
}
