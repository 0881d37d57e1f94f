package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sitrep/policies"
	"sitrep/router/rehearse"
)

// explained is what audience show --explain says of one.
func explained(t *testing.T, file, name string) audienceAccount {
	t.Helper()
	code, out, errs := sitrepSays("audience", "show", name, "--explain", "--config.file="+file, "-o", "json")
	var a audienceAccount
	if err := json.Unmarshal([]byte(out), &a); code != exitOK || errs != "" || err != nil {
		t.Fatalf("exit code %d, %v\n%s%s", code, err, out, errs)
	}
	return a
}

// TestAudienceExplained: what is said of an audience is what happens to it, and stands
// on the lines that it names.
func TestAudienceExplained(t *testing.T) {
	file := configWith(t)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	stands := func(where, what string) {
		t.Helper()
		name, number, _ := strings.Cut(strings.TrimPrefix(where, file), ":")
		if n, err := strconv.Atoi(number); name != "" || err != nil || n < 1 || n > len(lines) || !strings.Contains(lines[n-1], what) {
			t.Errorf("%s does not say %q", where, what)
		}
	}
	stage, err := rehearsalStage(file)
	if err != nil {
		t.Fatal(err)
	}
	stage.Words = nil
	rows := 0
	for _, name := range []string{"it", "management", "board", "staff"} {
		a := explained(t, file, name)
		stands(a.Where, "name: "+name)
		if len(a.Outages) != 8 { // three services of three severities, less permits at info
			t.Errorf("%s: %d outages", name, len(a.Outages))
		}
		for _, o := range a.Outages {
			stands(o.Where, "name: "+o.Policy)
			for _, r := range o.Rows {
				stands(r.Where, fmt.Sprintf("from: %s, every: %s", r.From, r.Every))
				rows++
			}
			if o.Told != (len(o.Rows) > 0) {
				t.Errorf("%s of %s %s: told %v by %d rows", name, o.Service, o.Severity, o.Told, len(o.Rows))
			}
			script, err := rehearse.Parse("a", fmt.Sprintf("start 2026-10-19T09:00+02:00\n0s fire A service=%s severity=%s\nuntil 3d\n", o.Service, o.Severity))
			if err != nil {
				t.Fatal(err)
			}
			played, err := rehearse.Play(stage, script)
			if err != nil {
				t.Fatal(err)
			}
			told := slices.ContainsFunc(played.Updates, func(u rehearse.Update) bool {
				return !u.Team && slices.Contains(strings.Split(u.Audience, ", "), name)
			})
			if told != o.Told {
				t.Errorf("%s of %s %s: it says that it is told: %v; it is: %v", name, o.Service, o.Severity, o.Told, told)
			}
		}
	}
	if rows < 20 {
		t.Errorf("only %d rows", rows)
	}
}

func TestAudienceInATerminal(t *testing.T) {
	file := configWith(t, "  - name: critical-outage\n", "  - {name: night, matchers: ['region=\"north\"'], updates: [{audience: board, cadence: [{from: 0s, every: 5m, phase: identified, severity: critical}]}]}\n  - name: critical-outage\n")
	for _, c := range []struct {
		args  string
		says  []string
		never []string
	}{
		{"list", []string{"AUDIENCE", "board", "executive", "sms, email", "staff", "email", "3"}, []string{"@"}},
		{"show management", []string{"management  (", "reads        as management, in nl, formal, times of Europe/Amsterdam", "fallback     sms", "approval     none", "Manager ICT: email, sms, nl"}, []string{"@", "+316", "policy"}},
		{"show board --explain --service=mail --severity=critical", []string{
			"critical     yes", "mail: expected 1h, agreed 1d; while network is out, told of with that", "critical: an incident after 1 alert firing for 5m, or 3 critical alerts firing for 1m",
			`by the policy night (`, `, where the incident has region="north":`, "identified, critical", "by the policy critical-outage (", "75% agreed (18h)", "always",
		}, []string{"network:", "warning", "@"}},
		{"show staff --explain --severity=warning", []string{"not told by the policy outage (", "not told by the policy night (", "permits: expected 4h, agreed 2d, counted in office-hours"}, nil},
		{"show staff --explain --severity=critical", []string{"50% expected (30m)", "50% expected (2h)", "office-hours"}, nil},
	} {
		code, out, errs := sitrepSays(append(append([]string{"audience"}, strings.Fields(c.args)...), "--config.file="+file)...)
		if code != exitOK || errs != "" {
			t.Errorf("%s: exit code %d\n%s", c.args, code, errs)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%s: %q is not said in\n%s", c.args, want, out)
			}
		}
		for _, alien := range c.never {
			if strings.Contains(out, alien) {
				t.Errorf("%s: %q is said in\n%s", c.args, alien, out)
			}
		}
	}
	for args, want := range map[string]string{
		"show bord":                           "hint: there are it, management, board, staff",
		"show board --service=mail":           "hint: add --explain",
		"show board --explain --service=post": "hint: there are network, mail, permits",
		"show board --explain --severity=bad": "hint: there are info, warning, critical",
		"show":                                "required argument 'audience' not provided",
	} {
		if code, out, errs := sitrepSays(append(append([]string{"audience"}, strings.Fields(args)...), "--config.file="+file)...); code != exitUsage || out != "" || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d\n%s%s", args, code, out, errs)
		}
	}
}

// Where no policy holds nobody is told, and a service without clocks is never at a
// share of them.
func TestAudienceWithoutPolicyOrClock(t *testing.T) {
	config := strings.Replace(storyConfig, "    sla: gold\n", "", 1)
	config = strings.Replace(config, "  - name: outage\n", "  - name: outage\n    matchers: ['severity=\"warning\"']\n", 1)
	a := explained(t, site(t, config, map[string]string{}), "management")
	told := map[string]outageAccount{}
	for _, o := range a.Outages {
		told[o.Severity] = o
	}
	if o := told["info"]; o.Policy != "" || o.Told || o.Expected != "" {
		t.Errorf("%+v", o)
	}
	if o := told["critical"]; !o.Told || len(o.Rows) != 2 || o.Rows[0].After != "" || !strings.HasPrefix(o.Rows[1].After, "never") {
		t.Errorf("%+v", o)
	}
	if a.Approval != "none" || a.Reads != policies.Management {
		t.Errorf("%+v", a)
	}
}

func TestApprovalIsExplained(t *testing.T) {
	for want, a := range map[string]policies.Audience{
		"none":                              {},
		"required, without it hold":         {Approval: true, Unapproved: policies.Hold},
		"required, without it send holding": {Approval: true, Unapproved: policies.SendHolding},
	} {
		if got := approval(&a); got != want {
			t.Errorf("%+v: %q, not %q", a, got, want)
		}
	}
}
