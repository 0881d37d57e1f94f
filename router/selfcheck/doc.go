// Package selfcheck notices what of sitrep itself does not work, and has those
// alarmed who can mend it.
//
//	what it is told                       what it takes for an ailment              over when
//	an attempt said "down"                again, half a minute later at least;      one is accepted, and ten minutes
//	                                      three times, if others are accepted       passed without "down"
//	a budget's count                      four fifths of the limit; the limit       it is below that again
//	a worker's backlog                    something late, for a minute              nothing is late
//	an attempt was put off                a quarter of an hour, three of them, and  one is accepted
//	                                      none was accepted between
//	what was accepted does not arrive,    at once                                   something does arrive, and ten
//	since the account may not                                                       minutes passed
//	a refused webhook of Alertmanager's   at once                                   one from the same address is taken; of
//	                                                                                one that was too large a day later
//	a recipients file is refused          at once                                   it is taken, or as it was
//	a calendar of changes cannot be read  for a quarter of an hour                  it is read, or there no more
//	entries of one are not taken          at once                                   all are
//	the store takes no write              for a minute; told past the store         it takes one
//
// All but the last are inputs like any other: what becomes of them is for the
// router to decide, so that a restart alarms nobody twice.
package selfcheck
