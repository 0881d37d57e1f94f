package casebook

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/incident"
)

// town is a policy in which all that judges has to do with each other: services
// that need each other, people who are in several audiences, hours, shares of
// clocks, rows by phase, an SMS that waits for no hours, teams, a watchdog, a
// channel that is out with a service.
func town(t testing.TB) Policy {
	person := func(name string, phone bool) policies.Recipient {
		r := policies.Recipient{Name: name, Email: name + "@town.example", Language: "nl", TimeZone: "Europe/Amsterdam"}
		if phone {
			r.Phone = "+3161234" + fmt.Sprintf("%04d", len(name))
		}
		return r
	}
	mayor, manager, engineer := person("mayor", true), person("manager", true), person("engineer", false)
	it := &policies.Audience{Name: "it", Reads: policies.Technical, Channels: []string{"email"}, Fallback: []string{"sms"}, Recipients: []policies.Recipient{engineer, manager}}
	management := &policies.Audience{Name: "management", Channels: []string{"email", "sms"}, Recipients: []policies.Recipient{manager, mayor}}
	board := &policies.Audience{Name: "board", Critical: true, Channels: []string{"sms", "email"}, Recipients: []policies.Recipient{mayor, person("councillor", true)}}
	staff := &policies.Audience{Name: "staff", Channels: []string{"email"}, Recipients: []policies.Recipient{person("clerk", false), engineer}}
	gold := &policies.SLA{Name: "gold", Agreed: 12 * time.Hour, Expected: time.Hour}
	office := &policies.SLA{Name: "office", Agreed: 20 * time.Hour, Expected: 2 * time.Hour, Counted: daytime(t)}
	service := func(name string, sla *policies.SLA, threshold policies.Threshold, needs ...string) *policies.Service {
		return &policies.Service{
			Name: name, Matchers: matcher(t, "service", name), SLA: sla, DependsOn: needs, ResolvedAfter: 5 * time.Minute,
			UnconfirmedAfter: 5 * time.Hour, Threshold: []policies.Threshold{threshold, {FiringFor: time.Minute, Severity: "critical", Alerts: 3}},
		}
	}
	age := func(from, every time.Duration) policies.Row {
		return policies.Row{From: policies.From{Age: from}, Every: every}
	}
	share := func(c policies.Clock, of float64, every time.Duration) policies.Row {
		return policies.Row{From: policies.From{Clock: c, Share: of}, Every: every}
	}
	calm := age(0, 45*time.Minute)
	calm.Phase = "identified"
	return Policy{
		Severities: policies.Severities{"info", "warning", "critical"},
		Services: []*policies.Service{
			service("web", gold, policies.Threshold{FiringFor: 3 * time.Minute, Alerts: 1}, "mail"),
			service("mail", gold, policies.Threshold{FiringFor: 5 * time.Minute, Alerts: 1}, "network"),
			service("network", gold, policies.Threshold{FiringFor: 2 * time.Minute, Alerts: 1}),
			service("permits", office, policies.Threshold{FiringFor: 10 * time.Minute, Alerts: 1}, "storage", "network"),
			service("storage", nil, policies.Threshold{FiringFor: 2 * time.Minute, Alerts: 2}),
		},
		Audiences: []*policies.Audience{it, management, board, staff},
		Needs:     map[string][]string{"email": {"mail"}},
		Teams: []*policies.Team{
			{Name: "communication", Channels: []string{"sms"}, NudgeBefore: 10 * time.Minute, Recipients: []policies.Recipient{person("spokesman", true)}},
			{Name: "resolution", Channels: []string{"email"}, Recipients: []policies.Recipient{engineer}},
		},
		Watchdogs: []policies.Watchdog{{Matchers: matcher(t, "alertname", "Watchdog"), AbsentFor: 15 * time.Minute}},
		Policies: []*policies.Policy{
			{Name: "critical", Matchers: matcher(t, "severity", "critical"), Updates: []policies.Updates{
				{Audience: it, Cadence: []policies.Row{age(0, 30*time.Minute), calm}},
				{Audience: management, Cadence: []policies.Row{age(5*time.Minute, time.Hour), share(policies.Expected, 1, 30*time.Minute)}},
				{Audience: board, Cadence: []policies.Row{age(15*time.Minute, time.Hour), share(policies.Agreed, .75, 20*time.Minute)}, Active: daytime(t)},
				{Audience: staff, Cadence: []policies.Row{share(policies.Expected, .5, 2*time.Hour)}, Active: daytime(t)},
			}},
			{Name: "permits", Matchers: matcher(t, "service", "permits"), Updates: []policies.Updates{
				{Audience: staff, Cadence: []policies.Row{age(10*time.Minute, time.Hour)}},
			}},
			{Name: "outage", Updates: []policies.Updates{
				{Audience: it, Cadence: []policies.Row{age(0, time.Hour)}},
				{Audience: management, Cadence: []policies.Row{share(policies.Expected, 1, 2*time.Hour)}, Active: daytime(t)},
			}},
		},
	}
}

