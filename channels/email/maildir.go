package email

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// maildirOverlap is how much older than the last one a message may be that comes
// to light after it: it has the time of its writing, and is put into the folder
// when it is complete.
const maildirOverlap = time.Hour

// letterFile is one message of a Maildir.
type letterFile struct {
	path string
	name string // without the flags behind it, hashed: Place is to be small
	at   time.Time
}

// readMaildir reads the messages of a folder in the order in which they were
// written, each once, wherever a mail client moved it meanwhile.
func readMaildir(path string, from Place, each func(io.Reader) error) (Place, error) {
	all, err := listMaildir(path)
	if err != nil {
		return from, fmt.Errorf("reading a mailbox: %w", err)
	}
	read := map[string]bool{}
	for _, n := range from.Names {
		read[n] = true
	}
	newest := from.Newest
	// at is the place with what was read so far; names that are gone are forgotten.
	at := func() Place {
		p := Place{Newest: newest}
		for _, l := range all {
			if read[l.name] && l.at.After(newest.Add(-maildirOverlap)) {
				p.Names = append(p.Names, l.name)
			}
		}
		return p
	}
	now := time.Now()
	for _, l := range all {
		if read[l.name] || !from.Newest.IsZero() && !l.at.After(from.Newest.Add(-maildirOverlap)) {
			continue
		}
		f, err := os.Open(l.path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // moved, or deleted: the next time shows which
		}
		if err != nil {
			return at(), fmt.Errorf("reading a mailbox: %w", err)
		}
		err = each(f)
		f.Close()
		if err != nil {
			return at(), err
		}
		read[l.name] = true
		// A message from the future must not hide those that come after it.
		if l.at.After(newest) {
			newest = l.at
		}
		if newest.After(now) {
			newest = now
		}
	}
	return at(), nil
}

// listMaildir lists new and cur; what is being written stands in tmp.
func listMaildir(path string) ([]letterFile, error) {
	var all []letterFile
	known := map[string]bool{}
	for _, folder := range []string{"new", "cur"} {
		entries, err := os.ReadDir(filepath.Join(path, folder))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, errors.New(`the folder is no Maildir, which has "new" and "cur" in it`)
		}
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			info, err := e.Info()
			if err != nil || !info.Mode().IsRegular() || strings.HasPrefix(e.Name(), ".") {
				continue
			}
			base, _, _ := strings.Cut(e.Name(), ":")
			sum := sha256.Sum256([]byte(base))
			name := base64.RawURLEncoding.EncodeToString(sum[:9])
			if !known[name] {
				known[name] = true
				all = append(all, letterFile{filepath.Join(path, folder, e.Name()), name, info.ModTime().UTC()})
			}
		}
	}
	slices.SortFunc(all, func(a, b letterFile) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	return all, nil
}
