package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/prometheus/common/model"

	"sitrep/policies"
)

type audienceOptions struct {
	config, name      string
	service, severity string
	explain           bool
	output            string
}

// audienceCommands adds the commands that say what the configuration has in store
// for an audience.
func audienceCommands(app *kingpin.Application) (list, show *kingpin.CmdClause, _ *audienceOptions) {
	o := &audienceOptions{}
	group := app.Command("audience", "Who is told, when, and why: what the configuration says.")
	list = group.Command("list", "The audiences.")
	show = group.Command("show", "One audience: who is in it, and by what it is told.")
	for _, c := range []*kingpin.CmdClause{list, show} {
		c.Flag("config.file", "The configuration file.").Default("sitrep.yml").StringVar(&o.config)
		c.Flag("output", "How to print: table or json.").Short('o').Default(outputTable).EnumVar(&o.output, outputTable, outputJSON)
	}
	show.Arg("audience", "The audience's name.").Required().StringVar(&o.name)
	show.Flag("explain", "When it is told of which outage, and which line of the configuration says so.").BoolVar(&o.explain)
	show.Flag("service", "Only of outages of this service.").StringVar(&o.service)
	show.Flag("severity", "Only of outages of this severity.").StringVar(&o.severity)
	return list, show, o
}

// audienceAccount is what the configuration says of one audience.
type audienceAccount struct {
	Name        string          `json:"name"`
	Where       string          `json:"where"` // file:line
	Reads       policies.Reads  `json:"reads"`
	Language    string          `json:"language"`
	TimeZone    string          `json:"time_zone"`
	Address     string          `json:"address"` // formal or informal
	Channels    []string        `json:"channels"`
	Fallback    []string        `json:"fallback"`
	Critical    bool            `json:"critical"`
	Unsubscribe bool            `json:"unsubscribe"`
	Approval    string          `json:"approval"`
	Recipients  []memberAccount `json:"recipients"`
	// Outages is nil where it was not asked for.
	Outages []outageAccount `json:"outages,omitempty"`
}

// memberAccount is a recipient, without his addresses.
type memberAccount struct {
	Name     string   `json:"name"`
	Language string   `json:"language"`
	Channels []string `json:"channels"` // those of the audience, and its fallbacks, by which he has an address
}

// outageAccount is what an audience hears of one kind of outage.
type outageAccount struct {
	Service  string `json:"service"`
	Severity string `json:"severity"`
	Opens    string `json:"opens"` // when an outage becomes an incident, which is never told of before
	Agreed   string `json:"agreed,omitempty"`
	Expected string `json:"expected,omitempty"`
	Counted  string `json:"counted,omitempty"` // when these clocks run; empty: always
	// With are the services with which it is told of while one of them is out.
	With   []string `json:"with,omitempty"`
	Policy string   `json:"policy"`          // empty: none holds
	Where  string   `json:"where,omitempty"` // file:line of the policy
	// When says on which other labels of an incident it depends; empty: on none.
	When  string       `json:"when,omitempty"`
	Told  bool         `json:"told"`
	Hours string       `json:"hours,omitempty"` // empty: always
	Rows  []rowAccount `json:"rows,omitempty"`
}

type rowAccount struct {
	From     string `json:"from"`
	After    string `json:"after,omitempty"` // what a share of a clock comes to
	Every    string `json:"every"`
	Phase    string `json:"phase,omitempty"`
	Severity string `json:"severity,omitempty"`
	Where    string `json:"where"` // file:line
}

func runAudience(o audienceOptions, all bool, stdout, stderr io.Writer) int {
	return ended(o.run(all, stdout), stderr)
}

func (o audienceOptions) run(all bool, w io.Writer) error {
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	var accounts []audienceAccount
	var names []string
	for _, a := range cfg.Audiences {
		names = append(names, a.Name)
		if all || a.Name == o.name {
			accounts = append(accounts, o.account(cfg, a))
		}
	}
	switch {
	case all && o.output == outputJSON:
		return writeJSON(w, map[string]any{"audiences": accounts})
	case all:
		t := newColumns(w, "AUDIENCE", "READS", "LANGUAGE", "CHANNELS", "FALLBACK", "RECIPIENTS", "LINE")
		for _, a := range accounts {
			t.row(a.Name, string(a.Reads), a.Language, listed(a.Channels), listed(a.Fallback), strconv.Itoa(len(a.Recipients)), a.Where)
		}
		return t.end()
	case len(accounts) == 0:
		return misused("there are "+strings.Join(names, ", "), "no audience is called %q", o.name)
	}
	if o.explain {
		if err := o.sought(cfg); err != nil {
			return err
		}
		for _, s := range cfg.Services {
			for _, severity := range cfg.Severities {
				if (o.service == "" || o.service == s.Name) && (o.severity == "" || o.severity == severity) {
					accounts[0].Outages = append(accounts[0].Outages, o.outages(cfg, s, severity)...)
				}
			}
		}
	} else if o.service != "" || o.severity != "" {
		return misused("add --explain", "--service and --severity say of which outages --explain tells")
	}
	if o.output == outputJSON {
		return writeJSON(w, accounts[0])
	}
	return accounts[0].print(w)
}

