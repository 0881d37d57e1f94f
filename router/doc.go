// Package router is the loop between what comes in and what goes out.
//
//	Alertmanager ──> intake ──> inbox ──┐
//	on-call API ────────────────^       │
//	                                    v
//	                        ┌───── the router ─────┐
//	timer ────────────────> │ incident.Decide      │
//	                        │ incident.Apply       │──> facts (one commit)
//	                        │ schedule.Plan        │         │
//	                        └──────────────────────┘         v
//	receipts (an input like any other) <── worker <──── outbox, cut into parts
//
// One router is active. One goroutine owns all state, one timer the future.
// Each turn does, in this order and no other:
//
//  1. take a run of inputs, or the incidents whose time has come;
//  2. decide and apply, then plan, for each incident that is touched;
//  3. store what the planned updates say and who gets them, by hash;
//  4. commit the facts: all of it happened, or none. No facts, no commit
//     (but now and then the cursor alone, so that decided inputs can go);
//  5. write the lines of the audit that follow from them; at start, those that
//     a crash kept from being written;
//  6. cut what was planned into parts; cutting twice is cutting once;
//  7. show the new state to readers, and answer those who wait.
//
// State is changed before it is committed, so a commit that is not stored is
// tried until it is; nothing is shown or sent before. A router that is stopped
// in between forgets what it had not committed, and the next one decides the
// same inputs again.
//
// What became of deliveries after they were accepted, and what sitrep notices of
// itself (package selfcheck), are inputs too.
//
// Several routers on one store are one active and others that stand by; who is what,
// and what becomes of one that is fenced, is drawn in succession.go.
//
// Other rules come into force between two turns: reform.go.
//
// Whom a person adds to an audience for one incident is stored before his override
// is: enlist.go.
//
// Beside the loop, once an hour, what is old is removed: retention.go, forget.go.
//
// What holds:
//
//   - no accepted input is lost: the cursor into the inbox moves with a commit;
//   - what was planned is cut: at start, what was planned and not cut is cut;
//   - time is counted from facts, never from the engine's timers;
//   - at start the timer waits until the inbox is read: what came in before the
//     stop is judged before what time has done since.
//
// # What runs beside the loop, with several routers
//
//	compaction of the inbox, retention     the active one: they run in its turn, and end with it
//	parts, withdrawals, derived audit lines the active one; each is stored once, whoever tries again
//	other lines of the audit               each router its own, in one chain: put behind whatever came first
//	calendars and silences                 the active one reads them, and all of them when it becomes it
//	watchdogs                              the active one judges them; the others hear them in the inbox
//	what ails                              channels, queues, budgets and calendars: the active one;
//	                                       one's own door and files: each its own. The next one takes over
//	                                       what the last one noticed
//	that the store takes nothing           whoever was the active one last, and each worker
//	what providers tell, bounces           whoever sent asks, any may be told; the first that stores it counts
//	who is not to be written to            all, as it is stored
//	links that were revoked                the one that was asked, and within seconds all
//	what was stored of alerts lately       each, from the inbox: an alert that one heard end is news to all
//	recipients files, reloads              each its own; that they differ is told
//	drift of the streams, metrics          each
//
// # How far one active router reaches
//
// Measured on two cores that eighteen others were busy on, so no better than it is (go test -run '^$' -bench 'Input|Due' ./router): an input
// that changes something is taken, judged, planned and shown in 0.1 to 0.2 ms, with 10 or 10,000
// open incidents; the store adds one flush a commit, 0.3 ms embedded and one to two on
// three servers, whatever is in it. So one router takes 500 to 2,000 messages of the inbox
// a second. Callers share messages, and repeats are not stored, so that bounds changes
// and not webhooks: of 100,000 alerts a second that all are news, each message would
// carry some hundred.
//
// A million recipients of one update: 2,000 chunks of 500. They are stored once a
// configuration, about 100 KB each: 200 MB, a few seconds. An update is then one fact of
// 100 KB (a commit may hold 1 MiB: ten million would not fit, and would need a roster of
// rosters), one rendering for each language and zone, and 2,000 parts, one flush each:
// 0.6 s embedded, 4 s on three servers. The loop plans it in 0.3 s. The wire takes longer: 10,000 mails a
// second, which one server takes, are 100 s; workers share the parts, so it is the mail
// servers and the account that bound it. Receipts are 2,000 inputs.
//
// Ten thousand organisations with one service, four audiences and an update every half
// hour each: where all are out at once, 40,000 updates in half an hour, 22 a second, and
// each takes a rendering (under 1 ms), the texts (one flush) and a part (one flush): at
// two milliseconds a flush a tenth of the time there is. Due in one moment, as after one
// common cause, the loop plans 10,000 in 11 s of a busy machine; parts and texts are 80,000 flushes, 24 s embedded, 160 s
// on three servers: then updates are late by that. Their alerts, 100 each, repeated every
// five minutes: 3,300 a second, of which each instance keeps in mind what was stored, and
// stores each once in five minutes: 30 messages of 256 KiB a second at the most.
//
// So what ends first is the moment at which very many incidents fall due. What would be
// partitioned then is the service, by deterministic subject partitions:
//
//	sitrep.v1.inbox.<p>, sitrep.v1.facts.<p>    p = hash(the root of what the service depends on) mod P
//
// with a seat, a chain of commits and a cursor of its own for each p. It follows that
//
//   - services that depend on each other are in one partition, since an outage joins
//     that of what it depends on: the hash is of the component, not of the service;
//   - numbers of incidents go by p, p+P, p+2P, so that an override finds its partition by
//     the incident's number, and two partitions never make the same;
//   - a planned change of services in two partitions is in the lowest, which tells the
//     others as an input; so are watchdogs and what ails;
//   - one voice ends at the edge: what falls due for one person in two partitions within
//     a minute is two messages, unless a last stage, by recipient, combines them;
//   - each router may have the seats of several partitions, follows all chains, and so
//     answers as now; P is fixed when the store is made, as the hash is.
package router
