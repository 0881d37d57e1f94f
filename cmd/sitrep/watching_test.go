package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"sitrep/channels/channeltest"
)

// deployed reads a file of the folder deploy.
func deployed(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// ruleFile is what is read of Prometheus' rules.
type ruleFile struct {
	Groups []struct {
		Name  string
		Rules []struct {
			Alert, Expr string
			Annotations map[string]string
		}
	}
}

var fqName = regexp.MustCompile(`fqName: "([^"]+)"`)

// metricNames are those that a sitrep can tell, whether it has told them yet or not.
func metricNames(r *prometheus.Registry) map[string]bool {
	descs := make(chan *prometheus.Desc)
	go func() { r.Describe(descs); close(descs) }()
	names := map[string]bool{}
	for d := range descs {
		names[fqName.FindStringSubmatch(d.String())[1]] = true
	}
	return names
}

// TestMetricsAreWellNamed: promlint finds nothing, once every metric has been told. What is
// said of them elsewhere names no other, and the README all of them.
func TestMetricsAreWellNamed(t *testing.T) {
	t.Parallel()
	config := withTeams(strings.Replace(storyConfig, "from: GemVoorbld,", "from: GemVoorbld, budget: {per_day: 200},", 1)) +
		"watchdogs: [{matchers: ['alertname=\"Watchdog\"'], absent_for: 15m}]\n" +
		"heartbeat: {url: \"http://127.0.0.1:1/\"}\n" +
		"changes: {calendars: [{name: it, file: changes.ics}]}\n"
	config = strings.Replace(config, "{name: it, reads: technical, language: en, channels: [email], recipients: [{", "{name: it, reads: technical, language: en, channels: [email], recipients_files: [it.csv], recipients: [{", 1)
	files := map[string]string{"changes.ics": calendarOf(), "it.csv": "name,email\nJan,jan@voorbeeld.example\n"}
	tellFiles(t, config, files, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(17 * time.Minute)
		s.smtp.Misbehave(func(channeltest.Moment) channeltest.Act { return channeltest.Act{Fate: channeltest.Lost} })
		s.pass(20 * time.Minute)
		s.daemon.metrics.fates(s.daemon.checker)("sms", "delivered", "")
		got, err := s.daemon.metrics.registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		problems, err := promlint.NewWithMetricFamilies(got).Lint()
		if err != nil || len(problems) > 0 {
			t.Errorf("promlint: %v %v", problems, err)
		}
		names := metricNames(s.daemon.metrics.registry)
		for _, f := range got {
			delete(names, f.GetName())
			for _, m := range f.GetMetric() {
				for _, l := range m.GetLabel() {
					if strings.Contains(l.GetValue(), "@voorbeeld") || strings.Contains(l.GetValue(), "127.0.0.1:1") {
						t.Errorf("%s has a label %s=%q", f.GetName(), l.GetName(), l.GetValue())
					}
				}
			}
		}
		if len(names) > 0 {
			t.Errorf("nobody looked at these, for nothing told them: %v", names)
		}
		namedElsewhere(t, metricNames(s.daemon.metrics.registry))
	})
}

var ours = regexp.MustCompile(`\bsitrep_[a-z_]+[a-z]\b`)

func namedElsewhere(t *testing.T, names map[string]bool) {
	t.Helper()
	exists := func(name string) bool {
		for _, of := range []string{"_bucket", "_sum", "_count"} {
			if base, is := strings.CutSuffix(name, of); is && names[base] {
				return true
			}
		}
		return names[name] || name == "sitrep_nats_drift" // of NATS servers that others run
	}
	readme := section(t, "## Metrics")
	for name := range names {
		if strings.HasPrefix(name, "sitrep_") && !strings.Contains(readme, "`"+name) {
			t.Errorf("the README does not name %s", name)
		}
	}
	alerts := regexp.MustCompile(`sitrep_(summary|impact|workaround)(_[a-z]+)?$`) // annotations
	used := map[string]bool{}
	for _, file := range []string{"prometheus-rules.yml", "prometheus-rules-test.yml", "dashboard.json", "runbook.md", "README.md"} {
		for _, name := range ours.FindAllString(deployed(t, file), -1) {
			if used[name] = true; !exists(name) && !alerts.MatchString(name) {
				t.Errorf("deploy/%s names %s, which does not exist", file, name)
			}
		}
	}
	for name := range names {
		if strings.HasPrefix(name, "sitrep_") && !used[name] && !used[name+"_bucket"] {
			t.Errorf("%s is on no panel and in no rule: whom does it serve?", name)
		}
	}
}

