package policies

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/prometheus/common/model"
)

func replaceOnce(t testing.TB, text, old, with string) string {
	t.Helper()
	if !strings.Contains(text, old) {
		t.Fatalf("%q is not there", old)
	}
	return strings.Replace(text, old, with, 1)
}

func TestDefault(t *testing.T) {
	cfg, err := Load("default/sitrep.yml", Default.ReadFile)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range cfg.Warnings {
		t.Errorf("unexpected warning: %s", w)
	}
	if len(cfg.NotInForce) > 0 {
		t.Errorf("not in force: %q", cfg.NotInForce)
	}
	onDisk, err := Load("default/sitrep.yml", os.ReadFile)
	if err != nil || onDisk.Email.Password.File != "default/secrets/smtp-password" {
		t.Errorf("from the disk: %+v, %v", onDisk, err)
	}
	mail := cfg.Services[1]
	if mail.Impact != nil || mail.Workaround != nil {
		t.Errorf("mail: %+v", mail)
	}
	if mail.Name != "mail" || mail.Title.In("nl") != "e-mail" || mail.Title.In("de") != "email" || mail.SLA.Expected != time.Hour ||
		!slices.Equal(mail.DependsOn, []string{"network"}) || mail.ResolvedAfter != 5*time.Minute || mail.UnconfirmedAfter != 5*time.Hour ||
		!slices.Equal(mail.Threshold, []Threshold{{FiringFor: 5 * time.Minute, Alerts: 1}, {FiringFor: time.Minute, Severity: "critical", Alerts: 3}}) {
		t.Errorf("mail: %+v", mail)
	}
	permits := cfg.Services[2]
	if permits.SLA.Agreed != 48*time.Hour || permits.SLA.Counted.Name != "office-hours" ||
		!permits.Matchers.Matches(model.LabelSet{"service": "permits", "severity": "warning"}) ||
		permits.Matchers.Matches(model.LabelSet{"service": "permits", "severity": "info"}) {
		t.Errorf("permits: %+v", permits)
	}
	if b := cfg.Audiences[2]; b.Name != "board" || b.Reads != Executive || !b.Critical || !slices.Equal(b.Channels, []string{"sms", "email"}) ||
		b.Recipients[1] != (Recipient{Name: "Councillor", Email: "councillor@voorbeeld.example", Phone: "+31612345605", Language: "en", TimeZone: "Europe/Amsterdam"}) {
		t.Errorf("board: %+v", b)
	}
	if s := cfg.Audiences[3]; s.Reads != Staff || len(s.Recipients) != 3 || s.Recipients[2].Language != "en" || s.Recipients[0].Language != "nl" {
		t.Errorf("staff: %+v", s)
	}
	board := cfg.Policies[1].Updates[2]
	if board.Audience != cfg.Audiences[2] || !slices.Equal(board.Cadence, []Row{
		{From: From{Age: 15 * time.Minute}, Every: time.Hour, Line: board.Line + 2}, {From: From{Share: 1, Clock: Expected}, Every: 30 * time.Minute, Line: board.Line + 3},
		{From: From{Share: 0.75, Clock: Agreed}, Every: 15 * time.Minute, Line: board.Line + 4},
	}) || board.Line < cfg.Policies[1].Line || cfg.Policies[2].Line < board.Line || cfg.Audiences[2].Line < cfg.Audiences[1].Line {
		t.Errorf("board's updates: %+v", board)
	}
	if cfg.Policies[1].Updates[3].Active == nil || cfg.Policies[1].Updates[0].Active != nil {
		t.Error("active time intervals are not where they belong")
	}
	if cfg.Teams[0].Name != "communication" || cfg.Teams[1].Name != "resolution" || cfg.Teams[0].NudgeBefore != 10*time.Minute ||
		cfg.Teams[0].Recipients[0].Language != "nl" {
		t.Errorf("teams: %+v", cfg.Teams)
	}
	if s := cfg.SMS; s.From != "GemVoorbld" || s.APIURL != "https://api.twilio.com" || s.MessagesPerSecond != 10 || s.BudgetPerDay != 2000 || s.Sessions != 8 {
		t.Errorf("sms: %+v", s)
	}
	if e := cfg.Email; len(e.Smarthosts) != 2 || e.From.Name != "ICT-storingen Gemeente Voorbeeld" || !e.RequireTLS || e.Sessions != 10 {
		t.Errorf("email: %+v", e)
	}
}

