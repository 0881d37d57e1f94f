package words

import (
	"slices"
	"strings"
	"time"
)

// Command is what a person of a team can ask for by SMS. Each language has words of
// its own for it.
type Command string

const (
	SayWords    Command = "say"      // to everybody who is told about it
	SendNow     Command = "send"     // what is due next
	HoldOn      Command = "hold"     // nothing by itself for a while
	Looking     Command = "looking"  // still, for the cause
	Found       Command = "found"    // the cause
	Fixing      Command = "fixing"   // it is being mended
	Fixed       Command = "fixed"    // it is mended, as far as one can see
	EstimateAt  Command = "estimate" // when it may be over
	TakeLead    Command = "lead"     // the person leads from now on
	SayYes      Command = "yes"      // to what waits for it
	SayNo       Command = "no"       // to it, and why
	ResolveNow  Command = "resolve"  // it is over, whatever fires
	OnCourse    Command = "course"   // of a planned change: it goes as planned
	Longer      Command = "later"    // it takes longer, until a time where one follows
	PutBack     Command = "back"     // it is being rolled back
	AllDone     Command = "done"     // it is done, or rolled back where that was said before
	AskForHelp  Command = "help"     // which words there are
	noEstimates Command = "none"     // after EstimateAt: there is none any more
)

// commands are all of them, as the parts of a language are called.
var commands = []Command{SayWords, SendNow, HoldOn, Looking, Found, Fixing, Fixed, EstimateAt, TakeLead, SayYes, SayNo, ResolveNow, OnCourse, Longer, PutBack, AllDone, AskForHelp, noEstimates}

// Reply is a sentence that answers somebody who wrote or tapped.
type Reply string

const (
	ReplySaid       Reply = "done.say"
	ReplySent       Reply = "done.send"
	ReplyHeld       Reply = "done.hold" // {time}
	ReplyBreaks     Reply = "breaks"    // {time}, of a promise that it goes past
	ReplyLooking    Reply = "done.looking"
	ReplyFound      Reply = "done.found"
	ReplyFixing     Reply = "done.fixing"
	ReplyFixed      Reply = "done.fixed"
	ReplyEstimate   Reply = "done.estimate"   // {time}
	ReplyNoEstimate Reply = "done.noestimate" // it was taken back
	ReplyLead       Reply = "done.lead"
	ReplyConfirm    Reply = "confirm"  // {service}, and {code}, by which it is confirmed
	ReplyApproved   Reply = "done.yes" // {n}, the update
	ReplyRejected   Reply = "done.no"  // {n}
	ReplyWaits      Reply = "waits"    // what is new waits for the yes of somebody else; {n}, the update
	ReplyNoReason   Reply = "noreason" // {n}: nothing says why it is not to go out
	ReplyOwn        Reply = "own"      // {n}: he wrote what is new in it
	ReplyYesBy      Reply = "yesby"    // {n}, {name}: somebody approved it before
	ReplyNoBy       Reply = "noby"     // {n}, {name}: somebody rejected it before
	ReplyReplaced   Reply = "replaced" // {n} says something else by now, and waits as {other}
	ReplyNoDraft    Reply = "nodraft"  // {n} does not wait, or goes out by nobody's yes now
	ReplyResolved   Reply = "done.resolve"
	ReplyOverWaits  Reply = "done.resolve.waits" // {n}: the end waits for the yes of somebody else
	ReplyOverHeld   Reply = "done.resolve.held"  // {time}, when who is held back hears so
	ReplyWhich      Reply = "which"              // {list}, of incidents: one is to be named
	ReplyNone       Reply = "none"               // no incident is open
	ReplyUnknown    Reply = "unknown"
	ReplyOver       Reply = "over"     // it is resolved
	ReplyPartOf     Reply = "part"     // {other}, which tells of both
	ReplyMisread    Reply = "misread"  // no command begins it
	ReplyNoWords    Reply = "nowords"  // nothing follows SayWords
	ReplyTooLong    Reply = "long"     // {n}, the most characters
	ReplyNoTime     Reply = "time"     // what follows is no time, or one that has been
	ReplyNotYours   Reply = "notyours" // the team that solves says nothing to everybody
	ReplyRefused    Reply = "refused"  // {why}
	ReplyFailed     Reply = "failed"   // it was not stored
	ReplyPending    Reply = "pending"  // it was stored, and is not decided yet
	ReplyHelp       Reply = "help"
	ReplyStranger   Reply = "stranger" // nobody knows the number
)

