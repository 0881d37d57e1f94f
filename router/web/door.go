package web

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sitrep/policies"
)

// door knows who may come in.
//
//	request -> who is it?  a token, a password, the proxy's word, or this machine
//	        -> is it he?   a page elsewhere that makes his browser call is not
//	        -> his turn?   by his pace
//	        -> may he?     by his role; what he may tell whom, within says
//
// Whoever fails at the first is looked at ever more seldom; only Alertmanager,
// which sends nothing again after a 4xx, is never told to wait.
type door struct {
	access   *policies.Access // nil: whoever calls from this machine
	tokens   *tokens
	users    *passwords // nil: nobody has one
	attempts *attempts
	pace     *pace
	site     *http.CrossOriginProtection
	tally    *tally
	watch    func(Refusal) // may be nil
	key      [sha256.Size]byte
}

// caller is who came in.
type caller struct {
	name string // as facts have it
	is   string // what he is called where he is told something
	role policies.Role
	// audiences are those that he may tell; nil: all.
	audiences []string
	from      string // his address, or what stands for it
	// browser says that a browser shows who he is by itself, whichever page makes
	// it call.
	browser bool
}

// Local names whoever calls from this machine where no tokens are configured.
const Local = policies.LocalCaller

func newDoor(o Options) *door {
	d := &door{
		access: o.Access, tokens: &tokens{log: o.Log}, attempts: newAttempts(), pace: newPace(),
		site: ownSite(o.ExternalURL), tally: newTally(o.Log), watch: o.Watch.Refused,
	}
	rand.Read(d.key[:])
	if o.Access == nil {
		return d
	}
	d.tokens.all = o.Access.Tokens
	d.users = newPasswords(o.Access.Tokens, o.WebConfig, o.Log)
	mustFit(o.Access, o.WebConfig, o.Log)
	return d
}

// enter returns the caller where he may act in a role.
func (d *door) enter(r *http.Request, needs policies.Role) (caller, *refusal) {
	return d.admit(r, needs, false)
}

// enterWebhook is enter for Alertmanager's webhook: 4xx says to it that what it
// brought is lost, so it is never for what may be right a moment later.
func (d *door) enterWebhook(r *http.Request) (caller, *refusal) {
	return d.admit(r, policies.RoleAlerts, true)
}

func (d *door) admit(r *http.Request, needs policies.Role, webhook bool) (caller, *refusal) {
	who, no := d.recognise(r, webhook)
	who.from = sourceName(sourceOf(r.RemoteAddr))
	if no == nil {
		no = d.allow(r, who, needs, webhook)
	}
	if no != nil {
		d.tell(who, no, webhook)
	}
	return who, no
}

// recognise says who a request is from.
func (d *door) recognise(r *http.Request, webhook bool) (caller, *refusal) {
	if d.access == nil {
		if !fromHere(r) {
			return caller{}, &refusal{reason: Elsewhere, text: "no tokens are configured, so only callers on this machine are answered; add an access block to the configuration"}
		}
		return caller{name: Local, is: "a caller on this machine", role: policies.RoleAdmin}, nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "bearer") && token != "" {
		return d.look(r, credential{secret: strings.TrimSpace(token)}, webhook)
	}
	user, password, basic := r.BasicAuth()
	if basic && d.users.has(user) {
		return d.look(r, credential{basic: true, user: user, secret: password}, webhook)
	}
	if who, no, through := d.proxied(r); through {
		return who, no
	}
	if basic && d.users != nil { // it costs what a user with a wrong password costs
		return d.look(r, credential{basic: true, user: user, secret: password}, webhook)
	}
	text := "no bearer token; send the header Authorization: Bearer <token>"
	if d.access.Proxy != nil {
		text += ", or come by the proxy"
	}
	return caller{}, &refusal{reason: NoLogin, text: text}
}