func TestDefaults(t *testing.T) {
	cfg, err := Load("small.yml", readFrom(map[string][]byte{"small.yml": []byte(`
channels: {email: {smarthosts: ["[::1]:1025"], from: a@B.Example, require_tls: false}}
services: [{name: mail, matchers: ["service=mail"], impact: "Nobody can mail.", workaround: {nl: "Bel."}}]
audiences: [{name: customers, channels: [email], time_zone: Asia/Tokyo, recipients: [{email: Jan@EXAMPLE.org}]},
  {name: press, channels: [email], language: nl, recipients: [{email: x@y.z, phone: +31 6 1234 5601, language: en, time_zone: UTC}]}]
policies: [{name: all, updates: [{audience: customers, cadence: [{from: 0s, every: 1m}]}, {audience: press, cadence: [{from: 1h, every: 1h}]}]}]
`)}))
	if err != nil {
		t.Fatal(err)
	}
	if g := cfg.Global; g.Language != "en" || g.TimeZone != time.UTC {
		t.Errorf("global: %+v", g)
	}
	if s := cfg.Services[0]; !slices.Equal(s.Threshold, []Threshold{{Alerts: 1}}) || s.ResolvedAfter != 5*time.Minute || s.UnconfirmedAfter != 5*time.Hour ||
		s.Title.In("nl") != "mail" || s.SLA != nil || s.Impact.In("nl") != "Nobody can mail." || s.Workaround.In("en") != "Bel." {
		t.Errorf("service: %+v", s)
	}
	if !slices.Equal(cfg.Severities, Severities{"info", "warning", "critical"}) || cfg.Access != nil || cfg.SMS != nil || cfg.NotInForce != nil || cfg.Warnings != nil {
		t.Errorf("config: %+v", cfg)
	}
	if e := cfg.Email; e.From.Address != "a@b.example" || e.Sessions != 10 || e.RequireTLS || e.Smarthosts[0] != "[::1]:1025" {
		t.Errorf("email: %+v", e)
	}
	if a := cfg.Audiences[0]; a.Reads != Customer || a.Recipients[0] != (Recipient{Email: "Jan@example.org", Language: "en", TimeZone: "Asia/Tokyo"}) {
		t.Errorf("customers: %+v", a)
	}
	if a := cfg.Audiences[1]; a.Reads != Staff || a.Recipients[0] != (Recipient{Email: "x@y.z", Phone: "+31612345601", Language: "en", TimeZone: "UTC"}) {
		t.Errorf("press: %+v", a)
	}
}

func TestRecipientsFile(t *testing.T) {
	files := mistake{}.base(t)
	files["staff.csv"] = []byte("\ufeffPhone, time_zone,email,name\r\n+3197010000001,America/New_York,Anna@Example.ORG,\"Anna, of IT\"\r\n\r\n,,,\r\n,,bob@example.org,Bob\r\n")
	cfg, err := Load("sitrep.yml", readFrom(files))
	if err != nil {
		t.Fatal(err)
	}
	want := []Recipient{
		{Name: "Anna, of IT", Email: "Anna@example.org", Phone: "+3197010000001", Language: "nl", TimeZone: "America/New_York"},
		{Name: "Bob", Email: "bob@example.org", Language: "nl", TimeZone: "Europe/Amsterdam"},
	}
	if got := cfg.Audiences[2].Recipients; !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
}