// TestEachAlertHasARunbookAndATest: an alert leads to its heading, a heading belongs to an
// alert, each alert is seen to fire by promtool's test, and what else leads to the runbook
// leads somewhere.
func TestEachAlertHasARunbookAndATest(t *testing.T) {
	var rules ruleFile
	if err := yaml.Unmarshal([]byte(deployed(t, "prometheus-rules.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	var tests struct {
		Tests []struct {
			Alerts []struct {
				Name string `yaml:"alertname"`
				Want []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		}
	}
	if err := yaml.Unmarshal([]byte(deployed(t, "prometheus-rules-test.yml")), &tests); err != nil {
		t.Fatal(err)
	}
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, one := range tests.Tests {
		for _, a := range one.Alerts {
			if len(a.Want) > 0 {
				fires[a.Name] = true
			} else {
				quiet[a.Name] = true
			}
		}
	}
	runbook := deployed(t, "runbook.md")
	headings := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(runbook, -1) {
		headings[m[1]] = false
	}
	for _, g := range rules.Groups {
		if g.Name != "sitrep" {
			continue
		}
		for _, r := range g.Rules {
			if _, there := headings[r.Alert]; !there {
				t.Errorf("the runbook has no heading %s", r.Alert)
			}
			headings[r.Alert] = true
			if want := "https://runbooks.example/sitrep#" + strings.ToLower(r.Alert); r.Annotations["runbook_url"] != want {
				t.Errorf("%s leads to %q, want %q", r.Alert, r.Annotations["runbook_url"], want)
			}
			if !fires[r.Alert] || !quiet[r.Alert] {
				t.Errorf("prometheus-rules-test.yml does not see %s both fire and be quiet", r.Alert)
			}
		}
	}
	for heading, alert := range headings {
		if !alert {
			t.Errorf("the runbook has a heading %s, and there is no such alert", heading)
		}
	}
	for _, m := range regexp.MustCompile(`\[(\w+)\]\(#(\w+)\)`).FindAllStringSubmatch(runbook, -1) {
		if _, there := headings[m[1]]; !there || m[2] != strings.ToLower(m[1]) {
			t.Errorf("the runbook leads to %s, which it does not have", m[0])
		}
	}
	for _, m := range regexp.MustCompile(`Runbook: ([\w, ]+)\.`).FindAllStringSubmatch(deployed(t, "dashboard.json"), -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			if _, there := headings[name]; !there {
				t.Errorf("the dashboard sends people to %s, which the runbook does not have", name)
			}
		}
	}
}

// TestTheRunbooksCommandsExist: nobody tries them first at three in the morning.
func TestTheRunbooksCommandsExist(t *testing.T) {
	commands := regexp.MustCompile("`sitrep ([a-z][a-z -]*[a-z])").FindAllStringSubmatch(deployed(t, "runbook.md"), -1)
	if len(commands) < 5 {
		t.Fatalf("%d commands were found", len(commands))
	}
	for _, m := range commands {
		words := strings.Fields(m[1])
		words = slices.DeleteFunc(words, func(w string) bool { return strings.HasPrefix(w, "-") })
		var out, errs strings.Builder
		if code := run(append(words, "--help"), &out, &errs); code != exitOK || !strings.HasPrefix(out.String(), "usage: sitrep "+strings.Join(words, " ")) {
			t.Errorf("%q: %d %s %.80s", m[0], code, errs.String(), out.String())
		}
	}
}

// TestTheDashboardIsWhole: panels have ids of their own, lie inside the grid and on no other,
// say what they show, and ask the chosen Prometheus about the chosen jobs.
func TestTheDashboardIsWhole(t *testing.T) {
	type place struct{ X, Y, W, H int }
	var d struct {
		UID    string
		Panels []struct {
			ID          int
			Type, Title string
			GridPos     place
			Datasource  struct{ UID string }
			Targets     []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(deployed(t, "dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	ids, cells := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q: its id is not its own, or it has no title", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := cells[[2]int{x, y}]; other != "" || x > 23 {
					t.Fatalf("%q lies on %q, or outside", p.Title, other)
				}
				cells[[2]int{x, y}] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 || p.Datasource.UID != "${datasource}" {
			t.Errorf("%q asks nobody", p.Title)
		}
		for _, target := range p.Targets {
			selectors := strings.Count(target.Expr, "{") // labels stand in every one of ours
			if selectors == 0 || strings.Count(target.Expr, `{job=~"$job"`) != selectors {
				t.Errorf("%q asks about other jobs than the chosen: %s", p.Title, target.Expr)
			}
		}
	}
}

// TestTheChartHasTheSameFiles: a chart can read only what lies in it, so the rules that watch
// sitrep and the dashboard are there a second time. -update copies them.
func TestTheChartHasTheSameFiles(t *testing.T) {
	rules := deployed(t, "prometheus-rules.yml")
	at := strings.Index(rules, "  # The heartbeat: it always fires.")
	if at < 0 {
		t.Fatal("the rules have no watchdog")
	}
	want := map[string]string{
		"rules.yml":      "# Copied from deploy/prometheus-rules.yml, less its examples: go test ./cmd/sitrep -run TheChartHas -update\n\ngroups:\n" + rules[at:],
		"dashboard.json": deployed(t, "dashboard.json"),
	}
	for name, text := range want {
		file := filepath.Join("..", "..", "deploy", "charts", "sitrep", "files", name)
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil || string(got) != text {
			t.Errorf("%s is another (%v); -update copies it", file, err)
		}
	}
}