// letter is what one address got, or would have.
type letter struct {
	at, due   time.Time
	planned   time.Time
	address   string // and channel
	incident  string
	service   string
	audience  string
	update    int
	kind      incident.UpdateKind
	team      bool
	scheduled bool // by the cadence: no words of a person, no end, no catching up, and nothing that goes by itself
	combined  bool
	catchUp   bool
}

// receipt comes when an update goes out. The audience of one that moves no
// audience's clock is empty.
type receipt struct {
	at       time.Time
	audience string
	incident.Receipt
}

// post is a scribe that brings every update to everybody at once, or when it is
// due where it was planned ahead, and reports so.
type post struct {
	t        rapid.TB
	book     *Book
	facts    []incident.Fact
	letters  []letter
	receipts []receipt
	now      time.Time
	rosters  map[string][]policies.Recipient
}

func (p *post) Order(c *Case, o Order, now time.Time) (incident.Fact, error) {
	f := incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID}
	route := p.book.Route(c, o.Due)
	planned := Numbered(c, o)
	planned.Parts = 1
	var by By
	omitted := 0
	people := p.recipients(c, o.Due)
	planned.Roster = []string{p.roster(o.Audience, people)}
	for _, r := range people {
		uses, waits := route.Uses(r.Address)
		by.Add(route, uses, waits)
		for _, channel := range uses {
			address := strings.ToLower(r.Address(channel))
			switch {
			case o.Omits(channel, address):
				omitted++
			default:
				planned.Deliveries++
				p.deliver(c, o, planned.Update, channel, address, now, o.At, false)
			}
		}
	}
	// Of an end that is for those who were told, a reload may have brought others into a
	// combined one.
	if (omitted > 0) != (len(o.Carried) > 0) && (omitted > 0 || !o.Kind.Ends()) {
		p.t.Fatalf("%s to %s leaves out %d addresses, which %d others reach", o.Kind, o.Audience, omitted, len(o.Carried))
	}
	if planned.Deliveries+omitted == 0 && len(c.State.Removed) > 0 {
		f.Body = &incident.Unrostered{Audience: o.Audience, CatchUp: o.CatchUp}
		return f, nil
	}
	if planned.Deliveries+omitted == 0 {
		p.t.Fatalf("%s to %s reaches nobody", o.Kind, o.Audience)
	}
	by.Mark(&planned, route)
	f.Body = &planned
	return f, nil
}

func (p *post) deliver(c *Case, o Order, update int, channel, address string, now, when time.Time, combined bool) {
	at := now
	if when.After(now) { // planned ahead
		at = when
	}
	p.letters = append(p.letters, letter{
		at: at, due: o.At, planned: now, address: channel + " " + address, incident: c.State.ID, service: c.State.Service, audience: o.Audience, update: update,
		kind: o.Kind, team: o.Team, combined: combined, catchUp: o.CatchUp,
		scheduled: !strings.HasPrefix(o.Why, "sent at once") && o.Words == 0 && !o.Kind.Ends() && !o.CatchUp && (!o.Team || o.Kind == incident.Nudge && o.AsksAs() == o.Audience) && !slices.Contains(alone, words.Kind(o.Kind)),
	})
}

