package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"sitrep/policies"
)

// source is where a configuration comes from: its file, and those that this one
// names. What was read of it last and was right is kept, so that one file may be
// read again by itself.
type source struct {
	file  string
	read  policies.ReadFile
	amend func(*policies.Config) // what the command line says instead; may be nil
	// elsewhere says what of its files other machines have; nil: this one has all.
	elsewhere policies.Elsewhere

	mu   sync.Mutex
	main []byte            // of the configuration in force
	good map[string][]byte // recipients files in force
	bad  map[string][sha256.Size]byte
	seen map[string][sha256.Size]byte // at the last look
}

// draft is a configuration that was read, and is not in force yet.
type draft struct {
	config *policies.Config
	main   []byte
	files  map[string][]byte
}

func newSource(file string, read policies.ReadFile) *source { return &source{file: file, read: read} }

// load reads all of it anew. The error is of type policies.Problems where the
// configuration is wrong.
func (s *source) load() (draft, error) {
	d := draft{files: map[string][]byte{}}
	var err error
	all := map[string][]byte{}
	d.config, err = policies.LoadFor(s.elsewhere, s.file, func(name string) ([]byte, error) {
		data, err := s.read(name)
		if err == nil {
			all[name] = bytes.Clone(data) // its reader may wipe a secret
		}
		return data, err
	}, brought)
	if err != nil {
		return d, err
	}
	d.main = all[s.file]
	for _, name := range d.config.RecipientsFiles {
		d.files[name] = all[name]
	}
	for name, data := range all { // secrets are not kept
		if name != s.file && d.files[name] == nil {
			clear(data)
		}
	}
	s.amended(d.config)
	return d, nil
}

// begin reads it for a start, at which it is in force.
func (s *source) begin() (*policies.Config, error) {
	if err := there(s.file); err != nil {
		return nil, err
	}
	d, err := s.load()
	if err == nil {
		s.took(d)
	}
	return d.config, err
}

func (s *source) amended(cfg *policies.Config) {
	if s.amend != nil {
		s.amend(cfg)
	}
}

// took notes that a draft is in force.
func (s *source) took(d draft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.main, s.good = d.main, d.files
	s.bad, s.seen = map[string][sha256.Size]byte{}, map[string][sha256.Size]byte{}
}

// news returns the recipients files that are other than those in force and were
// found so before: one that is being written is left alone. One that was refused is
// not tried again until it changes.
func (s *source) news(cfg *policies.Config) (changed []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, name := range cfg.RecipientsFiles {
		data, err := s.read(name)
		if err != nil {
			data = nil
		}
		sum := sha256.Sum256(data)
		last, looked := s.seen[name]
		s.seen[name] = sum
		if err == nil && bytes.Equal(data, s.good[name]) {
			delete(s.bad, name)
			continue
		}
		if refused, was := s.bad[name]; looked && last == sum && !(was && refused == sum) {
			changed = append(changed, name)
		}
	}
	return changed
}

// refused notes that a recipients file, as it is now, stays out.
func (s *source) refused(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bad[name] = s.seen[name]
}

// broken are the recipients files that are not in force as they are.
func (s *source) broken() (names []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.bad {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// errEmptied says that nobody is left in a file that had somebody.
var errEmptied = errors.New("it holds no recipients any more")

// renewed is the configuration in force with one recipients file as it is now: all
// else is what it was when it came into force.
func (s *source) renewed(file string) (draft, error) {
	s.mu.Lock()
	main, good := s.main, s.good
	s.mu.Unlock()
	fresh, err := s.read(file)
	if err != nil {
		return draft{}, fmt.Errorf("it cannot be read: %s", reason(err))
	}
	if lines(fresh) < 2 && lines(good[file]) > 1 {
		return draft{}, errEmptied
	}
	d := draft{main: main, files: map[string][]byte{}}
	d.config, err = policies.LoadFor(s.elsewhere, s.file, func(name string) ([]byte, error) {
		switch {
		case name == s.file:
			return bytes.Clone(main), nil
		case name == file:
			return fresh, nil
		case good[name] != nil:
			return good[name], nil
		}
		data, err := s.read(name) // a secret, of which only its users want to know more
		if err != nil || len(bytes.TrimSpace(data)) == 0 {
			return []byte("unread"), nil
		}
		return data, nil
	}, brought)
	if err != nil {
		return d, err
	}
	for _, name := range d.config.RecipientsFiles {
		d.files[name] = good[name]
	}
	d.files[file] = fresh
	s.amended(d.config)
	return d, nil
}

// lines counts those that say something.
func lines(data []byte) (n int) {
	for line := range strings.Lines(string(data)) {
		if strings.Trim(line, " \t\r\n,") != "" {
			n++
		}
	}
	return n
}
