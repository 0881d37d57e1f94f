package policies

import (
	"net/netip"
	"slices"
)

// Access lists who may call the HTTP API. At least one of its parts is there.
type Access struct {
	Tokens []Token
	Proxy  *Proxy // nil: no proxy's word counts
}

// Role is what a caller may do.
type Role string

const (
	RoleAlerts    Role = "alerts" // may post webhooks
	RoleViewer    Role = "viewer"
	RoleResponder Role = "responder" // may override
	RoleAdmin     Role = "admin"
)

// Token is a bearer token, or a user who comes with a password.
type Token struct {
	Name  string
	Role  Role
	Token Secret
	// BasicAuth says that there is no token: the password is that of the user of this
	// name in the web configuration file.
	BasicAuth bool
	// MaySendTo are the audiences that he may tell, hold, pause and pace; nil: all.
	MaySendTo []string
}

// Proxy is whose word counts for who somebody is.
type Proxy struct {
	UserHeader   string
	GroupsHeader string // "": it names no groups
	// Addresses and CertificateNames tell the proxy from everybody else; at least one
	// of them is there, and all that are there must hold.
	Addresses        []netip.Prefix
	CertificateNames []string
	// Roles are who gets each: a user, "@" and a group, or "*" for everybody.
	Roles map[Role][]string
}

// RoleOf returns the highest role of somebody whom the proxy let in; "" where he
// has none.
func (p *Proxy) RoleOf(user string, groups []string) Role {
	for _, role := range []Role{RoleAdmin, RoleResponder, RoleViewer} {
		for _, who := range p.Roles[role] {
			group, isGroup := cutGroup(who)
			if who == everybody || !isGroup && who == user || isGroup && slices.Contains(groups, group) {
				return role
			}
		}
	}
	return ""
}

const everybody = "*"

// cutGroup returns the group that an entry of roles names, where it names one.
func cutGroup(who string) (group string, is bool) {
	if len(who) > 0 && who[0] == '@' {
		return who[1:], true
	}
	return "", false
}
