package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// anOutage is a store in which an incident began and ended, and everybody was
// told.
func anOutage(t *testing.T) (dir string) {
	t.Helper()
	tell(t, func(t *testing.T, s *story) {
		dir = s.dir
		began := time.Now()
		down := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: began}
		s.webhook(down)
		s.pass(40 * time.Minute)
		down.ends = time.Now()
		s.webhook(down)
		s.pass(20 * time.Minute)
	})
	return dir
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "store")
	if err := os.CopyFS(to, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	return to
}

func streamDir(dir, stream string) string {
	return filepath.Join(dir, "nats", "jetstream", "$G", "streams", stream)
}

// edit changes what a stream's first file holds.
func edit(t *testing.T, dir, stream string, change func([]byte) []byte) {
	t.Helper()
	file := filepath.Join(streamDir(dir, stream), "msgs", "1.blk")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, change(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestStateVerify(t *testing.T) {
	t.Parallel()
	pristine := anOutage(t)
	code, out, errs := sitrepSays("state", "verify", "--storage.path="+pristine)
	if code != exitOK || errs != "" {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	t.Log(out)
	for _, want := range []string{"streams    8\n", "audit      0 lines\n", "incidents  1, the last SR-1\n", "all is well\n", "0 on their way"} {
		if !strings.Contains(out, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	for name, c := range map[string]struct {
		damage func(t *testing.T, dir string)
		want   string
	}{
		"a stream gone": {func(_ *testing.T, dir string) { os.RemoveAll(streamDir(dir, "SITREP_TEXTS")) }, "stream SITREP_TEXTS is missing"},
		"a bit of a text": {func(t *testing.T, dir string) {
			edit(t, dir, "SITREP_TEXTS", func(b []byte) []byte { return flipped(t, b, "language") })
		}, "SITREP_TEXTS"},
		"a bit of a roster": {func(t *testing.T, dir string) {
			edit(t, dir, "SITREP_ROSTERS", func(b []byte) []byte { return flipped(t, b, "bestuurder@") })
		}, "SITREP_ROSTERS"},
		"a bit of a part": {func(t *testing.T, dir string) {
			edit(t, dir, "SITREP_OUTBOX", func(b []byte) []byte { return flipped(t, b, `"audience":"board"`) })
		}, "SITREP_OUTBOX"},
		"a bit of the ledger": {func(t *testing.T, dir string) {
			edit(t, dir, "SITREP_LEDGER", func(b []byte) []byte { return flipped(t, b, `"accepted":1`) })
		}, "the ledger of SR-1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // what is damaged is waited for
			dir := copyOf(t, pristine)
			c.damage(t, dir)
			code, out, errs := sitrepSays("state", "verify", "--storage.path="+dir)
			if code != exitError || !strings.Contains(errs, c.want) || !strings.Contains(errs, "hint:") {
				t.Errorf("exit code %d\n%s%s", code, out, errs)
			}
		})
	}
}

func flipped(t *testing.T, b []byte, word string) []byte {
	t.Helper()
	at := bytes.Index(b, []byte(word))
	if at < 0 {
		t.Fatalf("there is no %s", word)
	}
	b[at+len(word)/2] ^= 1
	return b
}

func TestStateNeedsAStore(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, args := range [][]string{{"state", "verify"}, {"state", "export", "x.tar.gz"}, {"erase", "b@voorbeeld.example"}} {
		code, _, errs := sitrepSays(append(args, "--storage.path="+none)...)
		if code != exitError || !strings.Contains(errs, "there is no store under") || !strings.Contains(errs, "hint:") {
			t.Errorf("%v: exit code %d, %s", args, code, errs)
		}
		if _, err := os.Stat(none); err == nil {
			t.Errorf("%v made the folder", args)
		}
	}
}

func TestStateExportAndRestore(t *testing.T) {
	dir := anOutage(t)
	file := filepath.Join(t.TempDir(), "sitrep.tar.gz")
	code, out, errs := sitrepSays("state", "export", file, "--storage.path="+dir)
	if code != exitOK || !strings.Contains(out, "written to "+file) {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("it leaves something behind: %v", left)
	}
	to := filepath.Join(t.TempDir(), "data")
	code, out, errs = sitrepSays("state", "restore", file, "--storage.path="+to)
	if code != exitOK || !strings.Contains(out, "may be sent again") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs = sitrepSays("state", "verify", "--storage.path="+to); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, _, errs = sitrepSays("state", "restore", file, "--storage.path="+to); code != exitError || !strings.Contains(errs, "is not empty") {
		t.Errorf("onto itself: exit code %d\n%s", code, errs)
	}

	if code, _, errs = sitrepSays("state", "export", filepath.Join(dir, "x.tar.gz"), "--storage.path="+dir); code != exitUsage || !strings.Contains(errs, "hint:") {
		t.Errorf("into itself: exit code %d\n%s", code, errs)
	}

	export, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"cut":            export[:len(export)*2/3],
		"cut at the end": export[:len(export)-4],
		"changed":        flipped(t, bytes.Clone(export), string(export[len(export)/2:len(export)/2+2])),
		"empty":          nil,
		"a changed file": repacked(t, export, func(name string, b []byte) (string, []byte) {
			return name, bytes.Replace(b, []byte("accepted"), []byte("accapted"), 1)
		}),
		"outside": repacked(t, export, func(name string, b []byte) (string, []byte) {
			return strings.Replace(name, "highest.json", "../../escaped", 1), b
		}),
		"absolute": repacked(t, export, func(name string, b []byte) (string, []byte) {
			return strings.Replace(name, "highest.json", to+".escaped", 1), b
		}),
		"one renamed": repacked(t, export, func(name string, b []byte) (string, []byte) {
			return strings.Replace(name, "highest.json", "other.json", 1), b
		}),
		"without its end": repacked(t, export, func(name string, b []byte) (string, []byte) { return strings.Replace(name, "manifest.json", "", 1), b }),
	} {
		t.Run(name, func(t *testing.T) {
			bad := filepath.Join(t.TempDir(), "bad.tar.gz")
			if err := os.WriteFile(bad, data, 0o600); err != nil {
				t.Fatal(err)
			}
			to := filepath.Join(t.TempDir(), "deep", "data")
			code, out, errs := sitrepSays("state", "restore", bad, "--storage.path="+to)
			if code != exitError || !strings.Contains(errs, "not a whole export") {
				t.Errorf("exit code %d\n%s%s", code, out, errs)
			}
			filepath.WalkDir(filepath.Dir(filepath.Dir(to)), func(path string, d os.DirEntry, err error) error {
				if d != nil && !d.IsDir() {
					t.Errorf("it leaves %s behind", path)
				}
				return nil
			})
		})
	}
}

// repacked changes the files of an export; one without a name is left out.
func repacked(t *testing.T, export []byte, change func(name string, b []byte) (string, []byte)) []byte {
	t.Helper()
	in, err := gzip.NewReader(bytes.NewReader(export))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	w := tar.NewWriter(zipped)
	for r := tar.NewReader(in); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		name, data := change(h.Name, data)
		if name == "" {
			continue
		}
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A lone - is the standard output, or input.
func TestStateThroughAPipe(t *testing.T) {
	dir := anOutage(t)
	to := filepath.Join(t.TempDir(), "data")
	export, err := sitrep("state", "export", "-", "--storage.path="+dir).Output()
	if err != nil {
		t.Fatal(err)
	}
	in := sitrep("state", "restore", "-", "--storage.path="+to)
	in.Stdin = bytes.NewReader(export)
	if out, err := in.CombinedOutput(); err != nil || !strings.Contains(string(out), "restored to") {
		t.Errorf("%v\n%s", err, out)
	}
	in = sitrep("erase", "-", "--storage.path="+to)
	in.Stdin = strings.NewReader("bestuurder@voorbeeld.example\n\n+31 6 1234 5605\n")
	if out, err := in.CombinedOutput(); err != nil || !strings.HasPrefix(string(out), "erased: 2 recipients in 1 roster\n") {
		t.Errorf("%v\n%s", err, out)
	}
}
