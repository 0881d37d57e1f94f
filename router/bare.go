package router

import (
	"sitrep/policies/words"
	"sitrep/router/casebook"
)

// Writer puts updates into words.
type Writer interface {
	casebook.Writer
	// Bare is what goes out where a template failed: nothing but what is out, since
	// when, and when the next word comes.
	Bare(v words.View, r words.Reader) words.Rendered
}

// lapsed tells that a message is said in the words that ship since the operator's
// own failed: once for each part of them.
func (r *Router) lapsed(l *words.Lapse) {
	if l == nil || r.lapses[l.Part] {
		return
	}
	r.lapses[l.Part] = true
	r.o.Log.Warn("a template of your own could not be said; the one that ships goes out instead. sitrep check-config says more", "part", l.Part, "err", l.Err)
}
