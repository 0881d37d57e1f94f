// Package words says updates in Dutch and English: an email (subject, plain
// text, HTML) and an SMS of each, for what its reader reads. It is pure: a view
// and a reader go in, text comes out.
//
// The sentences are not in Go but in templates, a folder for each language:
//
//	nl/first.tmpl  nl/progress.tmpl  nl/holding.tmpl  nl/closing.tmpl  nl/shared.tmpl
//	en/…
//	mail.html.tmpl                   the one HTML page, for both languages
//
// A file defines parts. A part is looked for from special to general, and the
// first that is defined is said:
//
//	kind.reads.part   holding.executive.opening
//	kind.part         holding.opening
//	reads.part        executive.opening
//	part              opening
//
// Where a name has numbers (holding.opening.1, .2, …) the update's number
// chooses among them in turn, so that two updates running never sound the same.
//
// The composer puts the parts together. An email:
//
//	subject      at most 60 characters: the service's name is shortened to fit
//	preheader    what an inbox shows beside the subject; HTML only
//	state        the coloured mark above the headline; HTML only
//	headline
//	opening      one paragraph: what is out, and what is new
//	             [late] [missed], the slots; or phrase.late where it is known
//	label.words  and a person's words, or label.known and the last ones
//	body         paragraphs, with a blank line between them; may be absent
//	next         when the next update comes
//	facts        a row on each line, "label | value"; without a value it is left out
//	expected     and agreed: the SLA clocks, as such a row; in HTML with a bar
//	label.alerts alert.firing, alert.stopped and alerts.more; technical readers only
//	label.link   and the link; technical readers only
//	foot
//
// An SMS, always one segment, or up to three with a person's words:
//
//	sms.head     service and state; always there
//	             a person's words, cut to fit
//	sms.body     a sentence on each line, most important first, where it costs no segment
//	sms.next     when the next update comes; always there
//	sms.sign     who says it, where it costs no segment
//
// Templates see facts: single lines, cleaned, in the reader's language and time
// zone. The functions are cap (a capital at the beginning) and count (a number
// with its noun). A moment says At ("vandaag om 14.30 uur"), Before ("vóór
// 14.30 uur") and Brief ("14.30 uur"), and whether it is Set and Past.
//
// All text of a view is hostile until Clean has seen it: alerts are written by
// whoever can reach the monitoring. What it brings in stays text: a person's
// words and the alerts never pass through a template of sentences, html/template
// escapes all of it, no address in it becomes a link, and no alert is shown to
// anybody but technical readers or in any SMS.
package words
