package audit

import (
	"encoding/json"
	"fmt"
)

// Check reads lines in their order, and finds those that are not as they were
// written. The zero value begins with line 1.
type Check struct {
	// After is the line before the first that is there, and Hash its: what was before
	// was removed by its age. An empty hash of another than line 0 is not known.
	After uint64
	Hash  string

	Findings []string
	Lines    int
	begun    bool
	last     uint64 // place of the last that was read
	hash     string // of it
	unread   bool   // something between is missing: its hash is not known
	said     map[string]bool
}

// Said reports whether a line says so of the ones before it, or the finding is that
// one does.
func (c *Check) Said(finding string) bool { return c.said[finding] }

func (c *Check) find(format string, args ...any) {
	c.Findings = append(c.Findings, fmt.Sprintf(format, args...))
}

func (c *Check) begin() {
	if !c.begun {
		c.begun, c.last, c.hash = true, c.After, c.Hash
		c.unread = c.After > 0 && c.Hash == ""
	}
}

// Take reads the line that stands at a place. Places grow; one that is left out is
// missing.
func (c *Check) Take(place uint64, data []byte) {
	c.begin()
	c.gap(place)
	var l Line
	switch err := json.Unmarshal(data, &l); {
	case err != nil:
		c.find("line %d cannot be read", place)
	case l.Number != place:
		c.find("in the place of line %d stands line %d", place, l.Number)
	case l.Prev != c.hash && !c.unread && c.last == 0:
		c.find("line %d names a line before it", place)
	case l.Prev != c.hash && !c.unread:
		c.find("line %d was changed, or another stands in its place: line %d names another hash", c.last, place)
	case l.Kind == Broken:
		c.find("line %d says: %s", place, l.Text)
		if c.said == nil {
			c.said = map[string]bool{}
		}
		c.said[l.Text], c.said[c.Findings[len(c.Findings)-1]] = true, true
	}
	c.Lines++
	c.last, c.hash, c.unread = place, Hash(data), false
}

// gap notes lines that are missing before a place.
func (c *Check) gap(place uint64) {
	switch {
	case place == c.last+2:
		c.find("line %d is missing", c.last+1)
	case place > c.last+2:
		c.find("lines %d to %d are missing", c.last+1, place-1)
	default:
		return
	}
	c.unread = true
}

// End is told the highest line that was ever seen, and the last that was noted beside
// the lines, with its hash: nothing after it says whether it was changed.
func (c *Check) End(highest, noted uint64, hash string) {
	c.begin()
	if c.last == noted && c.Lines > 0 && c.hash != hash {
		c.find("line %d was changed, or another stands in its place", noted)
	}
	c.gap(max(highest, noted) + 1)
}
