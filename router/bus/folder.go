package bus

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Folder is a storage folder of which no engine runs, held against every other
// sitrep.
type Folder struct {
	Dir  string
	lock *os.File
}

// Hold takes a storage folder for this process.
func Hold(dir string) (*Folder, error) {
	l, err := lock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, err
	}
	return &Folder{dir, l}, nil
}

// Release lets others have it.
func (f *Folder) Release() { f.lock.Close() }

const (
	lockFile  = "lock"
	guardFile = "highest.json"
	// Of streams on a cluster: it says nothing of those that were here before.
	clusterGuardFile = "highest.cluster.json"
)

// Files returns what a copy of the store is made of, by slashed paths. The guard
// against loss comes first: a copy that was cut short is seen by it.
func (f *Folder) Files() ([]string, error) {
	var all []string
	err := filepath.WalkDir(f.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(f.Dir, path)
		if err != nil {
			return err
		}
		switch {
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is no plain file", path)
		case name == lockFile, name == "room", strings.HasSuffix(name, ".new"):
		default:
			all = append(all, filepath.ToSlash(name))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the storage folder: %w", err)
	}
	if n := slices.Index(all, guardFile); n > 0 {
		all = slices.Insert(slices.Delete(all, n, n+1), 0, guardFile)
	}
	return all, nil
}

// StreamOf returns which stream a file of a store belongs to; empty where none.
func StreamOf(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) > 4 && strings.Join(parts[:4], "/") == "nats/jetstream/$G/streams" {
		return parts[4]
	}
	return ""
}
