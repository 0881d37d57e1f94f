package policies

import (
	"errors"
	"io/fs"
	"slices"
	"strings"
	"testing"
)

// natsFiles is a configuration with a block, and the files that are there.
func natsFiles(block string, there ...string) ReadFile {
	return func(name string) ([]byte, error) {
		switch {
		case name == "etc/sitrep.yml":
			return []byte(block + `
channels:
  email: {smarthosts: ["mail.example.org:587"], from: a@example.org, auth_username: x, auth_password_file: smtp}
  sms: {provider: twilio, account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token_file: twilio, from: Sitrep}
services: [{name: mail, title: mail, matchers: ['service="mail"'], threshold: [{firing_for: 1m}]}]
audiences: [{name: staff, language: fy, channels: [email], recipients_files: [staff.csv]}]
policies: [{name: all, updates: [{audience: staff, cadence: [{from: 0s, every: 1h}]}]}]
access: {tokens: [{name: am, role: alerts, token_file: token}]}
templates: ["words/*.tmpl"]
`), nil
		case slices.Contains(there, name):
			return []byte("something"), nil
		}
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
}

// TestEachPartNeedsOnlyItsOwnFiles: what a machine does not use may be missing there,
// also the templates that bring a language; what it uses may not.
func TestEachPartNeedsOnlyItsOwnFiles(t *testing.T) {
	const block = `nats: {url: "tls://n1:4222", credentials_file: creds}`
	only := func(own ...string) Elsewhere {
		return func(key string) bool {
			return !slices.ContainsFunc(own, func(o string) bool { return strings.HasPrefix(key, o) })
		}
	}
	for _, test := range []struct {
		name      string
		elsewhere Elsewhere
		there     []string
		missing   string // what is said of it; empty: nothing
	}{
		{"an email worker", only("nats.", "channels.email."), []string{"etc/creds", "etc/smtp"}, ""},
		{"an SMS worker", only("nats.", "channels.sms."), []string{"etc/creds", "etc/twilio"}, ""},
		{"an SMS worker without its secret", only("nats.", "channels.sms."), []string{"etc/creds", "etc/smtp"}, `"auth_token_file"`},
		{"a worker without credentials", only("nats.", "channels.sms."), []string{"etc/twilio"}, `"credentials_file"`},
	} {
		cfg, err := LoadFor(test.elsewhere, "etc/sitrep.yml", natsFiles(block, test.there...), nil)
		var problems Problems
		switch {
		case test.missing == "" && err != nil:
			t.Errorf("%s: %v", test.name, err)
		case test.missing == "":
			if len(cfg.RecipientsFiles) > 0 || len(cfg.Audiences[0].Recipients) > 0 || cfg.Audiences[0].Language != "fy" {
				t.Errorf("%s: %+v", test.name, cfg.Audiences[0])
			}
		case !errors.As(err, &problems) || len(problems) != 1 || !strings.Contains(problems[0].Text, test.missing):
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestNATS(t *testing.T) {
	every := func(string) bool { return true }
	cfg, err := LoadFor(every, "etc/sitrep.yml", natsFiles(`
nats:
  url: "nats://n1:4222, tls://n2:4222"
  nkey_file: nk
  tls: {ca_file: ca.pem, cert_file: /c.pem, key_file: k.pem, server_name: nats.example.org}
  replicas: 3
  manage: false
  monitoring_url: http://n1:8222/,http://n2:8222`), nil)
	if err != nil {
		t.Fatal(err)
	}
	n := cfg.NATS
	if !n.External() || !slices.Equal(n.Servers, []string{"nats://n1:4222", "tls://n2:4222"}) || n.NKeyFile != "etc/nk" || n.CAFile != "etc/ca.pem" ||
		n.CertFile != "/c.pem" || n.ServerName != "nats.example.org" || n.Replicas != 3 || !n.Unmanaged || !slices.Equal(n.Monitoring, []string{"http://n1:8222", "http://n2:8222"}) {
		t.Errorf("%+v", n)
	}
	for context, want := range map[string]string{"production": "production", "ctx/a.json": "etc/ctx/a.json", "a.json": "etc/a.json"} {
		cfg, err := LoadFor(every, "etc/sitrep.yml", natsFiles("nats: {context: "+context+"}"), nil)
		if err != nil || cfg.NATS.Context != want || !cfg.NATS.External() {
			t.Errorf("%s: %+v, %v", context, cfg, err)
		}
	}
	for block, want := range map[string]string{
		`{url: "nats://n1", replicas: 2}`:                           "a stream has 1, 3 or 5 copies",
		`{url: "http://n1"}`:                                        `bad server address in "url"`,
		`{url: "nats://u:sesame@n1"}`:                               "does not belong into",
		`{url: "nats://n1", nkey_file: a, credentials_file: b}`:     "both",
		`{url: "nats://n1", tls: {cert_file: a}}`:                   "only one of",
		`{replicas: 3}`:                                             `"replicas" without "url"`,
		`{url: "nats://n1", monitoring_url: "http://u:sesame@n1"}`:  `bad address in "monitoring_url"`,
		`{url: "nats://n1", monitoring_url: "n1:8222,http://n2:1"}`: `bad address in "monitoring_url"`,
	} {
		_, err := LoadFor(every, "etc/sitrep.yml", natsFiles("nats: "+block), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: %v", block, err)
		}
	}
}