func TestTenMistakesAtOnce(t *testing.T) {
	m := mistake{changes: []change{
		{"organisation: Voorbeeld", "organization: Voorbeeld"}, {"language: nl", "language: fr"}, {":587", ""}, {"sessions: 10", "sessions: 0"},
		{"agreed: 24h", "agreed: a day"}, {"counted_during: [office-hours]", "counted_during: [office]"}, {"sla: office", "sla: offices"},
		{"alerts: 3", "alert: 3"}, {"audience: it", "audience: ti"}, {"role: responder", "role: boss"},
	}}
	_, err := Load("sitrep.yml", readFrom(m.base(t)))
	problems, _ := errors.AsType[Problems](err)
	var lines []int
	for _, p := range problems {
		lines = append(lines, p.Line)
		if p.File != "sitrep.yml" || p.Column < 1 || p.Text == "" || p.Hint == "" || p.Source == "" {
			t.Errorf("incomplete: %+v", p)
		}
	}
	if want := []int{2, 3, 9, 14, 30, 34, 46, 50, 78, 85}; !slices.Equal(lines, want) {
		t.Errorf("lines %v, want %v\n%s", lines, want, err)
	}
}

func TestUnreadableConfig(t *testing.T) {
	for _, c := range []struct{ content, want string }{
		{"", "sitrep.yml:1:1: the file is empty"},
		{"# nothing\n", "sitrep.yml:1:1: the file is empty"},
		{"- a\n", "sitrep.yml:1:1: expected a mapping, found a list"},
		{"a: b\n\xff\n", "sitrep.yml:2:1: the line is not valid UTF-8"},
		{strings.Repeat("[", 200_000), "sitrep.yml:1:101: nested too deeply"},
		{strings.Repeat("- ", 200_000), "sitrep.yml:1:201: nested too deeply"},
		{strings.Repeat("a: ", 40_000), "sitrep.yml:1:"},
		{strings.Repeat("x", maxBytes+1), "sitrep.yml:1:1: the file is larger than 4 MiB"},
	} {
		_, err := Load("sitrep.yml", readFrom(map[string][]byte{"sitrep.yml": []byte(c.content)}))
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%.20q: got %.200v, want %s", c.content, err, c.want)
		}
	}
	_, err := Load("none.yml", readFrom(nil))
	if err == nil || !strings.HasPrefix(err.Error(), "none.yml: cannot read the file: file does not exist") {
		t.Errorf("got %v", err)
	}
}

// Aliases in aliases would make a small file endless.
func TestManyAliases(t *testing.T) {
	b := strings.Builder{}
	b.WriteString("services:\n - &s0 {name: a}\n")
	for i := range 40 {
		fmt.Fprintf(&b, " - &s%d {<<: [*s%d, *s%d]}\n", i+1, i, i)
	}
	start := time.Now()
	_, err := Load("sitrep.yml", readFrom(map[string][]byte{"sitrep.yml": []byte(b.String())}))
	if err == nil || !strings.Contains(err.Error(), "aliases make the file too large") || time.Since(start) > 20*time.Second {
		t.Errorf("after %s: %.300v", time.Since(start), err)
	}
}

const hidden = "correct-horse-battery"

func TestPhones(t *testing.T) {
	for in, want := range map[string]string{
		"+31612345601": "+31612345601", "+3197010000001": "+3197010000001", "+31 (0)6-1234.5605": "+31612345605",
		"+15005550006": "+15005550006", "+447700900123": "+447700900123",
		"0612345601": "", "31612345601": "", "+31": "", "+99912345678": "", "+31612345601x5": "", "+31-FOO-BARBAZ": "", "": "",
	} {
		if got, ok := parsePhone(in); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t", in, got, ok)
		}
	}
}

