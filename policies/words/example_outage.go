package words

import (
	"fmt"
	"time"
)

// outageExamples are the course of an outage, from the first word to the last, and
// the turns that it may take.
func (s Scene) outageExamples() []Example {
	var all []Example
	add := func(name string, v View) { all = append(all, Example{Name: name, Views: []View{v}}) }
	permits := []map[string]string{s.title("permits", permitsTitle)}

	add("first", s.mail(First, 1, 5*time.Minute, nil))
	add("first-drill", s.mail(First, 1, 5*time.Minute, func(v *View) { v.Drill = true }))
	add("progress", s.mail(Progress, 2, 32*time.Minute, func(v *View) {
		v.Words, v.Phase, v.Estimate = saidOfMail, "identified", fourOClock
		v.Consequences, v.NewConsequences = permits, permits
	}))
	add("overdue", s.mail(Overdue, 3, 62*time.Minute, func(v *View) {
		v.Account.Doing, v.Account.RuledOut = plenty.Doing, plenty.RuledOut
	}))
	for i := range 4 { // as many as there are phrasings, in the templates that ship
		name := "holding"
		if i > 0 {
			name = fmt.Sprintf("holding-%d", 1+i)
		}
		add(name, s.mail(Holding, 4+i, time.Duration(92+30*i)*time.Minute, func(v *View) {
			v.FiringBefore, v.CameBack = 3, 0
		}))
	}
	add("holding-late", s.mail(Holding, 5, 127*time.Minute, func(v *View) { v.Late = true }))
	add("progress-monitoring", s.mail(Progress, 8, 185*time.Minute, func(v *View) {
		v.Phase, v.Firing, v.FiringBefore, v.CameBack = "monitoring", 0, 3, 3
		v.Consequences, v.Recovered, v.Known = nil, permits, nil
		v.Account = Account{Summary: plenty.Summary}
	}))
	for i, name := range []string{"unconfirmed", "unconfirmed-2"} {
		add(name, s.mail(Unknown, 7+i, 6*time.Hour+time.Duration(30*i)*time.Minute, func(v *View) {
			v.HeardAt, v.Estimate, v.Known = noon.Add(50*time.Minute), time.Time{}, nil
		}))
	}
	add("correction", s.mail(Correction, 2, 41*time.Minute, func(v *View) {
		v.Corrects, v.CorrectsAt = 2, noon.Add(32*time.Minute)
		v.Phase, v.PhaseBefore = "identified", "identified"
		v.Words = map[string]string{
			"nl": "Er is geen schijf vol: een kabel is los. Wij maken die nu vast.",
			"en": "No disk is full: a cable is loose. We are fixing it now.",
		}
	}))
	add("closing", s.mail(Closing, 9, 3*time.Hour+20*time.Minute, func(v *View) {
		v.Phase, v.Consequences, v.Recovered = "resolved", nil, permits
	}))
	add("closing-partly", s.mail(Closing, 9, 3*time.Hour+20*time.Minute, func(v *View) {
		v.Phase, v.Consequences, v.StillOut = "resolved", nil, permits
	}))
	add("reopened", s.mail(Reopened, 10, 5*time.Hour, func(v *View) {
		v.Since = noon.Add(4*time.Hour + 55*time.Minute)
		v.Expected.Used, v.Agreed.Used = 5*time.Minute, 5*time.Minute
		v.Phase, v.Estimate, v.Known, v.Consequences = "investigating", time.Time{}, nil, nil
	}))
	return all
}

// combinedExamples show each phrasing of a message that says several.
func (s Scene) combinedExamples() []Example {
	all := []Example{{"combined", s.together()}, {"combined-2", s.together()}, {"combined-3", s.together()}}
	for i := range all {
		all[i].Views[0].Number = 1 + i
	}
	all[1].Views = all[1].Views[1:] // nothing that is new
	all[1].Views[0].Number = 2
	return all
}

// together are three outages that somebody hears of in one message: a new one, one
// without news, and one with news.
func (s Scene) together() []View {
	fresh := s.mail(First, 1, 65*time.Minute, nil)
	same, news := s.place(network(Holding, 4)), s.place(outage(Progress, 2))
	same.Incident, same.Service = "SR-9", s.title("network", networkTitle)
	same.Since, same.Consequences = noon.Add(-40*time.Minute), nil
	same.Expected.Used, same.Agreed.Used = same.Now.Sub(same.Since), same.Now.Sub(same.Since)
	same.Alerts = []Alert{{Name: "SwitchDown", Severity: "critical", Instance: "core1", Since: same.Since, Firing: true}}
	same.Firing, same.FiringBefore, same.CameBack = 1, 1, 0
	same.Known, same.KnownAt = map[string]string{
		"nl": "Een switch is stuk.\nDe vervanging is onderweg.", "en": "A switch is broken.\nIts replacement is on its way.",
	}, noon.Add(40*time.Minute)
	news.Incident, news.Service, news.Phase, news.Alerts = "SR-13", s.title("permits", permitsTitle), "identified", nil
	news.NextBefore = news.Now.Add(time.Hour)
	return []View{fresh, s.place(same), s.place(news)}
}

// network is an outage that others depend on.
func network(kind Kind, number int) View {
	v := outage(kind, number)
	v.Service = networkTitle
	return v
}
