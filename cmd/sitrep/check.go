package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"sitrep/channels/email"
	"sitrep/policies"
)

// loadFor reads what of the configuration a part needs.
func loadFor(as part, file string) (*policies.Config, error) {
	if err := there(file); err != nil {
		return nil, err
	}
	return policies.LoadFor(as.elsewhere(), file, os.ReadFile, brought)
}

// loadConfig reads the configuration and the templates that go with it.
func loadConfig(file string) (*policies.Config, error) {
	if err := there(file); err != nil {
		return nil, err
	}
	return policies.LoadWith(file, os.ReadFile, brought)
}

// there reports a configuration file that is not.
func there(file string) error {
	_, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return noFile{fmt.Errorf("there is no file %s\nhint: name it with --config.file; policies/default/sitrep.yml is a worked example", file)}
	case err != nil:
		return noFile{fmt.Errorf("read the configuration: %w", err)}
	}
	return nil
}

// noFile is an error about the command line rather than about what the file
// says.
type noFile struct{ error }

// checkMail tries what only the email channel understands.
func checkMail(c *policies.Email) error {
	if c == nil {
		return nil
	}
	if c.Bounces != "" {
		if err := email.CheckBounces(c.Bounces); err != nil {
			return fmt.Errorf("channels.email.bounces: %w\nhint: write an address such as bounces@example.org, of which the mail server delivers bounces+anything@example.org too", err)
		}
	}
	if c.DKIM != nil {
		pem, err := secret(c.DKIM.Key)()
		if err == nil {
			err = email.CheckDKIM([]byte(pem))
		}
		if err != nil {
			return fmt.Errorf("channels.email.dkim: %s: %w\nhint: openssl genrsa 2048 makes a key; until it can be read, no mail goes out", cmp.Or(c.DKIM.Key.File, "private_key"), err)
		}
	}
	return nil
}

// checkWords says every message in the configuration's own words, against the worst
// that can be asked of them. Those that ship were looked at before they did.
func checkWords(cfg *policies.Config) error {
	pack, err := messages(cfg)
	if err != nil || len(cfg.Templates) == 0 {
		return err
	}
	return pack.CheckOwn()
}

// runCheck checks a configuration as a process of a part would.
func runCheck(as part, file string, advise bool, stdout, stderr io.Writer) int {
	cfg, err := loadFor(as, file)
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
	if err = as.fits(cfg); err == nil {
		err = checkMail(as.mail(cfg))
	}
	if err == nil { // what takes no time comes first
		err = checkWords(cfg)
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
	for _, n := range cfg.Notes {
		fmt.Fprintf(stderr, "note: %s\n", n)
	}
	if advise {
		if err := hints(cfg, stderr); err != nil {
			fmt.Fprintln(stderr, err)
			return exitError
		}
	}
	recipients := 0
	for _, a := range cfg.Audiences {
		recipients += len(a.Recipients)
	}
	fmt.Fprintf(stdout, "%s is valid: %d services, %d audiences with %d recipients, %d policies\n",
		file, len(cfg.Services), len(cfg.Audiences), recipients, len(cfg.Policies))
	return exitOK
}
