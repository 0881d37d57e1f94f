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
	command, err = app.Parse(signed(args))
	return command, -1, err
}

func run(args []string, stdout, stderr io.Writer) int {
	stdout, stderr = &escaping{w: stdout}, &escaping{w: stderr}
	app := kingpin.New("sitrep", "Tells people what is going on while a service is out.")
	app.HelpFlag.Short('h')
	app.Version(versionText())
	app.UsageWriter(stdout)
	app.ErrorWriter(stderr)
	app.Terminate(func(code int) { panic(over(code)) })

	logs := &promslog.Config{Writer: stderr}
	promslogflag.AddFlags(app, logs)

	serve := app.Command("serve", "Run the daemon.")
	so := serveOptions{retention: map[string]string{}}
	serve.Flag("config.file", "The configuration file.").Default("sitrep.yml").StringVar(&so.file)
	serve.Flag("storage.path", "The folder of the durable log; made where it is missing.").Default("data/").StringVar(&so.storage)
	serve.Flag("web.external-url", "Under which address people reach sitrep; takes the place of global.external_url.").StringVar(&so.externalURL)
	serve.Flag("data.retention", "For how long what is over is kept: deliveries=30d (what was sent to whom, addresses included), incidents=400d (facts and timelines), audit=1095d (who did what; never shorter than incidents); 0 is for ever. May be repeated.").PlaceHolder("CLASS=DURATION").StringMapVar(&so.retention)
	serve.Flag("role", "Which part of sitrep runs here: all, router (judges and plans, and answers callers) or worker (sends). Parts need nats.url.").Default(roleAll).EnumVar(&so.role, roleAll, roleRouter, roleWorker)
	serve.Flag("channels", "What a worker sends by, separated by commas; by default all that are configured.").PlaceHolder("email,sms").StringVar(&so.channels)
	so.web = kingpinflag.AddFlags(serve, "127.0.0.1:8420")

	check := app.Command("check-config", "Check a configuration file, and say everything that is wrong with it.")
	checkFile := check.Flag("config.file", "The configuration file.").Default("sitrep.yml").String()
	checkRole := check.Flag("role", "Check it as a process of this role would: all, router or worker. Files that it does not need may be missing.").Default(roleAll).Enum(roleAll, roleRouter, roleWorker)
	checkChannels := check.Flag("channels", "What the worker sends by.").PlaceHolder("email,sms").String()
	checkWords := check.Flag("words", "Say too where readers of the messages may stumble: long sentences, jargon, the passive. These are hints, and no errors.").Bool()

	against := againstFlags(check)

	play := app.Command("rehearse", "Play a script of what happens against the policies: who would be told what, when and why. Nothing is sent.")
	ro := rehearseOptions{}
	play.Flag("config.file", "The configuration file.").Default("sitrep.yml").StringVar(&ro.config)
	play.Flag("format", "What to print: table, timeline or json.").Default("table").EnumVar(&ro.format, "table", "timeline", "json")
	play.Flag("expect", "Compare with a transcript that was kept, instead of printing; exit code 1 where it is another.").PlaceHolder("FILE").StringVar(&ro.expect)
	play.Flag("svg", "Draw the rehearsal too.").PlaceHolder("FILE").StringVar(&ro.svg)
	play.Arg("script", "The scripts, played one after another.").Required().StringsVar(&ro.scripts)

	show, shown := renderCommand(app)

	demo := app.Command("demo", "Play a mail outage on your own machine: nothing to configure, nothing leaves it.")
	do := demoOptions{}
	demo.Flag("exit", "Leave at the end, instead of keeping the page up.").BoolVar(&do.exit)
	demo.Flag("speed", "How many times faster than life.").Default("1").Float64Var(&do.speed)
	demo.Flag("web.listen-address", "Where the page is; another port is taken where this one is not free.").Default("127.0.0.1:8420").StringVar(&do.listen)

	attempt, tested := testSendCommand(app)
	audiences, audience, who := audienceCommands(app)
	keep := keepingCommands(app)
	natsPrint, natsFile := natsCommand(app)
	call := clientCommands(app)
	look := auditCommands(app)

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
		as, err := newPart(*checkRole, *checkChannels)
		if err != nil {
			fmt.Fprintln(stderr, "sitrep:", err)
			return exitUsage
		}
		code := runCheck(as, *checkFile, *checkWords, stdout, stderr)
		if code == exitOK && against.url != "" {
			code = runAgainst(ctx, *checkFile, *against, stdout, stderr)
		}
		return code
	case play.FullCommand():
		return runRehearse(ro, stdout, stderr)
	case show.FullCommand():
		if shown.wire() {
			stdout = unescaped(stdout) // messages as they go out, and no other thing
		}
		return runRender(*shown, stdout, stderr)
	case audiences.FullCommand(), audience.FullCommand():
		return runAudience(*who, command == audiences.FullCommand(), stdout, stderr)
	case attempt.FullCommand():
		return runTestSend(ctx, *tested, stdout, stderr)
	case natsPrint.FullCommand():
		return runNATSPrint(*natsFile, stdout, stderr)
	case demo.FullCommand():
		return runDemo(ctx, do, stdout, stderr)
	}
	if code, ours := look(ctx, command, stdout, stderr); ours {
		return code
	}
	if code, ours := call(ctx, command, os.Stdin, stdout, stderr); ours {
		return code
	}
	return keep(ctx, command, os.Stdin, stdout, stderr)
}
