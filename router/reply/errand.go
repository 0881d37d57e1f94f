package reply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"sitrep/policies/words"
	"sitrep/router/incident"
)

// phases are what the answers of who solves mean, and what is said to each.
var phases = map[words.Command]struct {
	phase incident.Phase
	reply words.Reply
}{
	words.Looking: {incident.Investigating, words.ReplyLooking},
	words.Found:   {incident.Identified, words.ReplyFound},
	words.Fixing:  {incident.Identified, words.ReplyFixing},
	words.Fixed:   {incident.Monitoring, words.ReplyFixed},
}

// do carries out one command on the incident, and answers. What follows a command that
// is whole by itself makes it prose: "found nothing yet".
func (e *errand) do(ctx context.Context, command words.Command, rest string) string {
	if p, is := phases[command]; is {
		return e.phase(ctx, command, rest, incident.Set{Phase: &p.phase}, p.reply)
	}
	switch command {
	case words.EstimateAt:
		return e.estimate(ctx, rest)
	case words.TakeLead:
		if rest != "" {
			return e.say(words.ReplyMisread)
		}
		name := e.who.name()
		return e.set(ctx, string(command), incident.Set{Lead: &name}, words.ReplyLead)
	}
	if !e.who.talks {
		return e.say(words.ReplyNotYours)
	}
	switch command {
	case words.SayWords:
		return e.words(ctx, rest)
	case words.SendNow:
		if rest != "" {
			return e.say(words.ReplyMisread)
		}
		return e.send(ctx)
	case words.HoldOn:
		return e.hold(ctx, rest)
	case words.SayYes:
		return e.yes(ctx, rest)
	case words.SayNo:
		return e.no(ctx, rest)
	}
	return e.say(words.ReplyMisread)
}

// set changes what is said of the incident.
func (e *errand) set(ctx context.Context, part string, set incident.Set, reply words.Reply, pairs ...string) string {
	set.Incident = e.page.ID
	if _, no := e.submit(ctx, part, incident.Input{Set: &set}); no != "" {
		return no
	}
	return e.say(reply, append(pairs, "incident", e.page.ID)...)
}

// phase says how it is going, and when it may be over where a time follows.
func (e *errand) phase(ctx context.Context, command words.Command, rest string, set incident.Set, reply words.Reply) string {
	if rest == "" {
		return e.set(ctx, string(command), set, reply)
	}
	if first, after := cutWord(rest); first != "" {
		if c, is := e.c.o.Pack.CommandOf(bareWord(first)); is && c == words.EstimateAt {
			rest = after
		}
	}
	if e.takesBack(rest) {
		set.Estimate = new(time.Time)
		return e.set(ctx, string(command), set, reply)
	}
	at, ok := e.when(rest)
	if !ok {
		return e.say(words.ReplyMisread)
	}
	set.Estimate = &at
	answer := e.set(ctx, string(command), set, reply)
	if answer == e.say(reply, "incident", e.page.ID) {
		answer += " " + e.say(words.ReplyEstimate, "incident", e.page.ID, "time", e.speech.At(at, e.at))
	}
	return answer
}

// takesBack reports whether there is no estimate any more.
func (e *errand) takesBack(said string) bool {
	c, is := e.c.o.Pack.CommandOf(bareWord(said))
	return is && c.NoEstimate()
}

// when reads a moment to come, on the clock of who wrote.
func (e *errand) when(said string) (at time.Time, ok bool) {
	at, ok = When(said, e.at.In(e.speech.Zone()))
	return at.UTC().Truncate(time.Minute), ok
}

// estimate says when it may be over.
func (e *errand) estimate(ctx context.Context, said string) string {
	if e.takesBack(said) {
		return e.set(ctx, "estimate", incident.Set{Estimate: new(time.Time)}, words.ReplyNoEstimate)
	}
	at, ok := e.when(said)
	if !ok {
		return e.say(words.ReplyNoTime)
	}
	return e.set(ctx, "estimate", incident.Set{Estimate: &at}, words.ReplyEstimate, "time", e.speech.At(at, e.at))
}

// fits cleans words for everybody, or says why they cannot go out.
func (e *errand) fits(said string) (text, no string) {
	text = words.CleanText(said, maxWords+1)
	switch {
	case text == "":
		return "", e.say(words.ReplyNoWords)
	case utf8.RuneCountInString(text) > maxWords:
		return "", e.say(words.ReplyTooLong, "n", strconv.Itoa(maxWords))
	}
	return text, ""
}

