package policies

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

const defaultNudgeBefore = 10 * time.Minute

// readsByName is what an audience reads by its name, where it does not say.
var readsByName = map[string]Reads{
	"board": Executive, "management": Management, "it": Technical, "staff": Staff, "customers": Customer,
}

func (l *loader) teams(v value) {
	o, ok := l.object(v, "communication", "resolution")
	if !ok {
		return
	}
	for name, field := range o.fields {
		t, ok := l.object(field, "address", "channels", "nudge_before", "recipients", "recipients_files")
		if !ok {
			continue
		}
		team := &Team{Name: name}
		before := time.Duration(0) // who solves is left alone, unless he is to be asked
		if name == "communication" {
			before = defaultNudgeBefore
		}
		team.NudgeBefore = l.durationOr(t.get("nudge_before"), true, before)
		team.Informal = l.informal(t.get("address"), l.cfg.Global.Informal)
		team.Channels = l.usable(t.need("channels", "name the channels, such as [sms, email]"))
		team.Recipients = l.recipients(t, "team", name, team.Channels, l.cfg.Global.Language, l.cfg.Global.TimeZone)
		l.cfg.Teams = append(l.cfg.Teams, team)
	}
	slices.SortFunc(l.cfg.Teams, func(a, b *Team) int {
		x, y := o.get(a.Name).key, o.get(b.Name).key
		return cmp.Or(cmp.Compare(x.line, y.line), cmp.Compare(x.column, y.column))
	})
}

func (l *loader) audienceList(v value) {
	l.audiences, l.places, l.gated = map[string]*Audience{}, map[*Audience]place{}, map[*Audience]place{}
	seen := map[string]place{}
	for _, item := range l.someOf(v, "without an audience nobody is ever told") {
		o, ok := l.object(item, "name", "reads", "language", "time_zone", "address", "channels", "fallback", "critical", "unsubscribe", "calendar",
			"approval", "without_approval",
			"recipients", "recipients_files")
		if !ok {
			continue
		}
		a := &Audience{Line: o.get("name").at.line}
		a.Name, _ = l.named(o.need("name", "give the audience a name"), "audiences", seen)
		a.Reads = l.reads(o.get("reads"), a.Name)
		a.Language = l.language(o.get("language"))
		a.TimeZone = l.zone(o.get("time_zone"))
		a.Informal = l.informal(o.get("address"), l.cfg.Global.Informal)
		a.Channels = l.usable(o.need("channels", "name the channels, such as [email]"))
		a.Fallback = l.usable(o.get("fallback"))
		for _, c := range a.Fallback {
			if slices.Contains(a.Channels, c) {
				l.fail(o.get("fallback").at, "remove it here or there", "channel %q is among \"channels\" already", c)
			}
		}
		a.Critical = l.boolean(o.get("critical"), false)
		if a.Unsubscribe = l.boolean(o.get("unsubscribe"), false); a.Unsubscribe && !strings.HasPrefix(l.cfg.Global.ExternalURL, "https://") {
			l.fail(o.get("unsubscribe").at, "set global.external_url to an https address", "people can take themselves off a list only where they can reach sitrep by https")
		}
		a.Calendar = l.boolean(o.get("calendar"), false)
		if a.Calendar && !slices.Contains(a.Channels, channelEmail) && !slices.Contains(a.Fallback, channelEmail) {
			l.fail(o.get("calendar").at, "add email to its channels, or remove it", "entries for a calendar go by email, and %q gets none", a.Name)
		}
		l.approval(a, o.get("approval"), o.get("without_approval"))
		a.Recipients = l.recipients(o, "audience", a.Name, a.Channels,
			cmp.Or(a.Language, l.cfg.Global.Language), cmp.Or(a.TimeZone, l.cfg.Global.TimeZone))
		if l.audiences[a.Name] == nil {
			l.audiences[a.Name] = a
		}
		l.places[a] = o.get("name").at
		l.cfg.Audiences = append(l.cfg.Audiences, a)
	}
}

// approval reads whether what goes to an audience needs a second person's yes.
func (l *loader) approval(a *Audience, approval, without value) {
	if _, a.Approval = l.oneOf(approval, "approval", []string{"required"}); a.Approval {
		l.gated[a] = approval.at
	}
	a.Unapproved = SendHolding
	if s, ok := l.oneOf(without, "choice", []string{string(Hold), string(SendHolding)}); ok {
		a.Unapproved = Unapproved(s)
		if approval.absent() {
			l.fail(without.at, "add approval: required, or remove it", "nothing that goes to %q needs a yes", a.Name)
		}
	}
}

func (l *loader) reads(v value, name string) Reads {
	known := []string{string(Executive), string(Management), string(Technical), string(Staff), string(Customer)}
	if s, ok := l.oneOf(v, "reader", known); ok {
		return Reads(s)
	}
	return cmp.Or(readsByName[name], Staff)
}

// usable returns a list of channels, all of which must be configured.
func (l *loader) usable(v value) []string {
	var all []string
	configured := l.configured()
	for _, item := range l.someOf(v, "name at least one channel") {
		name, ok := l.oneOf(item, "channel", []string{channelEmail, channelSMS})
		switch {
		case !ok:
		case slices.Contains(all, name):
			l.fail(item.at, "name it once", "channel %q appears twice", name)
		case !slices.Contains(configured, name):
			l.fail(item.at, "add channels."+name+", or remove it here", "channel %q is not configured", name)
			all = append(all, name) // known, so a recipient needs no second complaint
		default:
			all = append(all, name)
		}
	}
	return all
}
