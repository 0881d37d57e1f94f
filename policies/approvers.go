package policies

import (
	"cmp"
	"slices"
	"strings"
)

// communicationTeam is who talks, and is asked for a second person's yes.
const communicationTeam = "communication"

// LocalCaller is by which name facts know who calls from the same machine, where
// nobody has a token.
const LocalCaller = "local"

// Called is by which name facts know a person of a team. It is never his address.
func (r Recipient) Called() string { return cmp.Or(r.Name, "somebody of a team") }

// Approvers are who can say yes to what goes to an audience.
type Approvers struct {
	// Names are as facts have them: people of the team that talks who can answer, and
	// callers of the API. People without a name are one, since nobody tells them apart.
	Names []string
	// More says that there are others whom the configuration does not name: a proxy's.
	More bool
}

// Only reports whether nobody but some people can say yes.
func (a Approvers) Only(people []string) bool {
	return !a.More && !slices.ContainsFunc(a.Names, func(name string) bool { return !slices.Contains(people, name) })
}

// Approvers returns who can say yes to what goes to an audience. Where the team that
// talks has nobody, all of the teams talk.
func (c *Config) Approvers(audience string) (all Approvers) {
	add := func(name string) {
		if !slices.Contains(all.Names, name) {
			all.Names = append(all.Names, name)
		}
	}
	someoneTalks := slices.ContainsFunc(c.Teams, func(t *Team) bool { return t.Name == communicationTeam && len(t.Recipients) > 0 })
	for _, t := range c.Teams {
		for _, r := range t.Recipients {
			if (t.Name == communicationTeam || !someoneTalks) && c.answers(t, r) {
				add(r.Called())
			}
		}
	}
	if c.Access == nil {
		add(LocalCaller)
		return all
	}
	for _, t := range c.Access.Tokens {
		if (t.Role == RoleResponder || t.Role == RoleAdmin) && (t.MaySendTo == nil || slices.Contains(t.MaySendTo, audience)) {
			add(t.Name)
		}
	}
	if p := c.Access.Proxy; p != nil {
		for _, role := range []Role{RoleResponder, RoleAdmin} {
			for _, who := range p.Roles[role] {
				if _, group := cutGroup(who); group || who == "*" {
					all.More = true
					continue
				}
				name, _, _ := strings.Cut(who, "@")
				add(name)
			}
		}
	}
	return all
}

// answers reports whether a person of a team can answer from his phone: by SMS, or by
// the link that a mail brings.
func (c *Config) answers(t *Team, r Recipient) bool {
	_, bySMS := c.Replies()
	byLink := strings.HasPrefix(c.Global.ExternalURL, "https://") && slices.Contains(t.Channels, channelEmail)
	return bySMS && r.Phone != "" || byLink && r.Email != ""
}

// reached reports whether somebody of the team that talks is told anything.
func (c *Config) reached() bool {
	return slices.ContainsFunc(c.Teams, func(t *Team) bool {
		return t.Name == communicationTeam && slices.ContainsFunc(t.Recipients, func(r Recipient) bool {
			return slices.ContainsFunc(t.Channels, func(channel string) bool { return r.Address(channel) != "" })
		})
	})
}

// secondYes warns where nobody is asked for the yes that an audience wants, and where
// there are no two people: who wrote what is new would be the only one to approve it.
func (l *loader) secondYes() {
	for _, a := range l.cfg.Audiences {
		if !a.Approval {
			continue
		}
		if !l.cfg.reached() {
			l.warn(l.gated[a], "add teams.communication, with a recipient whom its channels reach", "what goes to %q waits for a yes, and nobody is asked for it", a.Name)
		}
		if who := l.cfg.Approvers(a.Name); !who.More && len(who.Names) < 2 {
			can := "nobody can give one"
			if len(who.Names) == 1 {
				can = "one alone can give one"
			}
			l.warn(l.gated[a], "name two people under teams.communication who can answer (by SMS to a number that can receive, by mail with an https external_url), or give another a token that may send to it",
				"what somebody writes to %q waits for the yes of another person, and %s", a.Name, can)
		}
	}
}
