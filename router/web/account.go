package web

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
)

// passageBody is one thing that is told.
type passageBody struct {
	Texts policies.Texts `json:"texts" doc:"By language; the empty one is for every reader"`
	From  string         `json:"from" enum:"person,alerts,service" doc:"A person's words win over the alerts', and those over what is usual for the service"`
	By    *string        `json:"by" nullable:"true" doc:"The person"`
	At    *time.Time     `json:"at" nullable:"true" doc:"When he said it"`
}

type accountBody struct {
	Summary    *passageBody `json:"summary,omitempty" doc:"What is wrong"`
	Impact     *passageBody `json:"impact,omitempty" doc:"What people notice, what works and what does not"`
	Workaround *passageBody `json:"workaround,omitempty" doc:"What they can do meanwhile"`
	Known      *passageBody `json:"known,omitempty" doc:"What was found out"`
	RuledOut   *passageBody `json:"ruled_out,omitempty" doc:"What it is not"`
	Doing      *passageBody `json:"doing,omitempty" doc:"What is being done"`
}

func accountOf(p *router.Page) accountBody {
	of := func(t incident.Thing) *passageBody {
		said, ok := p.Account[t]
		if !ok {
			return nil
		}
		return &passageBody{Texts: said.Texts, From: string(said.From), By: orNull(said.By), At: moment(said.At)}
	}
	return accountBody{
		Summary: of(incident.Summary), Impact: of(incident.Impact), Workaround: of(incident.Workaround),
		Known: of(incident.Known), RuledOut: of(incident.RuledOut), Doing: of(incident.Doing),
	}
}

// saying is a text for every reader, or texts by language.
type saying map[string]string

// UnmarshalJSON takes either.
func (s *saying) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte(`"`)) {
		text := ""
		if err := json.Unmarshal(b, &text); err != nil {
			return err
		}
		*s = saying{"": text}
		return nil
	}
	var texts map[string]string
	err := json.Unmarshal(b, &texts)
	*s = texts
	return err
}

// Schema is that of both, or null.
func (saying) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{OneOf: []*huma.Schema{
		{Type: huma.TypeString, Nullable: true, Description: "For every reader; null takes it back"},
		{Type: huma.TypeObject, AdditionalProperties: &huma.Schema{Type: huma.TypeString}, Description: "By language",
			Examples: []any{map[string]string{"nl": "Bel, of gebruik de chat.", "en": "Call, or use the chat."}}},
	}}
}

// said is a saying of a PATCH: left out, null, or a value.
type said struct{ change[saying] }

// Schema is the saying's own: that knows null.
func (said) Schema(r huma.Registry) *huma.Schema { return saying(nil).Schema(r) }

// Telling is what a person may say of an outage.
type Telling struct {
	Summary    said `json:"summary,omitempty" doc:"What is wrong; this and what follows is told to every reader, instead of what the alerts or the service say"`
	Impact     said `json:"impact,omitempty" doc:"What people notice, what works and what does not"`
	Workaround said `json:"workaround,omitempty" doc:"What they can do meanwhile"`
	Known      said `json:"known,omitempty" doc:"What was found out"`
	RuledOut   said `json:"ruled_out,omitempty" doc:"What it is not"`
	Doing      said `json:"doing,omitempty" doc:"What is being done"`
}

func (t Telling) of(thing incident.Thing) said {
	return map[incident.Thing]said{
		incident.Summary: t.Summary, incident.Impact: t.Impact, incident.Workaround: t.Workaround,
		incident.Known: t.Known, incident.RuledOut: t.RuledOut, incident.Doing: t.Doing,
	}[thing]
}

// account cleans what was sent; nil where nothing was.
func (s *Server) account(problem problemFunc, sent Telling) incident.Account {
	var all incident.Account
	for _, t := range incident.Things {
		c := sent.of(t)
		if !c.sent {
			continue
		}
		texts := map[string]string{} // none: taken back
		for _, l := range slices.Sorted(maps.Keys(c.value)) {
			where := string(t)
			if l != "" {
				where += "." + l
			}
			text := oneLine(c.value[l])
			switch {
			case l != "" && !slices.Contains(s.o.Languages, l):
				problem(where, nil, "%s", s.noLanguage())
			case text == "":
				problem(where, nil, "it is empty; null takes it back")
			case len([]rune(text)) > incident.MaxText:
				problem(where, nil, "it is longer than %d characters", incident.MaxText)
			}
			texts[l] = text
		}
		if len(texts) == 0 && !c.null {
			problem(string(t), nil, "it is empty; null takes it back")
		}
		if all == nil {
			all = incident.Account{}
		}
		all[t] = texts
	}
	return all
}
