package web

import (
	"time"

	"github.com/prometheus/common/model"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
)

// IncidentBody is an incident as lists have it, and as its own answer begins. It has a
// name of the package so that the description holds its fields there too.
type IncidentBody struct {
	ID           string         `json:"id" example:"SR-12"`
	Kind         string         `json:"kind" enum:"outage,change,drill"`
	Service      string         `json:"service"`
	Title        policies.Texts `json:"title" doc:"What messages call it, by language: the service's title, where nobody gave another"`
	Severity     string         `json:"severity"`
	State        string         `json:"state" enum:"open,unconfirmed,resolved"`
	Phase        *string        `json:"phase" nullable:"true" example:"identified" doc:"investigating, identified, monitoring or resolved; null: of a planned change"`
	Lead         *string        `json:"lead" nullable:"true" doc:"Who leads the work"`
	Estimate     *time.Time     `json:"estimate" nullable:"true" doc:"When a person thinks that it is over"`
	Firing       int            `json:"firing" doc:"Alerts that fire now"`
	StartedAt    time.Time      `json:"started_at" doc:"When the outage began; of a planned change, when the work did, or is to"`
	OpenedAt     time.Time      `json:"opened_at" doc:"When it became an incident; of a planned change, when it was planned"`
	ResolvedAt   *time.Time     `json:"resolved_at" nullable:"true"`
	NextUpdateAt *time.Time     `json:"next_update_at" nullable:"true"`
	PartOf       *string        `json:"part_of" nullable:"true" doc:"The incident that it is a consequence of, which tells of both"`
	Consequences []string       `json:"consequences" doc:"Services that are out because of it"`
}

type timelineBody struct {
	At   time.Time `json:"at"`
	Fact string    `json:"fact" doc:"What kind of fact it is"`
	Text string    `json:"text" doc:"The fact as a sentence"`
	By   *string   `json:"by" nullable:"true" doc:"Who decided it; null: sitrep itself"`
	Role *string   `json:"role" nullable:"true" doc:"What he came in as"`
	Why  *string   `json:"reason" nullable:"true" doc:"Why he did"`
}

type audienceBody struct {
	Name         string     `json:"name"`
	Told         bool       `json:"told"`
	Updates      int        `json:"updates"`
	LastUpdateAt *time.Time `json:"last_update_at" nullable:"true"`
	PromiseAt    *time.Time `json:"promise_at" nullable:"true" doc:"The next update was promised before this moment"`
	Promises     struct {
		Made   int `json:"made"`
		Kept   int `json:"kept"`
		Broken int `json:"broken"`
		Held   int `json:"held" doc:"Of those broken: by a person who held or paused the audience"`
	} `json:"promises"`
	LongestSilence string       `json:"longest_silence,omitempty" doc:"Longest time between two updates"`
	Every          *string      `json:"every" nullable:"true" example:"30m" doc:"How often it hears now; null where nothing more comes"`
	Why            *string      `json:"why" nullable:"true" doc:"By which policy and row the next update comes"`
	EverySet       *string      `json:"every_set" nullable:"true" doc:"How often a person wants it to hear; null: as the policy says"`
	HoldUntil      *time.Time   `json:"hold_until" nullable:"true" doc:"Nothing goes out by itself before"`
	Paused         bool         `json:"paused" doc:"Nothing goes out by itself until resumed, but for the end"`
	Added          []listedBody `json:"added" doc:"Whom a person added to it for this incident"`
	Removed        []listedBody `json:"removed" doc:"Whom a person removed from it for this incident: he hears nothing more but the end"`
	Deliveries     struct {
		Planned   int `json:"planned"`
		Accepted  int `json:"accepted" doc:"Taken by the mail server or the SMS provider"`
		Delivered int `json:"delivered" doc:"Of those accepted: arrived, as far as the provider told"`
		// Undelivered are among the accepted too.
		Undelivered int `json:"undelivered" doc:"Of those accepted: did not arrive, as the provider told later"`
		Failed      int `json:"failed" doc:"Not accepted, for the recipient's own reason or given up"`
		Superseded  int `json:"superseded"`
		Possible    int `json:"possible_duplicates"`
	} `json:"deliveries"`
}