// What somebody is answered about a planned change.
const (
	ReplyCourse    Reply = "done.course"
	ReplyLater     Reply = "done.later" // until when is not known
	ReplyUntil     Reply = "done.until" // {time}, its new end
	ReplyBack      Reply = "done.back"
	ReplyComplete  Reply = "done.complete"
	ReplyUndone    Reply = "done.undone"      // it was rolled back, and that is done
	ReplyTurned    Reply = "done.turned"      // {service}, which is out now
	ReplyIsDone    Reply = "confirm.complete" // {service}, and {code}, by which it is confirmed
	ReplyIsUndone  Reply = "confirm.undone"   // likewise
	ReplyNotLead   Reply = "notlead"          // {name}, who leads it
	ReplyNotLater  Reply = "notlater"         // {time}, when it is to be done
	ReplyNotBegun  Reply = "notbegun"         // {time}, when it begins
	ReplyEnded     Reply = "ended"            // {name} said so, {time}
	ReplyOfWork    Reply = "ofwork"           // it is no outage
	ReplyOfOutage  Reply = "ofoutage"         // it is no planned change
	ReplyNoWork    Reply = "nowork"           // none is going on
	PageBegun      Reply = "page.begun"       // {time}
	PageBegins     Reply = "page.begins"      // {time}
	PageUntil      Reply = "page.until"       // {time}
	PageCourse     Reply = "page.course"
	PageLonger     Reply = "page.longer"
	PageRollback   Reply = "page.rollback"
	PageDone       Reply = "page.done"
	PageUndone     Reply = "page.undone"
	PageEnd        Reply = "page.end"        // until when does it take?
	PageOnlyLater  Reply = "page.onlylater"  // a new end goes with nothing else
	PageSureDone   Reply = "page.complete"   // {service}: people are told that it is done
	PageSureUndone Reply = "page.sureundone" // likewise, rolled back
	PageLed        Reply = "page.led"        // {name}, who says how it goes
)

// What the page says by which a person of a team answers a mail.
const (
	PageSince    Reply = "page.since" // {time}
	PageNext     Reply = "page.next"  // {time}
	PageAs       Reply = "page.as"    // {name}
	PageHow      Reply = "page.how"   // how is it going?
	PageLooking  Reply = "page.looking"
	PageFound    Reply = "page.found"
	PageFixing   Reply = "page.fixing"
	PageFixed    Reply = "page.fixed"
	PageOver     Reply = "page.over"
	PageEstimate Reply = "page.estimate" // when may it be over?
	PageExample  Reply = "page.example"  // of an estimate
	PageWords    Reply = "page.words"    // a text for everybody
	PageAtOnce   Reply = "page.atonce"   // it goes out as it is
	PageSend     Reply = "page.send"     // a button
	PageSure     Reply = "page.sure"     // {service}: everybody is told that it is over
	PageYes      Reply = "page.yes"      // a button
	PageNothing  Reply = "page.nothing"  // was filled in
	PageBack     Reply = "page.back"     // a link to the form
	PageGone     Reply = "page.gone"     // the link is too old, or not right
	PageLater    Reply = "page.later"    // it cannot be shown now
)

// What it says of an update that waits for a yes.
const (
	PageWaits   Reply = "page.waits"   // {n}, {audience}: a heading
	PageWrote   Reply = "page.wrote"   // {name}: who wrote what is new in it
	PageNobody  Reply = "page.nobody"  // nobody did: it follows from what sitrep knows
	PageOwn     Reply = "page.own"     // {name} wrote it, and reads this
	PageInstead Reply = "page.instead" // {time}, when something neutral goes out without a yes
	PagePlain   Reply = "page.plain"   // {time}, when the plain end does
	PageSilent  Reply = "page.silent"  // nothing goes out without
	PageDue     Reply = "page.due"     // {time}, when the audience is to hear
	PageMail    Reply = "page.mail"    // a label
	PageSMS     Reply = "page.sms"     // a label
	PageApprove Reply = "page.approve" // a button
	PageReject  Reply = "page.reject"  // opens what follows
	PageWhy     Reply = "page.why"     // why not?
	PageLog     Reply = "page.log"     // no message says so
	PageNo      Reply = "page.no"      // a button
	PageEnded   Reply = "page.ended"   // it is over, and something waits yet
)

