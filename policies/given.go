package policies

import (
	"cmp"
	"slices"
	"strings"
)

// Given is a recipient as a person gives him who adds him to an audience: text, which is
// empty where he says nothing.
type Given struct{ Name, Email, Phone, Language, TimeZone string }

// Wrong is what is wrong with a field of a recipient, and what to do. It never holds the
// field's text. No field: it is about all of him.
type Wrong struct{ Field, Text, Hint string }

// Recipient judges a recipient of an audience by the rules for those of a recipients
// file, and fills in the language and time zone of the audience.
func (c *Config) Recipient(audience string, g Given) (Recipient, []Wrong) {
	var a *Audience
	for _, one := range c.Audiences {
		if one.Name == audience {
			a = one
		}
	}
	if a == nil {
		return Recipient{}, []Wrong{{"", "there is no such audience", ""}}
	}
	zone := c.Global.TimeZone
	if a.TimeZone != nil {
		zone = a.TimeZone
	}
	p := Recipient{Language: cmp.Or(a.Language, c.Global.Language), TimeZone: zone.String()}
	var wrong []Wrong
	for _, f := range [][2]string{{"name", g.Name}, {"email", g.Email}, {"phone", g.Phone}, {"language", g.Language}, {"time_zone", g.TimeZone}} {
		if field := strings.TrimSpace(f[1]); field != "" {
			if text, hint := p.column(f[0], field, c.Languages, knownZone); text != "" {
				wrong = append(wrong, Wrong{f[0], text, hint})
			}
		}
	}
	if len(wrong) == 0 && !slices.ContainsFunc(a.Channels, func(channel string) bool { return p.Address(channel) != "" }) {
		wrong = append(wrong, Wrong{"", "there is no address for " + strings.Join(a.Channels, " or "), "give one by which the audience is told"})
	}
	return p, wrong
}

func knownZone(name string) bool {
	zone, _ := loadZone(name)
	return zone != nil
}
