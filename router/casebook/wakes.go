package casebook

import (
	"container/heap"
	"time"
)

// wakes orders incidents by when something becomes true of them by time alone.
type wakes struct{ h wakeHeap }

// set moves an incident to its place; a zero time takes it out.
func (w *wakes) set(e *Case, at time.Time) {
	e.wake = at
	switch {
	case at.IsZero() && e.place >= 0:
		heap.Remove(&w.h, e.place)
	case at.IsZero():
	case e.place >= 0:
		heap.Fix(&w.h, e.place)
	default:
		heap.Push(&w.h, e)
	}
}

// next returns the earliest moment, but none later than limit.
func (w *wakes) next(limit time.Time) time.Time {
	if len(w.h) > 0 && w.h[0].wake.Before(limit) {
		return w.h[0].wake
	}
	return limit
}

// due takes out and returns the incident whose moment came first, if it has
// come.
func (w *wakes) due(now time.Time) *Case {
	if len(w.h) == 0 || w.h[0].wake.After(now) {
		return nil
	}
	return heap.Pop(&w.h).(*Case)
}

// before returns the cases whose moment comes before limit, in no order.
func (w *wakes) before(limit time.Time) []*Case {
	var all []*Case
	var walk func(n int)
	walk = func(n int) { // below a case that comes later, all do
		if n < len(w.h) && w.h[n].wake.Before(limit) {
			all = append(all, w.h[n])
			walk(2*n + 1)
			walk(2*n + 2)
		}
	}
	walk(0)
	return all
}

type wakeHeap []*Case

func (h wakeHeap) Len() int { return len(h) }

// Less orders by moment; at one moment by service and incident, so that a
// restart opens and tells in the same order.
func (h wakeHeap) Less(i, j int) bool {
	a, b := h[i], h[j]
	if c := a.wake.Compare(b.wake); c != 0 {
		return c < 0
	}
	if a.State.Service != b.State.Service {
		return a.State.Service < b.State.Service
	}
	return a.State.ID < b.State.ID
}
func (h wakeHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}
func (h *wakeHeap) Push(x any) {
	e := x.(*Case)
	e.place = len(*h)
	*h = append(*h, e)
}
func (h *wakeHeap) Pop() any {
	old := *h
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	e.place = -1
	return e
}