// What the message of a test says, which is about no incident.
const (
	TestSubject Reply = "test.subject"
	TestText    Reply = "test.text" // {organisation}
	TestSMS     Reply = "test.sms"  // {organisation}
)

// replySlots says what each sentence fills in.
var replySlots = map[Reply][]string{
	ReplySaid: {slotIncident}, ReplySent: {slotIncident}, ReplyHeld: {slotIncident, slotTime}, ReplyBreaks: {slotTime},
	ReplyLooking: {slotIncident}, ReplyFound: {slotIncident}, ReplyFixing: {slotIncident}, ReplyFixed: {slotIncident},
	ReplyEstimate: {slotIncident, slotTime}, ReplyNoEstimate: {slotIncident}, ReplyLead: {slotIncident},
	ReplyConfirm: {slotIncident, slotService, slotCode}, ReplyApproved: {slotIncident, slotN}, ReplyWaits: {slotIncident, slotN},
	ReplyRejected: {slotIncident, slotN}, ReplyNoReason: {slotIncident, slotN}, ReplyOwn: {slotIncident, slotN}, ReplyYesBy: {slotIncident, slotN, slotName},
	ReplyNoBy: {slotIncident, slotN, slotName}, ReplyReplaced: {slotIncident, slotN, slotOther}, ReplyNoDraft: {slotIncident, slotN},
	ReplyOverWaits: {slotIncident, slotN},
	ReplyResolved:  {slotIncident}, ReplyOverHeld: {slotIncident, slotTime},
	ReplyWhich: {slotList}, ReplyNone: nil, ReplyUnknown: {slotIncident}, ReplyOver: {slotIncident}, ReplyPartOf: {slotIncident, slotOther},
	ReplyMisread: nil, ReplyNoWords: nil, ReplyTooLong: {slotN}, ReplyNoTime: nil, ReplyNotYours: nil, ReplyRefused: {slotIncident, slotWhy},
	ReplyFailed: nil, ReplyPending: {slotIncident}, ReplyHelp: nil, ReplyStranger: nil,

	PageSince: {slotTime}, PageNext: {slotTime}, PageAs: {slotName}, PageSure: {slotService},
	PageHow: nil, PageLooking: nil, PageFound: nil, PageFixing: nil, PageFixed: nil, PageOver: nil,
	PageEstimate: nil, PageExample: nil, PageWords: nil, PageAtOnce: nil, PageSend: nil, PageYes: nil, PageNothing: nil, PageBack: nil, PageGone: nil, PageLater: nil,

	PageWaits: {slotN, slotAudience}, PageWrote: {slotName}, PageOwn: {slotName}, PageInstead: {slotTime}, PagePlain: {slotTime}, PageDue: {slotTime},
	PageNobody: nil, PageSilent: nil, PageMail: nil, PageSMS: nil, PageApprove: nil, PageReject: nil, PageWhy: nil, PageLog: nil, PageNo: nil, PageEnded: nil,

	ReplyCourse: {slotIncident}, ReplyLater: {slotIncident}, ReplyUntil: {slotIncident, slotTime}, ReplyBack: {slotIncident},
	ReplyComplete: {slotIncident}, ReplyUndone: {slotIncident}, ReplyTurned: {slotIncident, slotService},
	ReplyIsDone: {slotIncident, slotService, slotCode}, ReplyIsUndone: {slotIncident, slotService, slotCode},
	ReplyNotLead: {slotIncident, slotName}, ReplyNotLater: {slotIncident, slotTime}, ReplyNotBegun: {slotIncident, slotTime}, ReplyEnded: {slotIncident, slotName, slotTime},
	ReplyOfWork: {slotIncident}, ReplyOfOutage: {slotIncident}, ReplyNoWork: nil,
	PageBegun: {slotTime}, PageBegins: {slotTime}, PageUntil: {slotTime}, PageCourse: nil, PageLonger: nil, PageRollback: nil, PageDone: nil, PageUndone: nil,
	PageEnd: nil, PageOnlyLater: nil, PageSureDone: {slotService}, PageSureUndone: {slotService}, PageLed: {slotName},

	TestSubject: nil, TestText: {slotOrganisation}, TestSMS: {slotOrganisation},
}

