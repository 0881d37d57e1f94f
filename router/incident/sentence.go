package incident

import (
	"fmt"
	"strings"
	"time"
)

// String says the fact as a sentence.
func (f Fact) String() string {
	s := f.keeping()
	if s == "" {
		s = f.subject() + f.predicate()
	}
	if f.By == "" {
		return s
	}
	s += " (by " + f.By
	if f.Role != "" {
		s += ", " + f.Role
	}
	if f.Reason != "" {
		s += fmt.Sprintf(": %q", f.Reason)
	}
	return s + ")"
}

// Name says what kind of fact it is, in one word.
func (f Fact) Name() string {
	for _, k := range []struct {
		name string
		is   bool
	}{
		{"alert_fired", f.Fired() != nil}, {"alert_retold", f.Retold() != nil}, {"alert_ceased", f.Ceased() != nil}, {"outage_passed", f.Passed() != nil},
		{"alerts_heard", f.Heard() != nil}, {"unconfirmed", f.Unconfirmed() != nil}, {"confirmed", f.Confirmed() != nil},
		{"opened", f.Opened() != nil}, {"severity_changed", f.Escalated() != nil}, {"phase_changed", f.Phased() != nil},
		{"words_said", f.Said() != nil}, {"update_planned", f.Planned() != nil}, {"part_delivered", f.Delivered() != nil},
		{"promise_kept", f.Kept() != nil}, {"promise_broken", f.Broken() != nil}, {"sla_breached", f.Breached() != nil}, {"resolved", f.Resolved() != nil},
		{"reopened", f.Reopened() != nil}, {"override_refused", f.Refused() != nil}, {"override_settled", f.Settled() != nil}, {"nobody_reached", f.Unrostered() != nil},
		{"joined", f.Joined() != nil}, {"parted", f.Parted() != nil}, {"consequence", f.Caused() != nil}, {"consequence_over", f.Eased() != nil},
		{"watchdog_silent", f.Silent() != nil}, {"watchdog_returned", f.Returned() != nil},
		{"estimate_given", f.Estimated() != nil}, {"lead_changed", f.Led() != nil}, {"title_changed", f.Titled() != nil}, {"account_changed", f.Accounted() != nil}, {"audience_steered", f.Steered() != nil}, {"send_asked", f.Hastened() != nil}, {"update_cancelled", f.Cancelled() != nil}, {"recipient_added", f.Added() != nil}, {"recipient_removed", f.Removed() != nil}, {"service_split", f.Taken() != nil}, {"part_fell", f.Fell() != nil}, {"part_arrived", f.Arrived() != nil},
		{"ailment_noticed", f.Ailment() != nil && !f.Ailment().Well}, {"ailment_over", f.Ailment() != nil},
		{"change_planned", f.Scheduled() != nil}, {"change_replanned", f.Rescheduled() != nil}, {"change_began", f.Begun() != nil}, {"change_overran", f.Overran() != nil},
		{"change_reported", f.Reported() != nil}, {"change_done", f.Finished() != nil}, {"change_called_off", f.CalledOff() != nil}, {"change_turned", f.Turned() != nil},
		{"recipient_erased", f.Erased() != nil}, {"incidents_forgotten", f.Forgotten() != nil},
	} {
		if k.is {
			return k.name
		}
	}
	return "unknown"
}

func (f Fact) subject() string {
	switch {
	case f.Incident == "":
		return f.Service + ": "
	case strings.HasPrefix(f.Incident, WatchdogID), strings.HasPrefix(f.Incident, AilmentID):
		return f.Incident + " "
	}
	if f.Conducted() {
		return "change " + f.Incident + " "
	}
	return "incident " + f.Incident + " "
}

