// Package words says updates in the languages of its readers: an email (subject,
// plain text, HTML) and an SMS of each, for what its reader reads. It is pure: a
// view and a reader go in, text comes out.
//
// Render says one update. Combine says those of several incidents that fall due
// for one recipient together. Check finds what is wrong with the templates, and
// Hints what readers may stumble over. Examples are messages to look at, and Said
// names the templates that say one.
//
// A language is data and nothing else: how it tells times, durations and counts,
// and its sentences, in a folder that is named as it. Those that ship are in
// policies/default/words; its README is the reference for authors.
//
//	nl/language.tmpl                 times, durations, counts, articles
//	nl/first.tmpl  nl/progress.tmpl  nl/holding.tmpl  …  nl/closing.tmpl   a kind each
//	nl/shared.tmpl                   what all kinds share
//	nl/chain.tmpl                    what an outage has to do with other services
//	nl/combined.tmpl                 several incidents in one message
//	nl/nudge.tmpl  nl/question.tmpl  nl/alarm.tmpl  nl/team.tmpl           to the teams
//	en/…
//	mail.html.tmpl                   the one HTML page, for all languages
//	nl/lint.txt                      the words and forms that Hints looks for
//
// The operator's own templates lie over these by the names of their parts:
//
//	ships:  nl/ en/ mail.html.tmpl ──> a pack ─────────────────────┐ says what
//	                                                               │ own words
//	own:    words/nl/board.tmpl, words/all.tmpl ──> a pack over it ┘ cannot
//	        (nl.holding.opening), words/pl/ …       Render, Combine
//
// Parse refuses own words that cannot be read, that nothing would ever say, or that
// leave a new language unfinished. CheckOwn says every message in them. What fails
// all the same when it is said, or takes an SMS over its limit, is said in the words
// that ship, and Rendered.Lapse tells why: also what has no end, or would fill the
// memory. Bare needs no template at all.
//
// A file defines parts; which file a part stands in makes no difference. A part
// is looked for from special to general, and the first that is defined is said:
//
//	kind.reads.part   holding.executive.opening
//	kind.part         holding.opening
//	reads.part        executive.opening
//	part              opening
//
// The kinds nudge, question and alarm are read as communication or resolution,
// and nothing else is; all others as executive, management, technical, staff or
// customer. What is said of a combined message as a whole has the kind combined,
// and reads what all its pieces read, or nothing where they differ.
//
// Where a name has numbers (holding.opening.1, .2, …) the update's number
// chooses among them in turn, so that two updates running never sound the same.
// In a combined message it is the number of the first piece.
//
// The composer puts the parts together. An email:
//
//	subject      at most 60 characters: the names in it are shortened to fit
//	preheader    what an inbox shows beside the subject; HTML only
//	state        the coloured mark above the headline; HTML only
//	headline
//	opening      one paragraph: what is out, and what is new
//	chain        paragraphs: consequences, what came back, what it was part of
//	             [late] [missed], the slots; or phrase.late where it is known
//	label.words  and a person's words, or label.known and the last ones
//	body         paragraphs, with a blank line between them; may be absent
//	next         when the next update comes; to a team, what happens otherwise
//	label.ask    and the text of each update that falls due, quoted; asks.more
//	how          and command: how to answer, and the line to copy for it
//	facts        a row on each line, "label | value"; without a value it is left out
//	expected     and agreed: the SLA clocks, as such a row; in HTML with a bar
//	label.alerts alert.firing, alert.stopped and alerts.more; technical readers,
//	             and the teams in a question
//	label.link   and the link; technical readers and the teams
//	foot
//
// A combined email has subject, preheader, state, headline, opening, slots, next
// and how of its own, then a section for each of the first ten pieces, from its
// state to its link (rows and clocks to technical readers only; title and
// piece.next instead of headline and next, where they are defined), then item
// for up to ninety more, then items.more, and the foot. Where that would take
// 100,000 bytes it shows less.
//
// An SMS, always one segment, or up to Options.Segments with a person's words:
//
//	sms.head     service and state; always there
//	             a person's words, cut to fit
//	sms.missed   how many before it were not sent; in a variant of it, where there is room
//	sms.chain    as sms.body, with as many names of services as there is room for
//	sms.body     a sentence on each line, most important first, where it costs no segment
//	sms.next     when the next update comes; always there
//	sms.sign     who says it, where it costs no segment
//
// Of a combined one, sms.head names as many services as fit, and sms.body is cut
// as sms.chain is: the lines of such a part must not depend on how many services
// are named.
//
// Templates see facts: single lines, cleaned, in the reader's language and time
// zone. They call Alertmanager's functions under their names, and ours; none of
// these reads a clock, since now is the moment of the message. A moment says At ("vandaag om 14.30 uur"), Before ("vóór
// 14.30 uur"), Soon ("om 14.30 uur"), Clock and Brief ("14.30 uur"), and whether
// it is Set and Past. Several services (Consequences, Spread, Still, Recovered,
// Folded, StillOut, Outlived, After, Meanwhile; Names, New, News and Over of a combined message)
// print as a sentence names them, "e-mail, het netwerk en nog 3 diensten"; Names
// says the bare names, All a longer list, Count how many; none at all is false.
//
// All text of a view is hostile until Clean has seen it: alerts are written by
// whoever can reach the monitoring. What it brings in stays text: a person's
// words, the alerts and the quoted updates never pass through a template of
// sentences, html/template escapes all of it, no address in it becomes a link
// but one of Options.Hosts (all others are written so that no phone and no mail
// program makes a link of them), and no alert is shown to anybody but technical readers and the teams, or in
// any SMS.
package words