// send has what is due next go out at once.
func (e *errand) send(ctx context.Context) string {
	d, no := e.submit(ctx, "send", incident.Input{Send: &incident.Send{Incident: e.page.ID}})
	if no != "" {
		return no
	}
	parts, goes := e.waiting(d.Facts), slices.ContainsFunc(d.Facts, func(f incident.Fact) bool { return f.Planned() != nil && !f.Planned().Team })
	if goes || len(parts) == 0 {
		parts = append([]string{e.say(words.ReplySent, "incident", e.page.ID)}, parts...)
	}
	return strings.Join(parts, " ")
}

// words go to everybody who is told about it.
func (e *errand) words(ctx context.Context, said string) string {
	text, no := e.fits(said)
	if no != "" {
		return no
	}
	say := &incident.Say{Incident: e.page.ID, Texts: map[string]string{"": text}}
	d, no := e.submit(ctx, "say", incident.Input{Say: say})
	if no != "" {
		return no
	}
	parts := e.waiting(d.Facts)
	goes := len(parts) == 0
	for _, f := range d.Facts {
		goes = goes || f.Planned() != nil && f.Planned().Words > 0 && f.Planned().Draft == 0
	}
	if goes {
		parts = append([]string{e.say(words.ReplySaid, "incident", e.page.ID)}, parts...)
	}
	return strings.Join(parts, " ")
}

// hold lets nothing go out by itself for a while, to nobody. What somebody decided for
// an audience before stays, but for an earlier end of a hold.
func (e *errand) hold(ctx context.Context, said string) string {
	span, ok := Span(said)
	if !ok {
		return e.say(words.ReplyNoTime)
	}
	until := e.at.Add(span).Truncate(time.Minute)
	if !until.After(e.at) {
		until = until.Add(time.Minute)
	}
	var breaks time.Time
	for _, a := range e.page.Audiences {
		if !a.HoldUntil.Before(until) {
			continue
		}
		d, no := e.submit(ctx, "hold "+a.Name, incident.Input{Steer: &incident.Steer{
			Incident: e.page.ID, Audience: a.Name, HoldUntil: until, Paused: a.Paused, Every: a.EverySet,
		}})
		if no != "" {
			return no
		}
		for _, f := range d.Facts {
			if f.Steered() != nil && !f.Steered().Breaks.IsZero() && (breaks.IsZero() || f.Steered().Breaks.Before(breaks)) {
				breaks = f.Steered().Breaks
			}
		}
	}
	answer := e.say(words.ReplyHeld, "incident", e.page.ID, "time", e.speech.Brief(until, e.at))
	if !breaks.IsZero() {
		answer += " " + e.say(words.ReplyBreaks, "time", e.speech.Before(breaks, e.at))
	}
	return answer
}

// resolve is for what was confirmed.
func (e *errand) resolve(ctx context.Context) string {
	d, no := e.submit(ctx, "resolve", incident.Input{Resolve: &incident.Resolve{Incident: e.page.ID}})
	if no != "" {
		return no
	}
	for _, f := range d.Facts {
		if f.Awaited() != nil {
			return e.say(words.ReplyOverWaits, "incident", e.page.ID, "n", strconv.Itoa(f.Awaited().Update))
		}
	}
	if held := e.held(); !held.IsZero() {
		return e.say(words.ReplyOverHeld, "incident", e.page.ID, "time", e.speech.Soon(held, e.at))
	}
	return e.say(words.ReplyResolved, "incident", e.page.ID)
}

// held is until when somebody who was told is held back; zero: nobody is.
func (e *errand) held() (until time.Time) {
	for _, a := range e.page.Audiences {
		if a.Told && a.HoldUntil.After(e.at) && a.HoldUntil.After(until) {
			until = a.HoldUntil
		}
	}
	return until
}

// digest is of two texts, none of which runs into the other. It holds no number that
// anybody could read.
func digest(a, b string) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(len(a)) + ":" + a + b))
	return hex.EncodeToString(sum[:16])
}

const (
	strangerFor  = 24 * time.Hour
	mostStranger = 10_000
)

// strangers are who wrote and is nobody, by a keyed name: each is answered once a day.
type strangers struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// first reports whether somebody is to be answered. Where so many wrote that they
// cannot be told apart any more, nobody is.
func (s *strangers) first(name string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, known := s.seen[name]; known && now.Sub(at) < strangerFor {
		return false
	}
	for was, at := range s.seen {
		if now.Sub(at) >= strangerFor {
			delete(s.seen, was)
		}
	}
	if len(s.seen) >= mostStranger {
		return false
	}
	if s.seen == nil {
		s.seen = map[string]time.Time{}
	}
	s.seen[name] = now
	return true
}
