package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"sitrep/policies"
)

// tokens knows the bearer tokens, by their hashes.
type tokens struct {
	all []policies.Token
	log *slog.Logger

	mu     sync.Mutex
	hashes [][sha256.Size]byte // in their order
	read   time.Time
}

// find compares a token with each one that is configured, in the same time
// whichever matches.
func (k *tokens) find(token string) *policies.Token {
	got := sha256.Sum256([]byte(token))
	var found *policies.Token
	for i, h := range k.now() {
		if subtle.ConstantTimeCompare(got[:], h[:]) == 1 {
			found = &k.all[i]
		}
	}
	return found
}

// now returns the hashes of the tokens; their files are read again when a second
// has passed, so that a changed one holds without a restart.
func (k *tokens) now() [][sha256.Size]byte {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.hashes != nil && time.Since(k.read) < time.Second {
		return k.hashes
	}
	hashes := make([][sha256.Size]byte, 0, len(k.all))
	for i, t := range k.all {
		value := t.Token.Value()
		if t.Token.File != "" {
			data, err := os.ReadFile(t.Token.File)
			value = strings.TrimSpace(string(data))
			if err == nil && value == "" { // as while it is being written
				err = errors.New("the file is empty")
			}
			if err != nil {
				k.log.Error("a token cannot be read; it holds as it was", "token", t.Name, "err", err)
				if k.hashes != nil {
					hashes = append(hashes, k.hashes[i])
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
	k.hashes, k.read = hashes, time.Now()
	return hashes
}