// The places in a reply where something is filled in, beside those of a language.
const (
	slotIncident = "{incident}"
	slotCode     = "{code}"
	slotList     = "{list}"
	slotOther    = "{other}"
	slotWhy      = "{why}"
	slotName     = "{name}"
	slotAudience = "{audience}"

	slotOrganisation = "{organisation}"
)

// maxReply is how long an answer by SMS may be, in septets: two segments.
const maxReply = 306

// conversation is how one language talks with who writes back.
type conversation struct {
	commands map[string]Command // by its words, in capitals
	replies  map[Reply]string
}

// conversation reads it.
func (r *grammarReader) conversation() conversation {
	c := conversation{commands: make(map[string]Command), replies: make(map[Reply]string)}
	for _, command := range commands {
		name := "reply.word." + string(command)
		said, tree, ok := r.part(name, false)
		if !ok {
			continue
		}
		words := split(said)
		if len(words) == 0 {
			r.fault(tree, "%q is empty", grammar+name)
		}
		for _, w := range words {
			w = strings.ToUpper(w)
			switch was, taken := c.commands[w]; {
			case strings.ContainsAny(w, " \t") || w != GSM7(w):
				r.fault(tree, "%q says %q, and people write it by SMS: make it one word of plain letters", grammar+name, w)
			case taken && was != command:
				r.fault(tree, "%q and %q both say %q", grammar+name, grammar+"reply.word."+string(was), w)
			default:
				c.commands[w] = command
			}
		}
	}
	for reply, slots := range replySlots {
		c.replies[reply] = r.text("reply."+string(reply), slots...)
	}
	return c
}

// CommandOf returns what a word asks for, in whatever language it is.
func (p *Pack) CommandOf(word string) (c Command, known bool) {
	word = strings.ToUpper(word)
	for _, code := range p.Languages() {
		if c, known = p.languages[code].tongue.conversation.commands[word]; known {
			return c, true
		}
	}
	return "", false
}

// NoEstimate reports whether a word after EstimateAt takes the estimate back.
func (c Command) NoEstimate() bool { return c == noEstimates }

// Speech answers in one language and one time zone.
type Speech struct {
	l    *language
	zone *time.Location
}

// Speech returns how a reader is answered: in the nearest language that there is.
func (p *Pack) Speech(language string, zone *time.Location) Speech {
	if zone == nil {
		zone = time.UTC
	}
	return Speech{p.languages[p.closest(language)], zone}
}

// Language is the code of the language that is spoken.
func (s Speech) Language() string { return s.l.code }

// Zone is where its clock times are.
func (s Speech) Zone() *time.Location { return s.zone }

// Say answers. What is filled in goes by pairs of a name without its braces and a
// text, which is cleaned; it may come from anybody.
func (s Speech) Say(what Reply, pairs ...string) string {
	var fill []string
	for pair := range slices.Chunk(pairs, 2) {
		fill = append(fill, "{"+pair[0]+"}", Clean(pair[1], maxReply))
	}
	return strings.NewReplacer(fill...).Replace(s.l.tongue.conversation.replies[what])
}

// At says a moment: "vandaag om 15.30 uur".
func (s Speech) At(t, now time.Time) string {
	return moment{t.In(s.zone), now.In(s.zone), s.l.tongue}.At()
}

// Brief says it with as few words as possible: "15.30 uur" today.
func (s Speech) Brief(t, now time.Time) string {
	return moment{t.In(s.zone), now.In(s.zone), s.l.tongue}.Brief()
}

// Soon says the clock, and the day only where it is another: "om 15.30 uur".
func (s Speech) Soon(t, now time.Time) string {
	return moment{t.In(s.zone), now.In(s.zone), s.l.tongue}.Soon()
}

// Before says until when.
func (s Speech) Before(t, now time.Time) string {
	return moment{t.In(s.zone), now.In(s.zone), s.l.tongue}.Before()
}

// Title is what a service is called here, by its texts.
func (s Speech) Title(texts map[string]string) string {
	return pick(texts, s.l.code, Clean, maxService).text
}

// ShortReply makes an answer fit to be an SMS: in the GSM alphabet, of two segments at
// most.
func ShortReply(text string) string {
	text = GSM7(text)
	if Septets(text) <= maxReply {
		return text
	}
	return fitWords(text, func(s string) bool { return Septets(s) <= maxReply })
}
