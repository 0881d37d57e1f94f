package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestARoleThatCannotBe: each is refused in words that say what is missing, before
// anything begins.
func TestARoleThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, nats, channel string) string {
		file := filepath.Join(dir, name)
		text := nats + channel + `
services: [{name: mail, title: mail, matchers: ['service="mail"'], threshold: [{firing_for: 1m}]}]
audiences: [{name: it, channels: [email], recipients: [{name: A, email: a@example.org}]}]
policies: [{name: all, updates: [{audience: it, cadence: [{from: 0s, every: 1h}]}]}]
`
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "--config.file=" + file
	}
	const mail = "channels: {email: {smarthosts: [\"127.0.0.1:25\"], from: a@example.org, require_tls: false}}"
	alone := write("alone.yml", "", mail)
	shared := write("shared.yml", "nats: {url: \"nats://127.0.0.1:1\"}\n", mail)
	for _, test := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"serve", alone, "--role=router"}, exitError, "--role=router without nats.url"},
		{[]string{"serve", alone, "--role=worker"}, exitError, "--role=worker without nats.url"},
		{[]string{"serve", shared, "--role=worker", "--channels=sms"}, exitError, "channels.sms is not configured"},
		{[]string{"serve", shared, "--role=worker", "--channels=pigeon"}, exitUsage, `no channel "pigeon"`},
		{[]string{"serve", shared, "--role=router", "--channels=email"}, exitUsage, "--channels is for --role=worker"},
		{[]string{"serve", shared, "--role=king"}, exitUsage, "king"},
		{[]string{"check-config", alone, "--role=worker"}, exitError, "--role=worker without nats.url"},
	} {
		var out, errs bytes.Buffer
		if code := run(test.args, &out, &errs); code != test.code || !strings.Contains(errs.String(), test.want) {
			t.Errorf("%v: %d %s", test.args, code, errs.String())
		}
	}
}

// TestACheckAsAPart: a machine on which the other parts' files are missing.
func TestACheckAsAPart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "sitrep.yml")
	text, err := os.ReadFile(filepath.Join("..", "..", "policies", "default", "sitrep.yml"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("  # url: nats"), []byte("  url: nats"), 1)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(filepath.Dir(file), "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	check := func(args ...string) (code int, errs string) {
		var out, err bytes.Buffer
		code = run(append([]string{"check-config", "--config.file=" + file}, args...), &out, &err)
		return code, err.String()
	}
	if code, errs := check("--role=worker", "--channels=sms"); code != exitError || !strings.Contains(errs, "auth_token_file") || strings.Contains(errs, "smtp-password") || strings.Contains(errs, "staff.csv") {
		t.Errorf("%d %s", code, errs)
	}
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "secrets", "twilio-auth-token"), []byte("sesame"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, errs := check("--role=worker", "--channels=sms"); code != exitOK {
		t.Errorf("%d %s", code, errs)
	}
	if code, errs := check(); code != exitError || !strings.Contains(errs, "smtp-password") {
		t.Errorf("%d %s", code, errs)
	}
	var out, errs bytes.Buffer
	if code := run([]string{"nats", "print", "--config.file=" + file}, &out, &errs); code != exitOK {
		t.Fatalf("%d %s", code, errs.String())
	}
	for _, want := range []string{`"name": "SITREP_LEDGER"`, `"num_replicas": 3`, `"durable_name": "sms-critical"`, `"sitrep.v1.ledger.*.*.*.sms"`, "sync_interval: always", `"$JS.API.STREAM.PURGE.SITREP_INBOX"`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("what is printed lacks %s", want)
		}
	}
}
