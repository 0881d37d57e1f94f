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
	"os"
	"path/filepath"
	"time"

	"sitrep/router/bus"
)

// An export is a gzipped tar of the storage folder's files, and at its end a
// manifest that names each with its sum: an export that was cut has none.
const (
	exportFormat = 1
	manifestName = "manifest.json"
)

type manifest struct {
	Format  int               `json:"format"`
	Version string            `json:"version"` // of the sitrep that wrote it
	At      time.Time         `json:"at"`
	Streams []bus.Extent      `json:"streams"`
	Files   map[string]string `json:"files"` // SHA-256, hex, by path
}

func runStateExport(ctx context.Context, dir, file string, stdout, stderr io.Writer) int {
	return told(stderr, func() error {
		if file != "-" && inside(dir, file) {
			return noFile{errors.New("the export would be a part of what it holds\nhint: write it outside of the storage path")}
		}
		a, err := verified(ctx, dir, stderr)
		if err != nil {
			return err
		}
		folder, err := bus.Hold(dir)
		if err != nil {
			return err
		}
		defer folder.Release()
		if file == "-" {
			return pack(folder, a.stock.Streams, unescaped(stdout))
		}
		if err := writeWhole(file, func(out io.Writer) error { return pack(folder, a.stock.Streams, out) }); err != nil {
			return fmt.Errorf("write the export: %w", err)
		}
		if err := a.table(stdout); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "written to %s, which holds addresses and the key of the store: keep it as safe as those\n", file)
		return nil
	})
}

// inside reports whether a file is in a folder.
func inside(dir, file string) bool {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return false
	}
	file, err = filepath.Abs(file)
	if err != nil {
		return false
	}
	name, err := filepath.Rel(dir, file)
	return err == nil && filepath.IsLocal(name)
}

// verified opens a store, verifies it, and closes it again, so that its files are
// at rest.
func verified(ctx context.Context, dir string, stderr io.Writer) (*account, error) {
	store, err := offline(ctx, storeAt{dir: dir})
	if err != nil {
		return nil, err
	}
	defer store.Close()
	return checked(ctx, store, stderr)
}

// pack writes an export.
func pack(folder *bus.Folder, streams []bus.Extent, out io.Writer) error {
	names, err := folder.Files()
	if err != nil {
		return err
	}
	zipped := gzip.NewWriter(out)
	w := tar.NewWriter(zipped)
	m := manifest{Format: exportFormat, Version: versionText(), At: time.Now().UTC(), Streams: streams, Files: map[string]string{}}
	for _, name := range names {
		if m.Files[name], err = packFile(w, folder.Dir, name); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return fmt.Errorf("encode the manifest: %w", err)
	}
	if err := w.WriteHeader(&tar.Header{Name: manifestName, Mode: 0o600, Size: int64(len(data)), ModTime: m.At}); err != nil {
		return err
	}
	_, err = w.Write(data)
	return errors.Join(err, w.Close(), zipped.Close())
}

// packFile writes one file and returns its sum.
func packFile(w *tar.Writer, dir, name string) (sum string, err error) {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
		return "", err
	}
	h := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, h), f); err != nil {
		return "", fmt.Errorf("pack %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writeWhole makes a file that only its owner reads: whole, also where the power
// fails, or not at all.
func writeWhole(file string, write func(io.Writer) error) error {
	f, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	err = write(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), file); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(file))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
