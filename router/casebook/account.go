package casebook

import (
	"sitrep/policies/words"
	"sitrep/router/incident"
)

// Account is what is told of a case beyond its state, and where that comes from.
func (b *Book) Account(c *Case) map[incident.Thing]incident.Passage {
	return c.State.Account(b.rules.Severities, b.Service(c.State.Service))
}

// inWords is what is told, for the words of a message.
func inWords(account map[incident.Thing]incident.Passage) words.Account {
	of := func(t incident.Thing) map[string]string { return account[t].Texts }
	return words.Account{
		Summary: of(incident.Summary), Impact: of(incident.Impact), Workaround: of(incident.Workaround),
		Known: of(incident.Known), RuledOut: of(incident.RuledOut), Doing: of(incident.Doing),
	}
}
