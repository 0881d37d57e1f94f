package policies

import (
	"regexp"
	"strconv"
	"strings"
)

func (l *loader) policyList(v value) {
	seen := map[string]place{}
	var all []written
	for _, item := range l.someOf(v, "without a policy nobody is ever told") {
		o, ok := l.object(item, "name", "matchers", "window_counts", "updates")
		if !ok {
			continue
		}
		p := &Policy{Line: o.get("name").at.line}
		p.Name, _ = l.named(o.need("name", "give the policy a name"), "policies", seen)
		p.Matchers = l.matchers(o.get("matchers"))
		p.WindowCounts = l.windowCounts(p, o.get("window_counts"))
		w := written{Policy: p, at: o.get("name").at, matchers: o.get("matchers").at}
		told := map[*Audience]place{}
		for _, u := range l.list(o.need("updates", "name the audiences to tell; updates: [] tells nobody")) {
			if cadence, ok := l.updates(p, u, told); ok {
				w.cadences = append(w.cadences, cadence)
			}
		}
		l.cfg.Policies = append(l.cfg.Policies, p)
		all = append(all, w)
	}
	l.reach(all)
}

// updates adds one audience's part to a policy, and returns the places of its
// cadence.
func (l *loader) updates(p *Policy, v value, told map[*Audience]place) (c cadence, ok bool) {
	o, ok := l.object(v, "audience", "cadence", "announce", "active_time_intervals")
	if !ok {
		return c, false
	}
	u := Updates{Active: l.calendar(o.get("active_time_intervals")), Line: o.get("audience").at.line}
	if name, ok := l.oneOf(o.need("audience", "name the audience"), "audience", keysOf(l.audiences)); ok {
		u.Audience = l.audiences[name]
		at := o.get("audience").at
		if first, twice := told[u.Audience]; twice {
			l.fail(at, "put all rows into one cadence, the first is on line "+strconv.Itoa(first.line), "audience %q appears twice in this policy", name)
		}
		told[u.Audience] = at
	}
	u.Announce = l.announce(p, o.get("announce"))
	rows := o.get("cadence")
	if o.get("announce").absent() { // who is only told of what is planned needs none
		rows = o.need("cadence", "write cadence: [{from: 0s, every: 1h}]")
	}
	c.at = rows.at
	before := len(l.problems)
	for _, item := range l.someOf(rows, "write at least one row: {from: 0s, every: 1h}") {
		row, ok := l.object(item, "from", "every", "phase", "severity")
		if !ok {
			continue
		}
		from, ok1 := l.from(row.need("from", "write an age such as 15m, or a share such as 50% expected"))
		every, ok2 := l.duration(row.need("every", "write how often, such as 1h"), false)
		r := Row{From: from, Every: every, Line: row.get("from").at.line}
		ok3, ok4 := true, true
		if v := row.get("phase"); !v.absent() {
			r.Phase, ok3 = l.oneOf(v, "phase", phases)
		}
		if v := row.get("severity"); !v.absent() {
			r.Severity, ok4 = l.oneOf(v, "severity", l.cfg.Severities)
		}
		if !ok1 || !ok2 || !ok3 || !ok4 {
			continue
		}
		u.Cadence = append(u.Cadence, r)
		c.rows = append(c.rows, rowPlace{from: row.get("from").at, every: row.get("every").at})
	}
	c.sound = len(l.problems) == before
	p.Updates = append(p.Updates, u)
	return c, true
}

// phases are those that an open incident can be in.
var phases = []string{"investigating", "identified", "monitoring"}

var shareOfClock = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?)\s*%\s*(\S+)$`)

// maxShare keeps moments within what a duration can hold.
const maxShare = 100

// from returns an age such as 8h, or a share of a clock such as 75% agreed.
func (l *loader) from(v value) (From, bool) {
	s, ok := l.text(v)
	if !ok {
		return From{}, false
	}
	if !strings.Contains(s, "%") {
		age, ok := l.durationOf(v, s, true)
		return From{Age: age}, ok
	}
	const hint = "shares look like 50% expected or 75% agreed"
	m := shareOfClock.FindStringSubmatch(s)
	if m == nil {
		l.fail(v.at, hint, "bad share %q", s)
		return From{}, false
	}
	clock := Clock(m[2])
	if clock != Expected && clock != Agreed {
		l.fail(v.at, hintFor(m[2], []string{string(Expected), string(Agreed)}), "unknown clock %q", m[2])
		return From{}, false
	}
	percent, err := strconv.ParseFloat(m[1], 64)
	if err != nil || percent > maxShare*100 {
		l.fail(v.at, hint, "a share of %s%% is too much", m[1])
		return From{}, false
	}
	return From{Share: percent / 100, Clock: clock}, true
}
