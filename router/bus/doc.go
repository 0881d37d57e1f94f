// Package bus keeps everything durable. It is the only one that imports NATS:
// an embedded server with JetStream, in this process, listening nowhere, with
// its files under one folder.
//
// Streams, and what rests on them:
//
//	SITREP_INBOX    sitrep.v1.inbox                   inputs, many to a message; answered after they are stored
//	SITREP_FACTS    sitrep.v1.facts                   commits, chained by number and hash; the truth
//	SITREP_TEXTS    sitrep.v1.texts.<hash>            what updates say
//	SITREP_ROSTERS  sitrep.v1.rosters.<hash>          who gets them; the only place with addresses
//	SITREP_OUTBOX   sitrep.v1.outbox.<channel>.<priority>.<incident>.<audience>.<update>.<chunk>
//	                sitrep.v1.outbox.covered.<channel>.<incident>.<audience>.<update>.<combined part>
//	SITREP_LEDGER   sitrep.v1.ledger.<part>           what became of each delivery
//	SITREP_META     sitrep.v1.meta.<name>             the store's key, and the write probe
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
// later is missed where it is needed. Nor does the engine write again to a file
// that it once could not write, when the disk has room again; see engine.go.
package bus
