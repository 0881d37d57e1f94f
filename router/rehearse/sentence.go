package rehearse

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// sentence says a step as something that happens.
func (s Step) sentence() string {
	switch {
	case s.Fire != nil:
		return s.Fire.sentence("fires")
	case s.Flap != nil:
		return s.Flap.Fire.sentence("flaps") + fmt.Sprintf(" every %s for %s", brief(s.Flap.Every), brief(s.Flap.For))
	case s.Resolve != nil:
		return s.Resolve.Name + " resolves" + pairs(s.Resolve.Labels)
	case s.Say != nil:
		return s.Say.sentence()
	case s.End != nil:
		out := "a person resolves " + orElse(s.End.Incident, "the incident")
		if s.End.Reason != "" {
			out += ": " + strconv.Quote(s.End.Reason)
		}
		return out
	case s.Set != nil:
		return s.Set.sentence()
	case s.Steer != nil:
		return s.Steer.sentence()
	case s.Reopen != nil:
		return "a person reopens " + orElse(s.Reopen.Incident, "the incident")
	case s.Merge != nil:
		return "a person folds " + s.Merge.Incident + " into " + s.Merge.Into
	case s.Split != nil:
		return "a person takes " + s.Split.Service + " out of " + orElse(s.Split.Incident, "the incident")
	case s.Cancel != nil:
		return fmt.Sprintf("a person cancels update %d", s.Cancel.Update)
	case s.Approve != nil && s.Approve.No:
		return fmt.Sprintf("another person rejects update %d", s.Approve.Update)
	case s.Approve != nil:
		return fmt.Sprintf("another person approves update %d", s.Approve.Update)
	case s.Send != nil:
		return "a person sends what is due next"
	case s.Plan != nil:
		return "planned: " + s.Plan.Title
	case s.Conduct != nil:
		return s.Conduct.label()
	case s.Open != nil:
		return "a person opens an incident of " + s.Open.Service
	case s.Restart != nil && s.Restart.For > 0:
		return "sitrep is down for " + brief(s.Restart.For)
	case s.Restart != nil:
		return "sitrep restarts"
	case s.Lose != nil:
		return "webhooks are lost from here on"
	default:
		return "webhooks arrive again"
	}
}

func (f Fire) sentence(verb string) string {
	out := f.Name + " " + verb
	if f.Count > 0 {
		out += ": " + plural(f.Count, "alert")
	}
	out += pairs(f.Labels)
	if f.Account != nil {
		out += ", and says: " + strings.Join(says(f.Account), "; ")
	}
	return out
}

func (s Say) sentence() string {
	to := "everybody who was told"
	if len(s.Audiences) > 0 {
		to = strings.Join(s.Audiences, ", ")
	}
	out := fmt.Sprintf("a person says to %s: %s", to, inLanguages(s.Texts))
	if s.Phase != "" {
		out += fmt.Sprintf(" (%s)", s.Phase)
	}
	return out
}

func (s Set) sentence() string {
	var parts []string
	say := func(name string, to *string) {
		if to != nil {
			parts = append(parts, name+" "+orElse(*to, "none"))
		}
	}
	say("phase", (*string)(s.Phase))
	say("severity", s.Severity)
	say("lead", s.Lead)
	say("title", s.Title)
	if s.Estimate != nil && *s.Estimate > 0 {
		parts = append(parts, "estimate in "+brief(*s.Estimate))
	} else if s.Estimate != nil {
		parts = append(parts, "no estimate")
	}
	parts = append(parts, says(s.Account)...)
	return "a person sets " + strings.Join(parts, ", ")
}

func (s Steer) sentence() string {
	who := strings.Join(s.Audiences, ", ")
	switch s.Do {
	case "hold":
		return "a person holds " + who + " for " + brief(s.For)
	case "pause":
		return "a person pauses " + who
	case "every":
		return "a person gives " + who + " an update every " + brief(s.For)
	}
	return "a person resumes " + who
}

func pairs(labels map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		all = append(all, name+"="+labels[name])
	}
	if len(all) == 0 {
		return ""
	}
	return " (" + strings.Join(all, ", ") + ")"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// brief writes a duration as a script does.
func brief(d time.Duration) string { return model.Duration(d.Truncate(time.Second)).String() }

// clock writes a moment as short as another one, that the reader knows, allows.
func (t *Transcript) clock(at, beside time.Time) string {
	at, beside = at.In(t.zone), beside.In(t.zone)
	layout := "15:04"
	if at.Second() != 0 {
		layout = "15:04:05"
	}
	if at.YearDay() != beside.YearDay() || at.Year() != beside.Year() {
		layout = "Mon 2 Jan " + layout
	}
	if at.Year() != beside.Year() {
		layout = strings.Replace(layout, "Jan", "Jan 2006", 1)
	}
	return at.Format(layout + t.suffix())
}

// suffix names the zone beside each time where the clock is changed during the
// rehearsal, since an hour may then come twice.
func (t *Transcript) suffix() string {
	_, a := t.Script.Start.In(t.zone).Zone()
	_, b := t.Script.End.In(t.zone).Zone()
	if a == b {
		return ""
	}
	return " MST"
}

// place names the zone of all times.
func (t *Transcript) place() string {
	if name := t.zone.String(); name != "" {
		return name
	}
	return t.Script.Start.Format("-07:00")
}