func TestEmails(t *testing.T) {
	for in, want := range map[string]string{
		"a@b.example": "a@b.example", "Jan.Jansen+x@B.Example": "Jan.Jansen+x@b.example", "root@localhost": "root@localhost",
		"Jan <jan@B.example>": "jan@b.example", "jan": "", "@b.example": "", "a@b.example, c@d.example": "",
		`"john smith"@b.example`: "", "a@b.example\r\nBcc: x@y.z": "", `"a>"@b.example`: "",
	} {
		got, ok := parseEmail(in)
		if ok != (want != "") || ok && got.Address != want {
			t.Errorf("%q: got %v, %t", in, got, ok)
		}
	}
}

func TestProblemString(t *testing.T) {
	p := Problem{File: "f.yml", Line: 7, Column: 90, Source: "\t" + strings.Repeat("x", 200), Text: "odd", Hint: "mend it"}
	text, source, mark := "", "", ""
	for i, line := range strings.Split(p.String(), "\n") {
		switch i {
		case 0:
			text = line
		case 1:
			source = line
		case 2:
			mark = line
		}
	}
	if text != "f.yml:7:90: odd" || len([]rune(source)) > 140 || len(mark) > len([]rune(source)) || !strings.HasSuffix(mark, "^") {
		t.Errorf("got\n%s", p)
	}
}

// The package takes what it needs from its caller.
func TestPure(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, imported := range parsed.Imports {
			path, _ := strconv.Unquote(imported.Path.Value)
			if slices.Contains([]string{"os", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand"}, path) {
				t.Errorf("%s imports %s", file, path)
			}
		}
		if n := strings.Count(string(source), "\n"); n > 400 {
			t.Errorf("%s has %d lines", file, n)
		}
		for _, no := range []string{"time.Now", "time.Since", "\tgo func"} {
			if strings.Contains(string(source), no) {
				t.Errorf("%s uses %s", file, no)
			}
		}
	}
}

func FuzzLoad(f *testing.F) {
	for _, name := range []string{"default/sitrep.yml", "testdata/base/sitrep.yml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, []byte("name,email,phone,language\na,b@c.d,+31612345601,nl\n"))
	}
	f.Add([]byte("a: &x [*x]\n? b\n: {<<: *x, c: !!int d}\n---\n"), []byte("\"\n"))
	f.Add([]byte("audiences: [{name: a, channels: [email], recipients_files: [b]}]\nslas: \n- <<: [[], {}]"), []byte(";"))
	f.Fuzz(func(t *testing.T, config, recipients []byte) {
		cfg, err := Load("sitrep.yml", func(name string) ([]byte, error) {
			if name == "sitrep.yml" {
				return config, nil
			}
			return recipients, nil
		})
		problems, ok := errors.AsType[Problems](err)
		switch {
		case err == nil && cfg == nil, err != nil && (!ok || len(problems) == 0 || cfg != nil):
			t.Fatalf("got %v and %v", cfg, err)
		}
		for _, p := range problems {
			if p.File == "" || p.Line < 1 || p.Column < 1 || p.Text == "" {
				t.Errorf("incomplete: %+v", p)
			}
			_ = p.String()
		}
	})
}

// TestProblemsAreTame: whatever stands in a file, and in its name. The mark stays
// under its column.
func TestProblemsAreTame(t *testing.T) {
	for _, u := range []string{"\x1b[2J", "\u009b", "\x9b", "\r", "\a", "\u202e", "\u2066", "\u200b", "\x7f"} {
		p := Problem{File: "f" + u + ".yml", Line: 7, Column: 3 + len([]rune(u)), Source: "a" + u + " x", Text: "odd " + u, Hint: "mend " + u}
		text := p.String()
		for _, r := range text + p.Head() + (Problems{p}).Error() + (Problem{File: u, Text: u}).Head() {
			if r != '\n' && (unicode.Is(unicode.Cc, r) || unicode.Is(unicode.Cf, r)) {
				t.Errorf("%U is in %q", r, text)
			}
		}
		lines := strings.Split(text, "\n")
		source, mark := []rune(lines[1]), []rune(lines[2])
		if at := len(mark) - 1; at >= len(source) || source[at] != 'x' {
			t.Errorf("%q: the mark is not under its column:\n%s", u, text)
		}
	}
}
