package words

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// maxBare is for the SMS of the bare facts, in runes; some take two septets.
const maxBare = 150

// plain are the words of the bare facts: with {service}, {time}, or as they are.
type plain struct {
	out, over, next, since             string
	drill                              string // a mark: "OEFENING"
	change, late, cancelled, completed string // of a planned change
	silent, heard, ailing, mended      string // of the monitoring, and of sitrep itself
}

// Bare says nothing but what is out or planned, since when, what a person wrote, and
// when the next word comes. It needs no template, so it cannot fail: it is for where
// everything else did.
func (p *Pack) Bare(v View, r Reader) Rendered {
	l := p.languages[p.closest(r.Language)]
	hosts := p.options.Hosts
	zone := r.Zone
	if zone == nil {
		zone = time.UTC
	}
	at := func(t time.Time) moment { return moment{t.In(zone), v.Now.In(zone), l.tongue} }
	incident := hosts.clean(v.Incident, maxIncident)
	service := cmp.Or(pick(v.Service, l.code, hosts.clean, maxService).text, incident, "sitrep")
	mark := ""
	if v.Drill {
		mark = l.tongue.plain.drill + ": "
	}
	text := mark + l.tongue.capital(l.tongue.bareState(v, service, at))
	next := ""
	if !v.NextBefore.IsZero() {
		next = " " + put(l.tongue.plain.next, slotTime, at(v.NextBefore).Before())
	}
	sms := clip(GSM7(text), maxBare-utf8.RuneCountInString(GSM7(next))) + GSM7(next)
	if words := pick(v.Words, l.code, hosts.cleanText, maxWords).text; words != "" && !slices.Contains(teamKinds, v.Kind) {
		text += "\n\n" + words + "\n\n"
	}
	return Rendered{
		Language: l.code, Zone: zone.String(), Subject: clip(strings.TrimSpace(mark+incident+" "+service), maxSubject),
		Text: text + strings.TrimPrefix(next, choose(strings.HasSuffix(text, "\n"), " ", "")), SMS: sms,
	}
}

// bareState says what is out or planned, and since when.
func (l *tongue) bareState(v View, service string, at func(time.Time) moment) string {
	w := l.plain
	since := func(said string, t time.Time) string {
		if t.IsZero() {
			return said
		}
		return said + " " + put(w.since, slotTime, at(t).At())
	}
	switch {
	case v.Kind == Alarm:
		return since(choose(v.Returned, w.heard, w.silent), choose(v.Returned, time.Time{}, v.HeardAt))
	case v.Kind == Ailing:
		return since(choose(v.Returned, w.mended, w.ailing), choose(v.Returned, time.Time{}, v.Since))
	case v.Kind == Closing:
		return put(put(w.over, slotTime, at(v.Ended).At()), slotService, service)
	case v.Change == nil:
		return put(put(w.out, slotTime, at(v.Since).At()), slotService, service)
	case v.Kind == Cancelled:
		return put(w.cancelled, slotService, service)
	case v.Kind == Completed:
		return put(w.completed, slotService, service)
	case !v.Change.End.IsZero() && v.Now.After(v.Change.End):
		return put(w.late, slotService, service)
	}
	said := put(w.change, slotService, service)
	if when := l.period(at(v.Change.Start).t, at(v.Change.End).t, at(v.Now).t); when != "" {
		said += " " + l.capital(when) + "."
	}
	return said
}

// Notice is a heading and a sentence.
type Notice struct{ Title, Text string }

// Leaving is what the page says, in one language, on which somebody takes himself
// off a list: what it asks, and what came of it.
type Leaving struct {
	Language                   string
	Ask, Done, Failed, Unknown Notice
}

// Leaving returns it in all languages, since nothing is known of who reads it: one
// first, then the others.
func (p *Pack) Leaving(first string) []Leaving {
	var out []Leaving
	for _, code := range append([]string{first}, p.Languages()...) {
		if l := p.languages[code]; l != nil && (code != first || len(out) == 0) {
			out = append(out, l.tongue.leaving)
		}
	}
	return out
}