func (f Fact) predicate() string {
	switch {
	case f.Fired() != nil:
		verb := "fires"
		if f.Fired().Again {
			verb = "fires again"
		}
		said := f.Fired().Alert.Account.said()
		if said != "" {
			said = ", and says: " + said
		}
		return fmt.Sprintf("%salert %s %s%s%s", f.colon(), f.Fired().Alert.Name, verb, parens(f.Fired().Alert.Severity), said)
	case f.Retold() != nil:
		return f.colon() + f.Retold().String()
	case f.Ceased() != nil:
		return fmt.Sprintf("%salert %s stopped", f.colon(), f.Ceased().Name)
	case f.Passed() != nil && f.Passed().Under != "":
		return "outage over, which was a consequence of " + f.Passed().Under
	case f.Passed() != nil:
		return "outage over before it became an incident"
	case f.Heard() != nil:
		return f.colon() + "webhooks still say that the alerts fire"
	case f.Unconfirmed() != nil:
		return "unconfirmed: no webhook since about " + stamp(f.Unconfirmed().Since)
	case f.Confirmed() != nil:
		return "confirmed: a webhook came again"
	case f.Opened() != nil:
		return fmt.Sprintf("opened: %s, %s (%s)", f.Service, f.Opened().Severity, f.Opened().Row)
	case f.Escalated() != nil && f.By != "":
		return fmt.Sprintf("severity %s, was %s", f.Escalated().To, f.Escalated().From)
	case f.Escalated() != nil:
		return fmt.Sprintf("severity rose from %s to %s", f.Escalated().From, f.Escalated().To)
	case f.Phased() != nil:
		return fmt.Sprintf("phase %s, was %s", f.Phased().To, f.Phased().From)
	case f.Said() != nil:
		return fmt.Sprintf("words %d for %s: %q", f.Said().Number, strings.Join(f.Said().Audiences, ", "), anyText(f.Said().Texts))
	case f.Planned() != nil:
		return f.Planned().String()
	case f.Delivered() != nil:
		return f.Delivered().String()
	case f.Arrived() != nil:
		return f.Arrived().String()
	case f.Fell() != nil:
		return f.Fell().String()
	case f.Kept() != nil:
		after := ""
		if f.Kept().Late {
			after = " after all"
		}
		return fmt.Sprintf("promise to %s kept%s: update %d came before %s", f.Kept().Audience, after, f.Kept().By, stamp(f.Kept().PromiseAt))
	case f.Broken() != nil:
		s := fmt.Sprintf("promise to %s broken: nothing had reached all of them before %s", f.Broken().Audience, stamp(f.Broken().PromiseAt))
		if f.Broken().Held != "" {
			s += ", as " + f.Broken().Held + " had decided"
		}
		return s
	case f.Breached() != nil:
		return fmt.Sprintf("took longer than the %s %s", f.Breached().Clock, short(f.Breached().Limit))
	case f.Resolved() != nil:
		s := fmt.Sprintf("resolved: out from %s to %s", stamp(f.Resolved().StartedAt), stamp(f.Resolved().EndedAt))
		if f.Resolved().Firing > 0 {
			s += fmt.Sprintf(", %s muted", count(f.Resolved().Firing, "firing alert"))
		}
		return s
	case f.Reopened() != nil:
		return fmt.Sprintf("reopened: %s (%s)", f.Reopened().Severity, f.Reopened().Row)
	case f.Refused() != nil:
		return fmt.Sprintf("%srefused to %s: %s", f.colon(), f.Refused().What, f.Refused().Reason)
	case f.Settled() != nil:
		return fmt.Sprintf("%sasked to %s: it is so already", f.colon(), f.Settled().What)
	case f.Unrostered() != nil && f.Unrostered().CatchUp:
		return fmt.Sprintf("- nobody of %s waits for what the others were told", f.Unrostered().Audience)
	case f.Unrostered() != nil:
		return fmt.Sprintf("update to %s not sent: nobody on its roster can be reached", f.Unrostered().Audience)
	}
	if s := f.conduct(); s != "" {
		return s
	}
	if s := f.override(); s != "" {
		return s
	}
	return f.kinship()
}

// override says what a person decided.
func (f Fact) override() string {
	switch {
	case f.Estimated() != nil && f.Estimated().At.IsZero():
		return "has no estimate any more"
	case f.Estimated() != nil:
		return "estimated to be over at " + stamp(f.Estimated().At)
	case f.Led() != nil && f.Led().Lead == "":
		return "led by nobody any more"
	case f.Led() != nil:
		return fmt.Sprintf("led by %q", f.Led().Lead)
	case f.Titled() != nil && len(f.Titled().Title) == 0:
		return "called as its service again"
	case f.Titled() != nil:
		return fmt.Sprintf("called %q", anyText(f.Titled().Title))
	case f.Accounted() != nil:
		return f.Accounted().String()
	case f.Steered() != nil:
		return f.Steered().String()
	case f.Hastened() != nil:
		return f.Hastened().String()
	case f.Cancelled() != nil:
		return f.Cancelled().String()
	case f.Awaited() != nil:
		return f.Awaited().String()
	case f.Approved() != nil:
		return fmt.Sprintf("- update %d to %s is approved", f.Approved().Update, f.Approved().Audience)
	case f.Rejected() != nil:
		return fmt.Sprintf("- update %d to %s is rejected", f.Rejected().Update, f.Rejected().Audience)
	case f.Lapsed() != nil:
		return f.Lapsed().String()
	case f.Added() != nil:
		return "- a recipient was added to " + f.Added().Audience + " for this incident"
	case f.Removed() != nil:
		return f.Removed().String()
	}
	return ""
}

