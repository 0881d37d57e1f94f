// Package policies is what the operator says: the configuration file, its
// calendars, and who is told how often. It is pure: files come through a
// function that the caller hands in, and no clock, network or randomness is
// used.
//
//	sitrep.yml --> parse --> decode --> resolve --> check --> *Config
//	               (syntax)  (kinds,    (names to   (what fits
//	                          keys)      things)     together)
//
// Load finds all mistakes at once. Each is a Problem with file, line, column,
// the source line, what is wrong and what to do about it. No text, hint or
// source line of a Problem holds a secret; a text or hint holds no address
// either, so that it may be logged.
//
// A Config is resolved: what refers to something by name points to it, and
// defaults are filled in. Nobody changes it afterwards, so it may be shared.
package policies
