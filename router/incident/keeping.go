package incident

// What is kept, and what is not, are facts as well: of no incident.

// Erased: somebody was taken out of all that was stored.
type Erased struct {
	Recipients int      `json:"recipients"`
	Rosters    []Blanks `json:"rosters"`
}

// Blanks are a chunk of a roster that held somebody, by its hash, and the one in
// its place.
type Blanks struct {
	Was string `json:"was"`
	Now string `json:"now"`
}

// Forgotten: what there was of incidents that have been over for long was
// removed. It is the first fact of what is left.
type Forgotten struct {
	Incidents int `json:"incidents"` // how many, in all
	Highest   int `json:"highest"`   // number of the last incident there was
}

// keeping says what was removed.
func (f Fact) keeping() string {
	switch {
	case f.Erased() != nil:
		return "erased: " + count(f.Erased().Recipients, "recipient") + " in " + count(len(f.Erased().Rosters), "roster")
	case f.Forgotten() != nil:
		return "forgotten: " + count(f.Forgotten().Incidents, "incident")
	}
	return ""
}

// Housekeeping reports whether the fact is of no incident and no service.
func (f Fact) Housekeeping() bool { return f.Erased() != nil || f.Forgotten() != nil }
