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

// over ends the parsing of the command line with an exit code: kingpin would end
// the process.
type over int

// parse returns the command, or a code of at least 0 where all is done already.
func parse(app *kingpin.Application, args []string) (command string, code int, err error) {
	defer func() {
		if o, is := recover().(over); is {
			code = int(o)
		}
	}()
	command, err = app.Parse(args)
	return command, -1, err
}

func run(args []string, stdout, stderr io.Writer) int {
	app := kingpin.New("sitrep", "Tells people what is going on while a service is out.")
	app.HelpFlag.Short('h')
	app.Version(versionText())
	app.UsageWriter(stdout)
	app.ErrorWriter(stderr)
	app.Terminate(func(code int) { panic(over(code)) })

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

	play := app.Command("rehearse", "Play a script of what happens against the policies: who would be told what, when and why. Nothing is sent.")
	ro := rehearseOptions{}
	play.Flag("config.file", "The configuration file.").Default("sitrep.yml").StringVar(&ro.config)
	play.Flag("format", "What to print: table, timeline or json.").Default("table").EnumVar(&ro.format, "table", "timeline", "json")
	play.Flag("expect", "Compare with a transcript that was kept, instead of printing; exit code 1 where it is another.").PlaceHolder("FILE").StringVar(&ro.expect)
	play.Flag("svg", "Draw the rehearsal too.").PlaceHolder("FILE").StringVar(&ro.svg)
	play.Arg("script", "The scripts, played one after another.").Required().StringsVar(&ro.scripts)

	demo := app.Command("demo", "Play a mail outage on your own machine: nothing to configure, nothing leaves it.")
	do := demoOptions{}
	demo.Flag("exit", "Leave at the end, instead of keeping the page up.").BoolVar(&do.exit)
	demo.Flag("speed", "How many times faster than life.").Default("1").Float64Var(&do.speed)
	demo.Flag("web.listen-address", "Where the page is; another port is taken where this one is not free.").Default("127.0.0.1:8420").StringVar(&do.listen)

	command, code, err := parse(app, args)
	if code >= 0 { // --help and --version end here
		return code
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
	case play.FullCommand():
		return runRehearse(ro, stdout, stderr)
	case demo.FullCommand():
		return runDemo(ctx, do, stdout, stderr)
	}
	return exitUsage
}
