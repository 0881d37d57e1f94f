package policies

import (
	"slices"
	"strings"
)

// Reachable returns the one person of a team who has a name and whom it can write to,
// in whatever letters somebody wrote that; false where nobody is called so, or several
// are: of two of one name, neither is meant for sure.
func (t *Team) Reachable(name string) (who Recipient, known bool) {
	if t == nil || Alike(name, "") {
		return who, false
	}
	for _, r := range t.Recipients {
		if !Alike(r.Name, name) || !slices.ContainsFunc(t.Channels, func(c string) bool { return r.Address(c) != "" }) {
			continue
		}
		if known {
			return Recipient{}, false
		}
		who, known = r, true
	}
	return who, known
}

// Alike reports whether two names are the same, as people write them.
func Alike(a, b string) bool {
	return strings.EqualFold(strings.Join(strings.Fields(a), " "), strings.Join(strings.Fields(b), " "))
}
