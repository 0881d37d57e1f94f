// Package intake turns the bytes of Alertmanager's webhook into inputs: parsed,
// cleaned, capped, and less what is known and unchanged.
//
//	bytes ──> Parse ──> observations ──> Memory.News ──> Inputs ──> (stored) ──> Memory.Stored
//	                                                                   └─(perhaps)─> Memory.Doubted
//
// Labels and annotations are text that anybody who can fire an alert chooses.
// Here they lose control and direction characters and their excess; what a
// message makes of them is for the words to decide. Only the annotations whose
// names begin with sitrep_ go to readers that are not technical: see account.go.
//
// What Alertmanager writes is read by quick.go; anything else by webhook.go, which says
// what is wrong with it. Both read alike.
package intake
