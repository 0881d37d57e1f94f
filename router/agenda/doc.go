// Package agenda plans the changes that a calendar holds, or Alertmanager's silences.
//
//	iCalendar (RFC 5545) --> Calendar --+                    what is planned already
//	                                    +--> Reading --> Compare --> inputs --> router
//	silences (API v2)    --> Silences --+                    ^
//	                                                         what it said last: Plan.Entry
//
// All of a calendar are changes. What follows from an entry, or a silence:
//
//	new                          the change is planned
//	says something else          what of it changed is changed, and nothing else: what a person
//	                             decided of the rest stands
//	says the same                nothing, whatever a person decided meanwhile
//	gone, twice in a row,        the change is called off, where it has not begun
//	or cancelled
//
// Nothing here starts, completes or rolls back a change: that a calendar's entry ends, or a
// silence, says nothing of the work. What was said last is in the facts, so a restart
// compares with the same; and a name in calendars is planned once, whatever became of it.
//
// A calendar that cannot be read changes nothing: what it said last stays. Neither does an
// entry that is not understood; the teams hear of both.
//
// What stands in a calendar was written by others: it is cleaned, and cut.
package agenda