func (p *post) Combine(c *Case, m Combined, now time.Time) (incident.Fact, error) {
	planned := m.Planned
	planned.Roster, planned.Parts, planned.Deliveries = []string{"combined"}, 1, len(m.People)
	if len(m.People) == 0 || len(planned.Covers) < 2 {
		p.t.Fatalf("%v combines %d updates for %d people", planned, len(planned.Covers), len(m.People))
	}
	for _, cover := range planned.Covers {
		of := p.book.Incident(cover.Incident)
		flight := of.State.Flights[cover.Update]
		if flight == nil || flight.Order.Audience != cover.Audience || !slices.Contains(flight.Order.Carried, incident.Carrier{Incident: c.State.ID, Update: planned.Update}) {
			p.t.Fatalf("%v covers %v, which is %v", planned, cover, flight)
		}
		order := Order{}
		order.At, order.Kind, order.Audience, order.Team = flight.Order.DueAt, flight.Order.Kind, cover.Audience, planned.Team
		order.Why = flight.Order.Why
		for _, r := range m.People {
			p.deliver(of, order, cover.Update, planned.Channels[0], strings.ToLower(r.Address(planned.Channels[0])), now, planned.DueAt, true)
		}
	}
	return incident.Fact{At: now, Service: c.State.Service, Incident: c.State.ID, Body: &planned}, nil
}

func (p *post) Decided(_ *Case, f incident.Fact) {
	p.facts = append(p.facts, f)
	if o := f.Planned(); o != nil {
		at := f.At
		if o.DueAt.After(at) {
			at = o.DueAt
		}
		if !o.Side() { // what waited for its moment is not sent any more
			p.letters = slices.DeleteFunc(p.letters, func(l letter) bool {
				return l.incident == f.Incident && l.audience == o.Audience && !l.team && !l.combined && l.update != o.Update && l.at.After(f.At)
			})
			for n := range p.receipts {
				if r := &p.receipts[n]; r.Incident == f.Incident && r.audience == o.Audience && r.at.After(f.At) {
					r.at, r.Accepted, r.Superseded, r.LastAt = f.At, 0, r.Accepted, time.Time{}
				}
			}
		}
		r := receipt{at: at, audience: o.Audience, Receipt: incident.Receipt{Incident: f.Incident, Delivered: incident.Delivered{
			Update: o.Update, Part: fmt.Sprintf("%s.%d.0", f.Incident, o.Update), Accepted: o.Deliveries, LastAt: at.Add(time.Second),
		}}}
		if o.Side() {
			r.audience = ""
		}
		p.receipts = append(p.receipts, r)
	}
}

func (p *post) Rest() error { return nil }

// daytime is from seven to ten.
func daytime(t testing.TB) *policies.Calendar {
	t.Helper()
	cfg, err := policies.Load("sitrep.yml", func(string) ([]byte, error) {
		return []byte(`
global: {organisation: Town}
channels: {email: {smarthosts: ["mail.example:587"], from: ict@town.example}}
time_intervals: [{name: day, time_intervals: [{times: [{start_time: "07:00", end_time: "22:00"}], location: Europe/Amsterdam}]}]
slas: [{name: office, agreed: 8h, counted_during: [day]}]
services: [{name: mail, matchers: ['service="mail"'], sla: office}]
audiences: [{name: it, channels: [email], recipients: [{email: it@town.example}]}]
policies: [{name: all, updates: [{audience: it, cadence: [{from: 0s, every: 1h}]}]}]
`), nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cfg.SLAs[0].Counted
}

func keys(m map[string]time.Time) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// ends is the webhook that says that an alert stopped. Its fingerprint is its
// service and its name.
func ends(fingerprint string, starts, at time.Time) incident.Input {
	n := len(fingerprint) - 2
	return incident.Input{At: at, Alerts: []incident.Observation{alert(fingerprint[:n], fingerprint[n:], false, starts, at)}}
}
