package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sitrep/policies"
)

// door knows who may come in.
type door struct {
	access *policies.Access // nil: whoever calls from this machine
	log    *slog.Logger

	mu     sync.Mutex
	hashes [][sha256.Size]byte // of the tokens, in their order
	read   time.Time
}

// refusal is why somebody may not come in.
type refusal struct {
	status int
	text   string
}

// Local names whoever calls from this machine where no tokens are configured.
const Local = "local"

func newDoor(a *policies.Access, log *slog.Logger) *door { return &door{access: a, log: log} }

// enter returns the name of the caller where he may act in a role.
func (d *door) enter(r *http.Request, needs policies.Role) (name string, no *refusal) {
	if d.access == nil {
		if !fromHere(r) {
			return "", &refusal{http.StatusForbidden, "no tokens are configured, so only callers on this machine are answered; add an access block to the configuration"}
		}
		return Local, nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return "", &refusal{http.StatusUnauthorized, "no bearer token; send the header Authorization: Bearer <token>"}
	}
	t := d.find(strings.TrimSpace(token))
	switch {
	case t == nil:
		return "", &refusal{http.StatusUnauthorized, "the token is not known"}
	case !may(t.Role, needs):
		return "", &refusal{http.StatusForbidden, "the token " + t.Name + " has the role " + string(t.Role) + "; this needs " + string(needs)}
	}
	return t.Name, nil
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

// find compares a token with each one that is configured, in the same time
// whichever matches.
func (d *door) find(token string) *policies.Token {
	got := sha256.Sum256([]byte(token))
	var found *policies.Token
	for i, h := range d.tokens() {
		if subtle.ConstantTimeCompare(got[:], h[:]) == 1 {
			found = &d.access.Tokens[i]
		}
	}
	return found
}

// tokens returns the hashes of the tokens; their files are read again when a
// second has passed, so that a changed one holds without a restart.
func (d *door) tokens() [][sha256.Size]byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.hashes != nil && time.Since(d.read) < time.Second {
		return d.hashes
	}
	var hashes [][sha256.Size]byte
	for i, t := range d.access.Tokens {
		value := t.Token.Value()
		if t.Token.File != "" {
			data, err := os.ReadFile(t.Token.File)
			value = strings.TrimSpace(string(data))
			if err == nil && value == "" { // as while it is being written
				err = errors.New("the file is empty")
			}
			if err != nil {
				d.log.Error("a token cannot be read; it holds as it was", "token", t.Name, "err", err)
				if d.hashes != nil {
					hashes = append(hashes, d.hashes[i])
					continue
				}
			}
		}
		if value == "" { // matches nothing: no token hashes to zeros
			hashes = append(hashes, [sha256.Size]byte{})
			continue
		}
		hashes = append(hashes, sha256.Sum256([]byte(value)))
	}
	d.hashes, d.read = hashes, time.Now()
	return hashes
}

// fromHere reports whether a request comes from this machine and was meant for
// it: a page elsewhere that makes a browser here call does not count, nor a name
// that was bent to point here, nor whoever comes through a proxy here.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err == nil && !loopback(host) { // an address without a port is a socket file's
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	if !loopback(strings.Trim(name, "[]")) {
		return false
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin") // of every post that a browser makes
	return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// role is the key under which an operation's metadata says what it needs.
const role = "role"

type callerKey struct{}

// authorise lets through who may do what an operation does.
func (s *Server) authorise(api huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		needs, _ := ctx.Operation().Metadata[role].(policies.Role)
		if needs == "" { // every operation says what it needs; one that does not is closed
			needs = policies.RoleAdmin
		}
		r, _ := humago.Unwrap(ctx)
		name, no := s.door.enter(r, needs)
		if no != nil {
			if no.status == http.StatusUnauthorized {
				ctx.SetHeader("WWW-Authenticate", `Bearer realm="sitrep"`)
			}
			huma.WriteErr(api, ctx, no.status, no.text)
			return
		}
		next(huma.WithValue(ctx, callerKey{}, name))
	}
}