type updateBody struct {
	Update     int        `json:"update"`
	Audience   string     `json:"audience"`
	Kind       string     `json:"kind"`
	Channels   []string   `json:"channels"`
	Deliveries int        `json:"deliveries"`
	NextBefore *time.Time `json:"next_before" nullable:"true"`
	Cut        bool       `json:"sms_cut,omitempty" doc:"The words are longer than an SMS of the configured segments has room for: it has their beginning, an email all"`
}

type dueBody struct {
	At       time.Time `json:"at" doc:"When it is due; of what waits for a yes and does not go out without, it may have been"`
	Incident string    `json:"incident"`
	Audience string    `json:"audience"`
	Kind     string    `json:"kind"`
	Why      string    `json:"why" doc:"By which policy and row, or whose words; or that it waits for a yes, and under which number"`
}

type alertBody struct {
	Fingerprint string            `json:"fingerprint"`
	Labels      map[string]string `json:"labels"`
	Summary     string            `json:"summary,omitempty"`
	StartsAt    time.Time         `json:"starts_at"`
}

// moment is a time as the API gives it; null where there is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// orNull is a text as the API gives it; null where there is none.
func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func stateOf(p *router.Page) string {
	switch {
	case p.Open && p.Unconfirmed:
		return "unconfirmed"
	case p.Open:
		return "open"
	}
	return "resolved"
}

func (s *Server) incidentBody(p *router.Page) IncidentBody {
	title := policies.Texts(p.Title)
	if len(title) == 0 && p.Kind == incident.Change {
		title = p.Work.Title
	}
	if len(title) == 0 {
		title = s.o.Services[p.Service]
	}
	if title == nil {
		title = policies.Texts{}
	}
	started := p.StartedAt
	if p.Kind == incident.Change { // that is when its clocks begin
		started = p.Work.Since()
	}
	return IncidentBody{
		ID: p.ID, Kind: string(p.Kind), Service: p.Service, Title: title, Severity: p.Severity,
		Lead: orNull(p.Lead), Estimate: moment(p.Estimate),
		State: stateOf(p), Phase: orNull(string(p.Phase)), Firing: p.Firing,
		StartedAt: started.UTC(), OpenedAt: p.OpenedAt.UTC(),
		ResolvedAt: moment(p.ResolvedAt), NextUpdateAt: moment(p.NextAt()),
		PartOf: orNull(p.PartOf), Consequences: append([]string{}, p.Consequences...),
	}
}

func timeline(p *router.Page) []timelineBody {
	out := make([]timelineBody, 0, len(p.Timeline))
	for _, f := range p.Timeline {
		out = append(out, rowOf(f))
	}
	return out
}

// rowOf is a fact as timelines have it.
func rowOf(f incident.Fact) timelineBody {
	return timelineBody{At: f.At.UTC(), Fact: f.Name(), Text: f.String(), By: orNull(f.By), Role: orNull(f.Role), Why: orNull(f.Reason)}
}

func audiences(p *router.Page) []audienceBody {
	out := make([]audienceBody, 0, len(p.Audiences))
	for _, a := range p.Audiences {
		b := audienceBody{Name: a.Name, Told: a.Told, Updates: a.Updates, LastUpdateAt: moment(a.LastAt), Every: orNull(duration(a.Every)), Why: orNull(a.Why)}
		if p.Open {
			b.PromiseAt = moment(a.PromiseAt)
		}
		b.Promises.Made, b.Promises.Kept, b.Promises.Broken = a.Made, a.Kept, a.Broken
		b.Promises.Held, b.Paused, b.EverySet = a.Held, a.Paused, orNull(duration(a.EverySet))
		if a.HoldUntil.After(time.Now()) { // it may have run out since
			b.HoldUntil = moment(a.HoldUntil)
		}
		if a.LongestSilence > 0 {
			b.LongestSilence = a.LongestSilence.Round(time.Second).String()
		}
		b.Added, b.Removed = listed(a.Name, p.Lists.Added), listed(a.Name, p.Lists.Removed)
		d := a.Deliveries
		b.Deliveries.Planned, b.Deliveries.Accepted = d.Planned, d.Accepted
		b.Deliveries.Delivered, b.Deliveries.Undelivered = d.Delivered, d.Undelivered
		b.Deliveries.Failed, b.Deliveries.Superseded, b.Deliveries.Possible = d.Failed+d.Unreached, d.Superseded, d.Possible
		out = append(out, b)
	}
	return out
}

// duration writes a duration as the configuration does; empty where it is 0.
func duration(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return model.Duration(d).String()
}
