package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"sitrep/policies"
	"sitrep/policies/words"
)

// loadConfig reads the configuration and the templates that go with it.
func loadConfig(file string) (*policies.Config, error) {
	if _, err := os.Stat(file); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, noFile{fmt.Errorf("there is no file %s\nhint: name it with --config.file; policies/default/sitrep.yml is a worked example", file)}
		}
		return nil, noFile{fmt.Errorf("read the configuration: %w", err)}
	}
	return policies.Load(file, os.ReadFile)
}

// noFile is an error about the command line rather than about what the file
// says.
type noFile struct{ error }

// unsupported refuses what would be read and ignored at the cost of the store.
func unsupported(cfg *policies.Config) error {
	if cfg.NATS.URL == "" {
		return nil
	}
	return errors.New("nats.url is set, and an external NATS cluster is not supported yet\nhint: leave it out; the embedded server keeps its files under --storage.path")
}

func runCheck(file string, stdout, stderr io.Writer) int {
	cfg, err := loadConfig(file)
	if err != nil {
		fmt.Fprintln(stderr, err)
		if errors.As(err, new(noFile)) {
			return exitUsage
		}
		var problems policies.Problems
		if errors.As(err, &problems) {
			fmt.Fprintf(stderr, "\n%s: %d errors\n", file, len(problems))
		}
		return exitError
	}
	err = unsupported(cfg)
	if err == nil {
		var pack *words.Pack
		if pack, err = messages(); err == nil {
			err = pack.Check()
		}
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return exitError
	}
	for _, w := range cfg.Warnings {
		fmt.Fprintf(stderr, "warning: %s\n", w)
	}
	if len(cfg.NotInForce) > 0 {
		fmt.Fprintf(stderr, "warning: accepted, but not in force in this version: %s\n", strings.Join(cfg.NotInForce, ", "))
	}
	recipients := 0
	for _, a := range cfg.Audiences {
		recipients += len(a.Recipients)
	}
	fmt.Fprintf(stdout, "%s is valid: %d services, %d audiences with %d recipients, %d policies\n",
		file, len(cfg.Services), len(cfg.Audiences), recipients, len(cfg.Policies))
	return exitOK
}
