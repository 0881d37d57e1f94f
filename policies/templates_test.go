package policies

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// own is a configuration with templates of its own.
const own = `global: {language: pl, address: informal, link_hosts: [intranet.example, "*.wiki.example.org"]}
channels:
  email: {smarthosts: ["mail.example:25"], from: a@b.example}
  sms: {account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token: t, from: "+31612345600", max_segments: 5}
services: [{name: mail, title: {nl: e-mail, pl: poczta}, matchers: ["service=mail"]}]
teams:
  resolution: {channels: [email], address: formal, recipients: [{email: a@b.example}]}
  communication: {channels: [email], recipients: [{email: c@b.example}]}
audiences:
  - {name: staff, channels: [email], recipients_files: [staff.csv]}
  - {name: board, channels: [email], language: nl, address: formal, recipients: [{email: d@b.example, language: pl}]}
policies: [{name: all, updates: [{audience: staff, cadence: [{from: 0s, every: 1h}]}, {audience: board, cadence: [{from: 0s, every: 1h}]}]}]
templates: ["words/*/*.tmpl", /etc/words/*.tmpl]
`

func ownFiles() ReadFile {
	return readFrom(map[string][]byte{
		"site[1]/sitrep.yml": []byte(own),
		"site[1]/staff.csv":  []byte("email,language\ne@b.example,pl\nf@b.example,\n"),
	})
}

func TestTemplatesBringLanguages(t *testing.T) {
	var asked []string
	cfg, err := LoadWith("site[1]/sitrep.yml", ownFiles(), func(all []Template) ([]string, Problems) {
		for _, t := range all {
			asked = append(asked, t.Pattern)
		}
		return []string{"pl", "nl"}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{`site\[1\]/words/*/*.tmpl`, "/etc/words/*.tmpl"}; !slices.Equal(asked, want) || len(cfg.Templates) != 2 || cfg.Templates[0].Folder != "site[1]" {
		t.Errorf("patterns %q, want %q", asked, want)
	}
	if ok, err := filepath.Match(asked[0], "site[1]/words/nl/board.tmpl"); !ok || err != nil {
		t.Error("the folder's own name is taken for a pattern")
	}
	if cfg.Global.Language != "pl" || cfg.Services[0].Title.In("pl") != "poczta" || cfg.Audiences[1].Recipients[0].Language != "pl" ||
		cfg.Audiences[0].Recipients[0].Language != "pl" || cfg.Audiences[0].Recipients[1].Language != "pl" {
		t.Errorf("languages are lost: %+v", cfg)
	}
	if !cfg.Global.Informal || !cfg.Audiences[0].Informal || cfg.Audiences[1].Informal || cfg.Teams[0].Informal || !cfg.Teams[1].Informal {
		t.Errorf("who is addressed how: %+v %+v %+v", cfg.Global, cfg.Audiences, cfg.Teams)
	}
	if !slices.Equal(cfg.Global.LinkHosts, []string{"intranet.example", "*.wiki.example.org"}) || cfg.SMS.MaxSegments != 5 {
		t.Errorf("global %+v, sms %+v", cfg.Global, cfg.SMS)
	}
}

// What is wrong with the files of a pattern is said together with all else, and at
// the pattern.
func TestTemplatesThatAreNotThere(t *testing.T) {
	_, err := LoadWith("site[1]/sitrep.yml", ownFiles(), func(all []Template) ([]string, Problems) {
		return nil, Problems{all[1].Problem("no file matches", "look at the folder")}
	})
	problems, ok := errors.AsType[Problems](err)
	if !ok {
		t.Fatal(err)
	}
	var said []string
	for _, p := range problems {
		said = append(said, p.Head())
		if p.Hint == "" || p.Source == "" {
			t.Errorf("incomplete: %+v", p)
		}
	}
	want := []string{
		`site[1]/sitrep.yml:1:20: unknown language "pl"`,
		`site[1]/sitrep.yml:5:45: unknown language "pl"`,
		`site[1]/sitrep.yml:11:113: unknown language "pl"`,
		`site[1]/sitrep.yml:13:31: no file matches`,
		`site[1]/staff.csv:2:13: unknown language`,
	}
	if !slices.Equal(said, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(said, "\n"), strings.Join(want, "\n"))
	}
}
