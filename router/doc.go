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
//  5. cut what was planned into parts; cutting twice is cutting once;
//  6. show the new state to readers, and answer those who wait.
//
// State is changed before it is committed, so a commit that is not stored is
// tried until it is; nothing is shown or sent before. A router that is stopped
// in between forgets what it had not committed, and the next one decides the
// same inputs again.
//
// What holds:
//
//   - no accepted input is lost: the cursor into the inbox moves with a commit;
//   - what was planned is cut: at start, what was planned and not cut is cut;
//   - time is counted from facts, never from the engine's timers;
//   - at start the timer waits until the inbox is read: what came in before the
//     stop is judged before what time has done since.
package router
