package words

import "slices"

// dependents is what an outage has to do with those of other services. Each is
// nil where there is nothing to say.
type dependents struct {
	// Consequences are out because of this one. Spread are those that are news
	// to the audience, Still the others: together they are all.
	Consequences, Spread, Still *series
	Recovered, Folded, StillOut *series
	Outlived                    *series // one at most
	After                       *series // one at most
	Meanwhile                   *series
}

func newDependents(v View, language string, l *tongue, clean func(string, int) string) dependents {
	say := func(titles []string) *series { return newSeries(titles, l) }
	name := func(services []map[string]string) []string { return titles(services, language, clean) }
	all := name(v.Consequences)
	folded := name(v.Folded)
	var spread []string
	if v.Kind != First { // to whom all is news, this is no other news
		// Somebody who had messages about it knows that it is out.
		spread = without(name(v.NewConsequences), folded)
	}
	d := dependents{
		Consequences: say(all), Spread: say(spread), Still: say(without(all, spread)),
		Recovered: say(name(v.Recovered)), Folded: say(folded),
		Outlived: say(name([]map[string]string{v.Outlived})),
		After:    say(name([]map[string]string{v.After})), Meanwhile: say(name(v.Meanwhile)),
	}
	if v.Kind.final() {
		d.Consequences, d.Spread, d.Still = nil, nil, nil
		d.StillOut, d.Meanwhile = say(name(v.StillOut)), nil
	}
	return d
}

// titles cleans the titles in one language; one that stands twice is said once.
func titles(services []map[string]string, language string, clean func(string, int) string) []string {
	var out []string
	for _, s := range services {
		if t := pick(s, language, clean, maxService).text; t != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

func without(all, some []string) []string {
	return slices.DeleteFunc(slices.Clone(all), func(t string) bool { return slices.Contains(some, t) })
}

// each returns the dependents with every series changed.
func (d dependents) each(change func(*series) *series) dependents {
	for _, s := range []**series{&d.Consequences, &d.Spread, &d.Still, &d.Recovered, &d.Folded, &d.StillOut, &d.Outlived, &d.After, &d.Meanwhile} {
		*s = change(*s)
	}
	return d
}
