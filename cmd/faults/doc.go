// Package faults measures what a fault costs: how much is lost and how much
// comes twice when sitrep is killed, frozen or out of disk, when its files are
// damaged, and when mail servers and the SMS provider misbehave. It holds tests
// only.
//
// Each test runs the real binary as a process, in real time, and is the world
// around it: an SMTP server and a stand-in for Twilio on loopback ports hold the
// authoritative inbox, webhooks are posted and the API is read over HTTP.
//
//	test ── webhooks, kill -9, SIGSTOP, a full disk ──> sitrep (a process)
//	  ^                                                    │ SMTP, HTTP
//	  └───── the inbox, the API, and the ledger <──────────┘ stand-ins here
//
// At the end of each run the books are audited: sitrep is stopped, its store is
// opened, and facts, ledger, API and inbox must tell the same. Planned is the
// sum of final states; nothing is left at work; whoever is accepted has it in
// the inbox, and nobody else; nothing is in the inbox that was not planned; and
// the ledger counted at least as many possible duplicates as there are copies.
//
// A run prints its seed and its figures in one line. By default each is short;
// the long ones are the figures to publish:
//
//	go test ./cmd/faults -run KillEmail -v
//	go test ./cmd/faults -run KillEmail -v -timeout 60m -faults.long -faults.seed=7
//
// What takes more than one machine runs in network namespaces of its own, on a switch
// that is in another: a cable can be pulled there without an end being told.
//
// What depends on the scheduler of the machine is not played again by a seed;
// the moments and places of the faults are.
package faults