// sought asks that what is looked for is there.
func (o audienceOptions) sought(cfg *policies.Config) error {
	var services []string
	for _, s := range cfg.Services {
		services = append(services, s.Name)
	}
	if o.service != "" && !slices.Contains(services, o.service) {
		return misused("there are "+strings.Join(services, ", "), "no service is called %q", o.service)
	}
	if o.severity != "" && !slices.Contains(cfg.Severities, o.severity) {
		return misused("there are "+strings.Join(cfg.Severities, ", "), "no severity is called %q", o.severity)
	}
	return nil
}

func (o audienceOptions) where(line int) string { return fmt.Sprintf("%s:%d", o.config, line) }

func (o audienceOptions) account(cfg *policies.Config, a *policies.Audience) audienceAccount {
	out := audienceAccount{
		Name: a.Name, Where: o.where(a.Line), Reads: a.Reads, Language: cmp.Or(a.Language, cfg.Global.Language), TimeZone: cmp.Or(a.TimeZone, cfg.Global.TimeZone).String(),
		Address: map[bool]string{false: "formal", true: "informal"}[a.Informal], Channels: a.Channels, Fallback: append([]string{}, a.Fallback...),
		Critical: a.Critical, Unsubscribe: a.Unsubscribe, Approval: approval(a), Recipients: []memberAccount{},
	}
	for _, p := range a.Recipients {
		m := memberAccount{Name: p.Name, Language: p.Language, Channels: []string{}}
		for _, c := range slices.Concat(a.Channels, a.Fallback) {
			if p.Address(c) != "" {
				m.Channels = append(m.Channels, c)
			}
		}
		out.Recipients = append(out.Recipients, m)
	}
	return out
}

// outages says which policies may be in force for an outage, in their order, and what
// the audience hears by each: the first whose matchers hold is. One that asks for
// labels that alerts bring may be, or the next.
func (o audienceOptions) outages(cfg *policies.Config, s *policies.Service, severity string) []outageAccount {
	if slices.ContainsFunc(s.Matchers, func(m *labels.Matcher) bool { return m.Name == "severity" && !m.Matches(severity) }) {
		return nil // no such alert belongs to the service
	}
	of := outageAccount{Service: s.Name, Severity: severity, Opens: opens(cfg, s, severity), With: s.DependsOn}
	if s.SLA != nil {
		of.Agreed, of.Expected = lasting(s.SLA.Agreed), lasting(s.SLA.Expected)
		if s.SLA.Counted != nil {
			of.Counted = s.SLA.Counted.Name
		}
	}
	known := map[string]string{"service": s.Name, "severity": severity, "kind": "outage"}
	var all []outageAccount
	for _, p := range cfg.Policies {
		var when []string
		holds := true
		for _, m := range p.Matchers {
			value, is := known[m.Name]
			switch {
			case !is:
				when = append(when, m.String())
			case !m.Matches(value):
				holds = false
			}
		}
		if !holds {
			continue
		}
		one := of
		one.Policy, one.Where, one.When = p.Name, o.where(p.Line), strings.Join(when, ", ")
		for _, u := range p.Updates {
			if u.Audience.Name == o.name {
				one.told(o, u, s.SLA)
			}
		}
		if all = append(all, one); len(when) == 0 {
			return all
		}
	}
	return append(all, of)
}

// told adds by which rows it is told.
func (a *outageAccount) told(o audienceOptions, u policies.Updates, sla *policies.SLA) {
	a.Told = true
	if u.Active != nil {
		a.Hours = u.Active.Name
	}
	for _, r := range u.Cadence {
		row := rowAccount{From: beginning(r.From), Every: lasting(r.Every), Phase: r.Phase, Severity: r.Severity, Where: o.where(r.Line)}
		if r.From.Clock != "" {
			if limit := sla.Limit(r.From.Clock); limit > 0 {
				row.After = lasting(time.Duration(float64(limit) * r.From.Share).Round(time.Second))
			} else {
				row.After = "never: the service has no such clock"
			}
		}
		a.Rows = append(a.Rows, row)
	}
}

// opens says when an outage of a severity becomes an incident.
func opens(cfg *policies.Config, s *policies.Service, severity string) string {
	var all []string
	rank, _ := cfg.Severities.Rank(severity)
	for _, t := range s.Threshold {
		if least, _ := cfg.Severities.Rank(t.Severity); t.Severity != "" && least > rank {
			continue // an outage of this severity has no alert of that
		}
		kind := strings.TrimPrefix(t.Severity+" alert", " ")
		text := plural(t.Alerts, kind, kind+"s") + " firing for " + model.Duration(t.FiringFor).String()
		all = append(all, text)
	}
	if len(all) == 0 {
		return "never at this severity"
	}
	return strings.Join(all, ", or ")
}

// beginning is from when on a row is in force, as the configuration writes it.
func beginning(f policies.From) string {
	if f.Clock != "" {
		return fmt.Sprintf("%s%% %s", strconv.FormatFloat(f.Share*100, 'f', -1, 32), f.Clock)
	}
	return model.Duration(f.Age).String()
}

// lasting is a duration as the configuration writes it; empty where it is none.
func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return model.Duration(d).String()
}

func listed(all []string) string { return strings.Join(all, ", ") }

func writeJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(v)
}

// approval says whether what is new waits for a second person's yes, and what becomes of
// it without one.
func approval(a *policies.Audience) string {
	if !a.Approval {
		return "none"
	}
	return "required, without it " + strings.ReplaceAll(string(a.Unapproved), "_", " ")
}
