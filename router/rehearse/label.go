package rehearse

// labelHeight is that of a row of names of events, and mostLabels how many rows there
// are at most.
const labelHeight, mostLabels = 13.0, 5

// label is what somebody does, above the lanes.
type label struct {
	text string  // "": there is no room for it
	at   float64 // from left to right
	row  int
	left bool // it stands before the line
}

// name finds a place for the name of each event, in the first row in which it hits no
// other: what happens soon after another thing stands below it. It returns how many rows
// that takes beside the first.
func (d *drawing) name() (more int) {
	var free [mostLabels]float64 // up to where a row is taken
	for _, s := range d.Script.Steps {
		if s.At.After(d.to) {
			break
		}
		if s.Fire != nil || s.Resolve != nil || s.Flap != nil {
			continue
		}
		l := label{at: d.x(s.At)}
		text := clip(s.label(), 11, 300)
		long := wide(text, 11) + 4
		for row := range free {
			switch {
			case l.at+long < width-12 && l.at >= free[row]-1:
				l.text, l.row, free[row] = text, row, l.at+long+8
			case l.at+long >= width-12 && l.at-long >= free[row]:
				l.text, l.row, l.left, free[row] = text, row, true, l.at+8
			default:
				continue
			}
			break
		}
		more = max(more, l.row)
		d.labels = append(d.labels, l)
	}
	return more
}
