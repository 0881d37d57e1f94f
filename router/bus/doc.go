// Package bus keeps everything durable. It is the only one that imports NATS:
// an embedded server with JetStream, in this process, listening nowhere, with
// its files under one folder; or servers that others run (cluster.go).
//
// Streams, and what rests on them:
//
//	SITREP_INBOX    sitrep.v1.inbox                   inputs, many to a message; answered after they are stored
//	SITREP_FACTS    sitrep.v1.facts                   commits, chained by number and hash; the truth
//	SITREP_TEXTS    sitrep.v1.texts.<hash>            what updates say
//	SITREP_ROSTERS  sitrep.v1.rosters.<hash>          who gets them, or a pointer to a chunk that somebody
//	                                                  was erased from; the only place with addresses
//	SITREP_OUTBOX   sitrep.v1.outbox.<channel>.<priority>.<incident>.<audience>.<update>.<chunk>
//	                sitrep.v1.outbox.covered.<channel>.<incident>.<audience>.<update>.<combined part>
//	SITREP_LEDGER   sitrep.v1.ledger.<part>           what became of each delivery
//	SITREP_AUDIT    sitrep.v1.audit.<fact or event>   who did what: lines, chained by number and hash
//	SITREP_META     sitrep.v1.meta.<name>             the store's key, the write probe, how far streams were purged
//
// On a cluster processes speak to each other as well, about what need not be kept:
//
//	sitrep.v1.worker.holds.<worker>.<channel>   is he at a part that was offered anew? (shared.go)
//	sitrep.v1.worker.here.<channel>             how many send by it? (peers.go)
//	sitrep.v1.worker.told                       how a worker's channels do (ears.go)
//	sitrep.v1.alive                             is anybody at work? (others.go)
//
// The outbox's <audience> is board for an audience, @communication for a team,
// and +board or +@communication for a combined update, which is also kept under
// each update that it covers, so that it is found from there.
//
// Writes that must happen once are fenced by expected sequences, which hold for
// ever; the server's window for message ids is short and is not relied on.
// Acknowledgements of the outbox's consumers are leases and nothing more: after
// a kill even confirmed ones come again, and the ledger says what was sent.
//
// The engine does not tell when a damaged file made messages vanish. So the
// highest sequences seen stand in a small file beside the streams, and a start
// that finds less, or a hole, refuses. Commits name the hash of the one before,
// and ledger records the sequence of the one before, so that one that vanished
// later is missed where it is needed. What workers are going to need is read at
// start, and where some of it cannot be, that start refuses too; see intact.go.
//
// The audit is looked after apart from that (audit.go): where lines are missing or
// changed, that is said, and a start goes on.
//
// On a cluster the files are others' to look after, and copies are what a damaged one
// is mended from. What is looked at all the same is what sitrep alone can know: how
// far the streams once reached, and whether the chain is whole. How far they reached
// is kept outside of the servers, in a file of each router's storage folder, since a
// mark that lies beside what it guards is lost with it; and among the streams, for a
// router that begins with an empty folder (highest.go). A worker keeps no files.
// Only a stream's leader is asked what is in it, and what a copy does not have yet is
// waited for (patience.go). blueprint.go says what somebody makes who lets sitrep make
// nothing, and drift.go looks whether it is still so.
//
// Nor does the engine write again to a file that it once could not write, when
// the disk has room again; see engine.go.
//
// What is removed goes from the front of a stream, after a mark says how far, so
// nothing may ever be missing in between. What stays of it is stored again at the
// end first: content (expire.go, erase.go), and facts, as a recap that the chain
// begins with from then on (refound.go). renewal.go says how the engine's files
// are made to go with what was in them.
package bus
