package words

import (
	"fmt"
	"html"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxHTML stays under what common mailboxes cut a message at.
const maxHTML = 100_000

// sureName is up to which length, in runes, an SMS holds the whole name of a
// service.
const sureName = 40

// inspection is what is wrong with one rendered message.
type inspection struct {
	out    Rendered
	s      *speaker
	said   map[string]string // by each channel; the HTML as it reads
	folded map[string]string // the same, of channels where capitals were in the way
	faults []error
}

func inspect(out Rendered, s *speaker) *inspection {
	return &inspection{out: out, s: s, folded: make(map[string]string), said: map[string]string{
		"subject": out.Subject, "text": out.Text, "HTML": html.UnescapeString(out.HTML), "SMS": out.SMS,
	}}
}

// says reports whether a channel says something, in capitals or not.
func (i *inspection) says(channel, text string) bool {
	if strings.Contains(i.said[channel], text) {
		return true
	}
	if i.folded[channel] == "" {
		i.folded[channel] = fold(i.said[channel])
	}
	return strings.Contains(i.folded[channel], fold(text))
}

func (i *inspection) fault(format string, args ...any) {
	i.faults = append(i.faults, fmt.Errorf(format, args...))
}

// must asks that a channel says something; by is the part of which that is the
// matter.
func (i *inspection) must(channel, what, text, by string) {
	if !i.says(channel, text) {
		i.fault("the %s does not say %s%s", channel, what, i.by(by))
	}
}

// email asks that both forms of the email say it.
func (i *inspection) email(what, text, by string) {
	i.must("text", what, text, by)
	i.must("HTML", what, text, by)
}

// by says where the part stands whose matter a fault is.
func (i *inspection) by(part string) string {
	_, where := i.s.by(part)
	return where
}

// checkView renders an update and lists what is wrong with it.
func (p *Pack) checkView(v View, r Reader) (Rendered, []error) {
	s, err := p.speaker(v, r)
	if err != nil {
		return Rendered{}, []error{fmt.Errorf("render message: %w", err)}
	}
	out, err := p.rendered(s, s.letter(), s.sms)
	if err != nil {
		return Rendered{}, []error{fmt.Errorf("render message: %w", err)}
	}
	f, i := s.facts, inspect(out, s)
	i.sizes(s.most())
	i.controls()
	if !f.Kind.own() {
		i.service(f)
	}
	i.email("when the next update comes", f.Next.Before(), "next")
	i.must("SMS", "when the next update comes", GSM7(f.Next.Before()), "sms.next")
	if said := line(GSM7(f.words.text)); readable(said) {
		i.must("SMS", "a person's words", start(said, 10), "sms.head")
	}
	i.chain(f)
	if f.ToTeam() {
		i.team(f)
	}
	i.slots(f, s.language)
	return out, i.faults
}

// sizes asks that the message fits where it goes.
func (i *inspection) sizes(segments int) {
	if n := utf8.RuneCountInString(i.out.Subject); n == 0 || n > maxSubject {
		i.fault("the subject has %d characters, allowed are 1 to %d%s: %q", n, maxSubject, i.by("subject"), start(i.out.Subject, maxSubject)+"…")
	}
	if n := len(i.out.HTML); n > maxHTML {
		i.fault("the HTML has %d bytes, allowed are %d", n, maxHTML)
	}
	if strings.Contains(i.out.HTML, "ZgotmplZ") {
		i.fault("the HTML puts data where it cannot be made safe")
	}
	if i.out.SMS != GSM7(i.out.SMS) {
		i.fault("the SMS is not all in the GSM alphabet")
	}
	if n := Segments(i.out.SMS); n < 1 || n > segments {
		i.fault("the SMS takes %d segments, allowed are 1 to %d%s%s: %q", n, segments, i.by("sms.head"), i.by("sms.next"), start(i.out.SMS, 60)+"…")
	}
}

func (i *inspection) controls() {
	for _, c := range []struct{ channel, said string }{
		{"subject", i.out.Subject}, {"text", Fill(i.out.Text, nil)}, {"HTML", Fill(i.out.HTML, nil)}, {"SMS", i.out.SMS},
	} {
		if strings.ContainsFunc(c.said, func(r rune) bool {
			return unicode.IsControl(r) && (r != '\n' || c.channel == "subject" || c.channel == "SMS")
		}) {
			i.fault("the %s holds control characters", c.channel)
		}
	}
}

// service asks that each channel names what is out.
func (i *inspection) service(f *facts) {
	name := line(f.Name)
	i.email("the service", name, "headline")
	if f.Kind == Nudge { // its subject is who is told when
		i.must("subject", "the incident", start(line(f.Incident), 2), "subject")
	} else {
		i.must("subject", "the service", start(name, 2), "subject")
	}
	if readable(name) {
		short := line(GSM7(name))
		sure := !f.ToTeam() && utf8.RuneCountInString(short) <= sureName
		i.must("SMS", "the service", choose(sure, short, start(short, 2)), "sms.head")
	}
}

// chain asks that the email says what the outage has to do with others. An SMS
// says it where there is room.
func (i *inspection) chain(f *facts) {
	if f.Kind.own() {
		return
	}
	say := func(s *series, what string) {
		if s != nil {
			i.email(what, line(s.titles[0]), "chain")
		}
	}
	say(f.Consequences, "what else is out because of it")
	if f.ToTeam() {
		return
	}
	say(f.Spread, "what it spread to")
	say(f.Recovered, "what came back")
	say(f.Folded, "what it turned out to be the cause of")
	say(f.StillOut, "what is out yet")
	if f.Kind == Progress && f.Change == nil && !f.Monitoring() {
		say(f.After, "which change it is left of")
	}
	if (f.Kind == First || f.Kind == Progress) && (f.After == nil || f.Kind == First) {
		say(f.Outlived, "what it was a consequence of")
	}
}

// team asks that a team can do what it is asked for.
func (i *inspection) team(f *facts) {
	if f.Answer != "" {
		i.email("where its reader answers", f.Answer, "label.answer")
	} else if !f.Kind.own() && f.API != "" {
		i.email("the address of the API", f.API, "command")
	}
	for n, a := range f.asks {
		i.email("who is told", line(a.Audience), "label.ask")
		if a.Awaits > 0 {
			i.email("which update waits for a yes", strconv.Itoa(a.Awaits), "label.ask")
		} else {
			i.email("when an update falls due", a.At.Clock(), "label.ask")
		}
		if first, _, _ := strings.Cut(a.text, "\n"); n == 0 {
			i.email("what goes out by itself", start(line(first), 20), "label.ask")
		}
	}
	if f.Kind == Nudge && f.Reads == communication && f.Asks > 0 && f.Ask.Awaits > 0 {
		i.must("SMS", "which update waits for a yes", strconv.Itoa(f.Ask.Awaits), "sms.head")
	} else if f.Kind == Nudge && f.Asks > 0 && f.Reads == communication {
		i.must("SMS", "when an update falls due", GSM7(f.Ask.At.Clock()), "sms.head")
	}
	if f.Kind == Alarm {
		i.email("which alert should never stop", line(f.Watchdog), "facts")
	}
}

// slots asks that a worker finds what it fills.
func (i *inspection) slots(f *facts, l *language) {
	for _, slot := range []string{SlotLate, SlotMissed} {
		want := choose(slot == SlotLate && f.Late, 0, 1)
		if strings.Count(i.out.Text, Mark(slot)) != want || strings.Count(i.out.HTML, Mark(slot)) != want {
			i.fault("the slot %q does not stand %d times", slot, want)
		}
		if want == 1 && (i.out.Phrases[slot] == "" || strings.ContainsAny(i.out.Phrases[slot], `<>&"'`)) {
			i.fault("the phrase %q is empty, or holds what HTML would need escaped%s", slot, i.by("phrase."+slot))
		}
	}
	if f.Late {
		excuse, _ := l.say("phrase.late", f, true)
		i.email("that it is late", line(excuse), "phrase.late")
	}
}

// checkPieces combines and looks at the outcome.
func (p *Pack) checkPieces(pieces []Piece, r Reader) []error {
	s, each, err := p.gather(pieces, r)
	if err != nil {
		return []error{fmt.Errorf("combine messages: %w", err)}
	}
	out, err := p.combine(s, each)
	if err != nil {
		return []error{fmt.Errorf("combine messages: %w", err)}
	}
	return p.pieceFaults(s, each, out)
}

// pieceFaults lists what is wrong with a combined message.
func (p *Pack) pieceFaults(s *speaker, each []*speaker, out Rendered) []error {
	f, i := s.facts, inspect(out, s)
	i.sizes(1)
	i.controls()
	if n := len(out.HTML) + len(out.Text); n >= maxMail {
		i.fault("the email has %d bytes, allowed are less than %d", n, maxMail)
	}
	if !f.ToTeam() {
		if f.Outages > 0 {
			i.must("subject", "how many outages there are", strconv.Itoa(f.Outages), "subject")
			i.must("SMS", "how many outages there are", strconv.Itoa(f.Outages), "sms.head")
		}
	}
	i.email("when the next update comes", f.Next.Before(), "next")
	i.must("SMS", "when the next update comes", GSM7(f.Next.Before()), "sms.next")
	for _, one := range each[:min(len(each), densities[len(densities)-1].named)] {
		i.email("one of the services", line(one.facts.Name), "headline")
	}
	i.slots(f, p.languages[out.Language])
	return i.faults
}

// fold takes the difference between capitals and small letters out of s. Some
// small letters share a capital (ϑ and θ), so it goes by way of the capitals.
func fold(s string) string { return strings.ToLower(strings.ToUpper(s)) }

// start returns the first n runes of s.
func start(s string, n int) string {
	for i := range s {
		if n--; n < 0 {
			return s[:i]
		}
	}
	return s
}
