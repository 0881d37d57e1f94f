package channels

import (
	"container/heap"
	"time"
)

// later holds the rows that wait, the earliest first. A row is in it once for
// each time it began to wait; one that was ended meanwhile is skipped when it
// comes up.
type later []waiting

type waiting struct {
	row int
	at  time.Time
}

func (l *later) put(row int, at time.Time) { heap.Push(l, waiting{row, at}) }
func (l *later) take() int                 { return heap.Pop(l).(waiting).row }

func (l later) Len() int { return len(l) }
func (l later) Less(a, b int) bool {
	if !l[a].at.Equal(l[b].at) {
		return l[a].at.Before(l[b].at)
	}
	return l[a].row < l[b].row
}
func (l later) Swap(a, b int) { l[a], l[b] = l[b], l[a] }
func (l *later) Push(x any)   { *l = append(*l, x.(waiting)) }
func (l *later) Pop() any {
	n := len(*l) - 1
	x := (*l)[n]
	*l = (*l)[:n]
	return x
}
