package policies

import (
	"fmt"
	"slices"
	"strings"
)

// Nearest returns the known word nearest to a wrong one; "" where none is near
// enough to be a likely slip of the pen.
func Nearest(word string, known []string) string {
	best, limit := "", max(1, min(3, len(word)/3))+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < limit {
			best, limit = k, d
		}
	}
	return best
}

// hintFor turns a wrong word into a hint: the nearest known one, else all.
func hintFor(word string, known []string) string {
	if s := Nearest(word, known); s != "" {
		return fmt.Sprintf("did you mean %q?", s)
	}
	const most = 20
	if len(known) > most {
		known = append(slices.Clip(known[:most]), "…")
	}
	return "known here: " + strings.Join(known, ", ")
}

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func distance(a, b string) int {
	const longest = 64 // longer words are no slips, and would cost time
	x, y := []rune(a), []rune(b)
	if len(x) > longest || len(y) > longest {
		return longest
	}
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(x); i++ {
		next := make([]int, len(y)+1)
		next[0] = i
		for j := 1; j <= len(y); j++ {
			cost := 1
			if x[i-1] == y[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}
