package incident

import (
	"fmt"
	"slices"
	"strings"
)

// What became of deliveries after they were accepted comes later, if it comes at
// all: a provider calls back, a mail bounces. It keeps and breaks no promise.
//
//	accepted ──> delivered
//	   └───────> not delivered ──another try may help──> once more by the same channel
//	                    └────────────for good──────────> by a fallback, where there is one
//
// Both only as long as the audience was told nothing newer.

// Aftermath is what is known of a part's deliveries since they were accepted: all
// of it, each time.
type Aftermath struct {
	Incident    string `json:"incident"`
	Update      int    `json:"update"`
	Part        string `json:"part"`
	Audience    string `json:"audience"`
	Delivered   int    `json:"delivered"`
	Undelivered int    `json:"undelivered"`
	// Fell are the rows that were not delivered, and never will be; Again those for
	// whom another try may succeed.
	Fell  []int `json:"fell,omitempty"`
	Again []int `json:"again,omitempty"`
}

// Arrived: more is known of what became of a part's deliveries.
type Arrived struct {
	Update      int    `json:"update"`
	Part        string `json:"part"`
	Audience    string `json:"audience"`
	Delivered   int    `json:"delivered"`
	Undelivered int    `json:"undelivered,omitempty"`
}

// aftermath judges what became of a part later. What is known of it does not become
// less.
func (d *decision) aftermath() {
	a := d.in.Aftermath
	was := d.s.Arrived[a.Part]
	if a.Delivered+a.Undelivered >= was.Delivered+was.Undelivered && (a.Delivered != was.Delivered || a.Undelivered != was.Undelivered) {
		d.emit(Fact{Body: &Arrived{Update: a.Update, Part: a.Part, Audience: a.Audience, Delivered: a.Delivered, Undelivered: a.Undelivered}})
	}
	f := d.s.Flights[a.Update]
	if f == nil {
		f = d.s.Landed[a.Update]
	}
	if f == nil || f.Order.Team {
		return
	}
	fell, again := a.Fell, a.Again
	if f.Order.Again { // that was the other try
		fell, again = append(slices.Clone(fell), again...), nil
	}
	d.fell(f, a.Update, a.Part, fell)
	d.rise(f, a.Update, a.Part, again)
}

// rise notes the rows for whom the same is worth another try.
func (d *decision) rise(f *Flight, update int, part string, rows []int) {
	if rows = f.fresh(part, rows); len(rows) > 0 && f.Order.Kind != Combined {
		d.emit(Fact{Body: &Fell{Update: update, Part: part, Rows: rows, Again: true}})
	}
}

// fresh returns those of a part's rows that are not known to have failed.
func (f *Flight) fresh(part string, rows []int) []int {
	return slices.DeleteFunc(slices.Clone(rows), func(n int) bool { return slices.Contains(f.Fallen[part], n) })
}

// arrive counts what became of a part.
func (s *State) arrive(a *Arrived) {
	was := s.Arrived[a.Part]
	n := s.totals(a.Audience)
	n.Delivered += a.Delivered - was.Delivered
	n.Undelivered += a.Undelivered - was.Undelivered
	mark(&s.Arrived, a.Part, *a)
}

// land keeps an order of which all is reported, for as long as nothing newer was
// told.
func (s *State) land(f *Flight) {
	if f.Order.Team || s.superseded(f.Order) {
		return
	}
	mark(&s.Landed, f.Order.Update, f)
}

// outdate forgets orders since which something newer was told.
func (s *State) outdate() {
	for n, f := range s.Landed {
		if s.superseded(f.Order) {
			delete(s.Landed, n)
		}
	}
}

// channelOf reads the email of SR-12.4.2.email.
func channelOf(part string) string { return part[strings.LastIndexByte(part, '.')+1:] }

// String says it.
func (a Arrived) String() string {
	s := fmt.Sprintf("- update %d, part %s: %d delivered", a.Update, a.Part, a.Delivered)
	if a.Undelivered > 0 {
		s += fmt.Sprintf(", %d not", a.Undelivered)
	}
	return s
}
