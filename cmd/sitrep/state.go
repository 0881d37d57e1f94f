package main

import (
	"context"
	"io"

	"github.com/alecthomas/kingpin/v2"
)

// keepingCommands adds the commands that work on what is stored, while sitrep is
// stopped, and returns what runs one.
func keepingCommands(app *kingpin.Application) func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) int {
	at := storeAt{}
	where := func(c *kingpin.CmdClause) *kingpin.CmdClause {
		c.Flag("storage.path", "The folder of the durable log.").Default("data/").StringVar(&at.dir)
		return c
	}
	anywhere := func(c *kingpin.CmdClause) *kingpin.CmdClause {
		c.Flag("config.file", "The configuration file, where it has nats.url: then the store is there.").PlaceHolder("FILE").StringVar(&at.config)
		return where(c)
	}
	state := app.Command("state", "Look after what is stored. sitrep must be stopped.")
	check := anywhere(state.Command("verify", "Read all that is stored, and say what is missing or does not fit. Nothing is changed."))

	file := ""
	named := func(c *kingpin.CmdClause) *kingpin.CmdClause {
		c.Arg("file", "The export; - is the standard output, or input.").Required().StringVar(&file)
		return where(c)
	}
	export := named(state.Command("export", "Verify all that is stored, and write it to one file. It holds addresses, and the key of the store."))
	restore := named(state.Command("restore", "Make a store of an export, in a folder that is empty, and verify it."))

	var addresses []string
	erase := anywhere(app.Command("erase", "Take a person out of all that is stored, for good. sitrep must be stopped."))
	erase.Arg("address", "His email address or phone number, as +31612345678; - reads them from the standard input, a line each, so that no shell remembers them.").Required().StringsVar(&addresses)

	return func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) int {
		if file == "" { // kingpin takes a lone - for an argument of no characters
			file = "-"
		}
		for n, a := range addresses {
			if a == "" {
				addresses[n] = "-"
			}
		}
		switch command {
		case check.FullCommand():
			return runStateVerify(ctx, at, stdout, stderr)
		case export.FullCommand():
			return runStateExport(ctx, at.dir, file, stdout, stderr)
		case restore.FullCommand():
			return runStateRestore(ctx, at.dir, file, stdin, stdout, stderr)
		case erase.FullCommand():
			return runErase(ctx, at, addresses, stdin, stdout, stderr)
		}
		return exitUsage
	}
}
