package web

import (
	"crypto/sha256"
	"errors"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/sync/singleflight"

	"sitrep/policies"
)

const (
	// manyWrong is how many wrong passwords are kept in mind.
	manyWrong = 1024
	// manyWaiting is how many passwords may wait to be checked.
	manyWaiting = 32
	// nobodys is what a password is compared with where there is no user at all.
	nobodys = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
)

// passwords knows the users of the web configuration file who may call. The file's
// own guard, in front of sitrep, checks them too; nothing here rests on it.
//
// A check is made to cost a good part of a second. So one is made at a time, few
// may wait, and each is made once: what came of it is kept by the print of name
// and password. Nobody can wash what was right out of that memory by guessing.
type passwords struct {
	file  string
	users map[string]*policies.Token
	log   *slog.Logger
	line  chan struct{} // one for each that waits
	turn  sync.Mutex    // of the one that is checked
	// flight makes one check of those that are the same.
	flight singleflight.Group

	mu      sync.Mutex
	hashes  map[string]string // by user
	costly  string            // the hash that takes longest, for users who are not there
	missing string
	read    time.Time
	right   map[string]judged // by user
	wrong   *simplelru.LRU[judged, struct{}]
}

// judged is a name and a password beside a hash.
type judged struct {
	print [sha256.Size]byte
	hash  string
}

// newPasswords returns nil where no user comes with a password.
func newPasswords(tokens []policies.Token, file string, log *slog.Logger) *passwords {
	p := &passwords{
		file: file, users: map[string]*policies.Token{}, log: log,
		line:  make(chan struct{}, manyWaiting),
		right: map[string]judged{}, wrong: recent[judged, struct{}](manyWrong),
	}
	for i, t := range tokens {
		if t.BasicAuth {
			p.users[t.Name] = &tokens[i]
		}
	}
	if len(p.users) == 0 {
		return nil
	}
	p.hash("") // says at start what is missing
	return p
}

// has reports whether somebody of this name comes with a password.
func (p *passwords) has(user string) bool { return p != nil && p.users[user] != nil }

// find returns the user whose password it is; busy says that it could not be
// checked now.
func (p *passwords) find(c credential, print [sha256.Size]byte) (t *policies.Token, busy bool) {
	j := judged{print: print, hash: p.hash(c.user)}
	right, known := p.recall(c.user, j)
	if !known { // those who show the same at once are one
		done, _, _ := p.flight.Do(string(print[:])+j.hash, func() (any, error) { return p.check(c, j), nil })
		if !done.(bool) {
			return nil, true
		}
		right, _ = p.recall(c.user, j)
	}
	if !right {
		return nil, false
	}
	return p.users[c.user], false
}

// check compares when it is its turn, and keeps what came of it; false where too
// many wait.
func (p *passwords) check(c credential, j judged) bool {
	select {
	case p.line <- struct{}{}:
		defer func() { <-p.line }()
	default:
		return false
	}
	p.turn.Lock()
	right := bcrypt.CompareHashAndPassword([]byte(j.hash), []byte(c.secret)) == nil
	p.turn.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	if right && p.hashes[c.user] == j.hash && p.users[c.user] != nil { // not another's, and his still
		p.right[c.user] = j
	} else {
		p.wrong.Add(j, struct{}{})
	}
	return true
}

// recall says what an earlier check said.
func (p *passwords) recall(user string, j judged) (right, known bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.right[user] == j {
		return true, true
	}
	_, known = p.wrong.Get(j)
	return false, known
}

// hash returns the hash of a user's password: for one who is not there another's,
// so that he takes as long. The file is read again when a second has passed.
func (p *passwords) hash(user string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.read.IsZero() || time.Since(p.read) >= time.Second {
		p.reread()
		p.read = time.Now()
	}
	if h, there := p.hashes[user]; there && p.users[user] != nil {
		return h
	}
	return p.costly
}

func (p *passwords) reread() {
	c, err := readWebConfig(p.file)
	if err != nil {
		p.log.Error("the web configuration file cannot be read; its passwords hold as they were", "err", err)
		if p.hashes != nil {
			return
		}
	}
	p.hashes, p.costly = map[string]string{}, nobodys
	most := 0
	for _, user := range slices.Sorted(maps.Keys(c.Users)) {
		cost, err := bcrypt.Cost([]byte(c.Users[user]))
		if err != nil {
			continue // no password fits
		}
		p.hashes[user] = c.Users[user]
		if cost > most {
			most, p.costly = cost, c.Users[user]
		}
	}
	maps.DeleteFunc(p.right, func(user string, j judged) bool { return p.hashes[user] != j.hash })
	var missing []string
	for _, user := range slices.Sorted(maps.Keys(p.users)) {
		if _, there := p.hashes[user]; !there {
			missing = append(missing, user)
		}
	}
	if m := strings.Join(missing, ", "); m != p.missing {
		if p.missing = m; m != "" {
			p.log.Error("users of access.tokens are not among basic_auth_users of the web configuration file, or without a bcrypt hash; they cannot come in", "users", m)
		}
	}
}

// webConfig is what of the web configuration file concerns the door.
type webConfig struct {
	Users map[string]string `yaml:"basic_auth_users"`
	TLS   struct {
		ClientCA     string `yaml:"client_ca"`
		ClientCAFile string `yaml:"client_ca_file"`
		ClientAuth   string `yaml:"client_auth_type"`
	} `yaml:"tls_server_config"`
}

func readWebConfig(file string) (c webConfig, err error) {
	if file == "" {
		return c, errors.New("there is none; name it with --web.config.file")
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return c, err
	}
	if err := yaml.Unmarshal(data, &c); err != nil { // its own text would show the lines
		return c, errors.New("it is not YAML as a web configuration file has it")
	}
	return c, nil
}

// mustFit says at start where the access block and the web configuration file do
// not go together.
func mustFit(a *policies.Access, file string, log *slog.Logger) {
	c, err := readWebConfig(file)
	if err != nil {
		if file != "" {
			log.Error("the web configuration file cannot be read", "err", err)
		}
		return
	}
	verifies := c.TLS.ClientAuth == "VerifyClientCertIfGiven" || c.TLS.ClientAuth == "RequireAndVerifyClientCert"
	hasUsers := slices.ContainsFunc(a.Tokens, func(t policies.Token) bool { return t.BasicAuth })
	switch {
	case a.Proxy != nil && len(a.Proxy.CertificateNames) > 0 && (!verifies || c.TLS.ClientCA == "" && c.TLS.ClientCAFile == ""):
		log.Error("the web configuration file verifies no client certificate, so nobody can come by the proxy of access.proxy.certificate_names",
			"hint", "set client_ca_file, and client_auth_type: VerifyClientCertIfGiven, under tls_server_config")
	case len(c.Users) > 0 && !hasUsers && a.Proxy == nil:
		log.Error("basic_auth_users of the web configuration file guard every request, and leave no room for a bearer token",
			"hint", "give callers an entry such as {name: alice, role: responder, basic_auth: true} in access.tokens")
	}
}