// allow says whether who is known may do what he wants to.
func (d *door) allow(r *http.Request, who caller, needs policies.Role, webhook bool) *refusal {
	if who.browser && d.site.Check(r) != nil {
		return &refusal{reason: OtherSite, text: "a page of another site made this request; only sitrep's own may act"}
	}
	if !webhook {
		if wait := d.pace.wait(who, time.Now()); wait > 0 {
			return &refusal{reason: TooFast, text: fmt.Sprintf("%s sends more than %d requests a second", who.is, paceRate), after: wait}
		}
	}
	if !may(who.role, needs) {
		return &refusal{reason: WrongRole, text: who.is + " has the role " + string(who.role) + "; this needs " + string(needs)}
	}
	if needs == policies.RoleAlerts && who.audiences != nil { // what alerts open, everybody hears of
		return who.onlyTells("this concerns everybody")
	}
	return nil
}

// may says what the roles allow: each of viewer, responder and admin what the
// one before it may; alerts posts webhooks and nothing else.
func may(has, needs policies.Role) bool {
	rank := map[policies.Role]int{policies.RoleViewer: 1, policies.RoleResponder: 2, policies.RoleAdmin: 3}
	if needs == policies.RoleAlerts {
		return has == policies.RoleAlerts || has == policies.RoleAdmin
	}
	return rank[has] >= rank[needs] && rank[has] > 0
}

// credential is what somebody shows: a token, or a name and a password.
type credential struct {
	basic        bool
	user, secret string
}

// print tells credentials apart, and nothing of them.
func (d *door) print(c credential) (p [sha256.Size]byte) {
	m := hmac.New(sha256.New, d.key[:])
	fmt.Fprintf(m, "%t %d %s%s", c.basic, len(c.user), c.user, c.secret)
	return [sha256.Size]byte(m.Sum(nil))
}

// look takes a look at what somebody shows, where his address has not shown too
// much that was wrong.
func (d *door) look(r *http.Request, c credential, webhook bool) (caller, *refusal) {
	from, print, now := sourceOf(r.RemoteAddr), d.print(c), time.Now()
	wait := d.attempts.wait(from, print, webhook, now)
	if wait > 0 && !webhook {
		return caller{}, &refusal{reason: TooManyWrong, text: "too many wrong tokens or passwords came from your address; wait, and send the right one", after: wait}
	}
	t, busy := d.find(c, print)
	if busy {
		return caller{}, &refusal{reason: Busy, text: "too many passwords are being checked; send it again", after: time.Second}
	}
	if t == nil || wait > 0 && t.Role != policies.RoleAlerts { // nobody finds out a more powerful one by webhooks
		d.attempts.failed(from, print, webhook, now)
		if c.basic {
			return caller{}, &refusal{reason: WrongLogin, text: "no user of access.tokens has this name and password"}
		}
		return caller{}, &refusal{reason: WrongLogin, text: "the token is not known"}
	}
	d.attempts.succeeded(from, print, now)
	who := caller{name: t.Name, is: "the token " + t.Name, role: t.Role, audiences: t.MaySendTo, browser: c.basic}
	if c.basic {
		who.is = "the user " + t.Name
	}
	return who, nil
}

func (d *door) find(c credential, print [sha256.Size]byte) (t *policies.Token, busy bool) {
	if c.basic {
		return d.users.find(c, print)
	}
	return d.tokens.find(c.secret), false
}

// challenges says how one may come in.
func (d *door) challenges() []string {
	if d.users == nil {
		return []string{`Bearer realm="sitrep"`}
	}
	return []string{`Bearer realm="sitrep"`, `Basic realm="sitrep"`}
}

// role is the key under which an operation's metadata says what it needs.
const role = "role"

type callerKey struct{}

// callerOf returns who makes a request that was let through.
func callerOf(ctx context.Context) caller {
	who, _ := ctx.Value(callerKey{}).(caller)
	return who
}

// authorise lets through who may do what an operation does.
func (s *Server) authorise(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		needs, _ := ctx.Operation().Metadata[role].(policies.Role)
		if needs == "" { // every operation says what it needs; one that does not is closed
			needs = policies.RoleAdmin
		}
		r, _ := humago.Unwrap(ctx)
		who, no := s.door.enter(r, needs)
		if no == nil {
			no = s.door.within(who, ctx.Operation(), ctx.Param("name"))
		}
		if no == nil {
			next(huma.WithValue(ctx, callerKey{}, who))
			return
		}
		s.door.headers(no, ctx.AppendHeader)
		huma.WriteErr(api, ctx, no.status(), no.text)
	}
}
