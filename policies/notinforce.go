package policies

import (
	"cmp"
	"slices"
)

// notInForce lists the keys that this version accepts without effect. A key
// that comes into force is one line less here. There is none at present.
var notInForce = []string{}

// idleKeys returns those of them that the file sets, in file order.
func (d *decoder) idleKeys() []string {
	var keys []string
	for _, key := range notInForce {
		if _, set := d.set[key]; set {
			keys = append(keys, key)
		}
	}
	slices.SortStableFunc(keys, func(a, b string) int {
		x, y := d.set[a], d.set[b]
		return cmp.Or(cmp.Compare(x.line, y.line), cmp.Compare(x.column, y.column))
	})
	return keys
}