// String says what an audience hears from now on.
func (c Steered) String() string {
	var parts []string
	if c.Paused {
		parts = append(parts, "nothing until resumed")
	}
	if !c.HoldUntil.IsZero() {
		parts = append(parts, "nothing before "+stamp(c.HoldUntil))
	}
	if c.Every > 0 {
		parts = append(parts, "an update every "+short(c.Every))
	}
	if parts == nil {
		parts = []string{"updates by the policy again"}
	}
	s := fmt.Sprintf("- %s gets %s", c.Audience, strings.Join(parts, ", and "))
	if !c.Breaks.IsZero() {
		s += ", which breaks what was promised before " + stamp(c.Breaks)
	}
	return s
}

// kinship says what several incidents have to do with each other, and what
// watchdogs say.
func (f Fact) kinship() string {
	switch {
	case f.Taken() != nil:
		return fmt.Sprintf("- %s is taken out of it", f.Taken().Service)
	case f.Joined() != nil && f.By != "":
		return fmt.Sprintf("%soutage is part of %s (%s), and told of by it", f.colon(), f.Joined().Incident, f.Joined().Service)
	case f.Joined() != nil:
		return fmt.Sprintf("%soutage is a consequence of %s (%s), and told of by it", f.colon(), f.Joined().Incident, f.Joined().Service)
	case f.Parted() != nil && f.Parted().Over:
		return fmt.Sprintf("%soutage is over, which was a consequence of %s (%s)", f.colon(), f.Parted().Incident, f.Parted().Service)
	case f.Parted() != nil && f.Parted().Split:
		return fmt.Sprintf("%soutage stands on its own: it is no part of %s (%s) any more", f.colon(), f.Parted().Incident, f.Parted().Service)
	case f.Parted() != nil:
		return fmt.Sprintf("%soutage stands on its own: %s (%s) is over, and this is not", f.colon(), f.Parted().Incident, f.Parted().Service)
	case f.Caused() != nil:
		return fmt.Sprintf("- consequence: %s is out too%s", f.Caused().Service, parens(f.Caused().Severity))
	case f.Eased() != nil && f.Eased().Split:
		return fmt.Sprintf("- %s is no part of it any more, and told of by another", f.Eased().Service)
	case f.Eased() != nil && f.Eased().Out:
		return fmt.Sprintf("- %s is still out, and told of by another", f.Eased().Service)
	case f.Eased() != nil:
		return fmt.Sprintf("- consequence over: %s works again", f.Eased().Service)
	case f.Silent() != nil:
		return fmt.Sprintf("silent: no webhook with %s since %s", f.Silent().Watchdog, stamp(f.Silent().Since))
	case f.Ailment() != nil:
		return f.Ailment().String()
	case f.Returned() != nil:
		return fmt.Sprintf("heard again: %s, after %s", f.Returned().Watchdog, short(f.At.Sub(f.Returned().Since)))
	}
	return "something that this version does not know"
}

// colon separates the sentence from "incident SR-12" where it does not go on
// with a verb; before opening, the subject ends in a colon already.
func (f Fact) colon() string {
	if f.Incident == "" {
		return ""
	}
	return "- "
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05Z") }

func parens(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if strings.HasSuffix(what, "y") {
		return fmt.Sprintf("%d %sies", n, strings.TrimSuffix(what, "y"))
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// anyText picks the text to show in a sentence: the one for everybody, else
// the first language by name.
func anyText(texts map[string]string) string {
	if s, ok := texts[""]; ok {
		return s
	}
	first := ""
	for l := range texts {
		if first == "" || l < first {
			first = l
		}
	}
	return texts[first]
}
