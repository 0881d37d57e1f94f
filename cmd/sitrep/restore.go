package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"sitrep/router/bus"
)

func runStateRestore(ctx context.Context, dir, file string, stdin io.Reader, stdout, stderr io.Writer) int {
	return told(stderr, func() error {
		in := stdin
		if file != "-" {
			f, err := os.Open(file)
			if err != nil {
				return noFile{fmt.Errorf("read the export: %w", err)}
			}
			defer f.Close()
			in = f
		}
		if err := empty(dir); err != nil {
			return err
		}
		m, err := restore(dir, in)
		var a *account
		if err == nil {
			a, err = verified(ctx, dir, stderr)
		}
		if err == nil {
			err = reaches(a.stock.Streams, m.Streams)
		}
		if err != nil {
			return errors.Join(err, discard(dir)) // half a store is worse than none
		}
		if err := a.table(stdout); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "restored to %s as of %s\nwhat was sent since then may be sent again\n", dir, m.At.Format("2006-01-02 15:04:05Z"))
		return nil
	})
}

// empty makes the folder, or refuses one that has something in it.
func empty(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the storage folder: %w", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("read the storage folder: %w", err)
	}
	if len(entries) > 0 {
		return fmt.Errorf("the folder %s is not empty\nhint: restore to an empty folder, then let it take the place of the old one", dir)
	}
	return nil
}

// errNoExport is of what cannot be restored.
var errNoExport = errors.New("this is not a whole export of sitrep")

// restore unpacks an export and checks every sum.
func restore(dir string, in io.Reader) (*manifest, error) {
	folder, err := bus.Hold(dir)
	if err != nil {
		return nil, err
	}
	defer folder.Release()
	root, err := os.OpenRoot(dir) // nothing is written outside of it, whatever the names are
	if err != nil {
		return nil, fmt.Errorf("open the storage folder: %w", err)
	}
	defer root.Close()
	m, sums, err := unpack(root, in)
	if err == nil {
		err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.IsDir() {
				err = syncFolder(path)
			}
			return err
		})
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w\nhint: it was cut or changed on its way; take another copy", errNoExport, err)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Files)) {
		if sums[name] != m.Files[name] {
			return nil, fmt.Errorf("%w: %s is not as it was written\nhint: it was changed on its way; take another copy", errNoExport, name)
		}
		delete(sums, name)
	}
	for name := range sums {
		return nil, fmt.Errorf("%w: it holds a file %s that its manifest does not name", errNoExport, name)
	}
	return m, nil
}

func unpack(root *os.Root, in io.Reader) (m *manifest, sums map[string]string, err error) {
	zipped, err := gzip.NewReader(in)
	if err != nil {
		return nil, nil, err
	}
	sums = map[string]string{}
	for r := tar.NewReader(zipped); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, err
		}
		switch {
		case m != nil:
			return nil, nil, fmt.Errorf("something comes after the manifest")
		case h.Typeflag != tar.TypeReg || !filepath.IsLocal(h.Name):
			return nil, nil, fmt.Errorf("%q is no plain file of a storage folder", h.Name)
		case h.Name == manifestName:
			if m, err = readManifest(r); err != nil {
				return nil, nil, err
			}
		default:
			if sums[h.Name], err = unpackFile(root, h.Name, r); err != nil {
				return nil, nil, err
			}
		}
	}
	if m == nil {
		return nil, nil, errors.New("its manifest is missing")
	}
	if _, err := io.Copy(io.Discard, zipped); err != nil { // the sum of all of it
		return nil, nil, err
	}
	return m, sums, nil
}

func readManifest(in io.Reader) (*manifest, error) {
	var m manifest
	if err := json.NewDecoder(in).Decode(&m); err != nil {
		return nil, fmt.Errorf("read the manifest: %w", err)
	}
	if m.Format != exportFormat {
		return nil, fmt.Errorf("it has format %d, and this sitrep reads %d", m.Format, exportFormat)
	}
	return &m, nil
}

// unpackFile writes one file durably and returns its sum.
func unpackFile(root *os.Root, name string, in io.Reader) (sum string, err error) {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return "", err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(io.MultiWriter(f, h), in)
	if err == nil {
		err = f.Sync()
	}
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// reaches compares where the streams are with where they were.
func reaches(now, then []bus.Extent) error {
	if !slices.Equal(now, then) {
		return fmt.Errorf("%w: its streams are not where they were", errNoExport)
	}
	return nil
}

// discard empties the folder of what was restored.
func discard(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	if err != nil {
		return fmt.Errorf("remove what was restored: %w", err)
	}
	return nil
}
