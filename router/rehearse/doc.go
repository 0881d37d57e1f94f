// Package rehearse plays a script of what happens against the policies of an
// organisation, and says who would be told what, when and why, and which
// promises are made and kept. Nothing is sent and nothing is stored; a year
// takes seconds.
//
//	script ──Parse──> steps ──┐
//	                          v
//	              ┌──> the next moment: a step, a repeated webhook,
//	              │    or what the casebook waits for
//	              │           │
//	              │    monitoring: alerts fire and resolve, webhooks come or are lost
//	              │           │ inputs
//	              │           v
//	              │    casebook: the judgement that the router runs, in virtual time
//	              │           │ facts                    │ what is due
//	              │           │                          v
//	              │           │                  scribe: who gets it, in which words
//	              │           v                          │
//	              └─── Transcript <── accepted at once ──┘
//	                          │
//	                          v
//	               Table, Story, Lines, Draw
//
// A channel accepts every delivery at the moment of its update, so a broken
// promise in a transcript is the policy's own, a person's, or that of a sitrep
// that was down.
//
// The language of a script, one line each; # begins a comment:
//
//	start 2026-10-23T16:40+02:00             the moment that offsets count from
//	0s    fire MailDown x3 service=mail severity=critical summary="No answer"
//	0s    fire MailDown service=mail sitrep_impact_nl="Geen mail." sitrep_workaround="Call."
//	4m    fire MailDown service=mail sitrep_impact="No mail."   it fires on, and says this now
//	5m    fire DiskFull service=mail         one alert; x3 makes three, by instance
//	10m   flap MailDown every 2m for 1d      resolves, fires again, … and resolves
//	45m   say board,it "A disk failed." phase=identified
//	45m   say nl:"Een schijf." en:"A disk."  to everybody who was told so far
//	50m   say SR-2 "The other one."          where more than one is open
//	45m   open mail severity=critical        a person says that it is out; also since=20m,
//	                                         title and what set says of it, "reason"
//	50m   set phase=monitoring lead="Jan" estimate=2h severity=warning title="email"
//	50m   set impact_nl="Geen mail." impact_en="No mail." ruled_out="No attack."
//	52m   set workaround="Call." impact=""   and summary, known, doing; "" takes back
//	55m   send board                         what is due next to it, at once; or to all
//	55m   cancel 4                           of what waits for its moment
//	55m   approve 5                          a second person lets go out what waits for him
//	55m   reject 5                           or does not
//	55m   merge SR-2 into SR-1               it is part of that
//	55m   split SR-1 mail                    mail is not
//	55m   hold board for 2h                  nothing by itself until then
//	55m   pause staff                        nothing by itself until resumed
//	55m   every management 20m               instead of what the policy says
//	1h    resume board,staff                 as the policy says again
//	1h    lose webhooks                      nothing that monitoring tells arrives
//	2h    find webhooks                      and what was missed comes at once
//	2h    restart for 10m                    sitrep is down; what comes waits
//	3h    resolve MailDown instance=2        some of them; all without labels
//	1d    change "Storage" mail from +2d until +6h decide +5h     it is planned for then
//	3d    begin                              before its time; else it begins by the clock
//	3d5h  decide later                       or on-course, or rolling-back
//	3d5h  extend +2h                         its end; move +1d both
//	3d8h  complete                           or roll-back; before it began, call-off
//	4h    end SR-1 "It was a test."          resolve by hand, whatever fires
//	5h    reopen SR-1 "It was not."
//	until 2d                                 a day after the last line without it
//
// Offsets are time that really passes: 1d is 24 hours, also where the clock is
// changed.
package rehearse
