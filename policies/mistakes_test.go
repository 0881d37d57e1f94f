package policies

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// A mistake is a change to the files of testdata/base and what Load says about
// it. In testdata/mistakes.txt a case begins with "# " and its title; lines
// with - are replaced by the lines with + that follow them, in whichever base
// file they stand; lines with + alone are added to sitrep.yml; "..." separates
// changes. The rest is the wanted output: the errors, else the warnings.
type mistake struct {
	title   string
	changes []change
	want    string
}

type change struct{ old, new string }

func readMistakes(t *testing.T, text string) []mistake {
	t.Helper()
	var all []mistake
	replacing := false
	for line := range strings.Lines(text) {
		if title, ok := strings.CutPrefix(line, "# "); ok {
			all = append(all, mistake{title: strings.TrimSpace(title)})
			replacing = false
			continue
		}
		if len(all) == 0 {
			t.Fatalf("text before the first case: %q", line)
		}
		m := &all[len(all)-1]
		switch {
		case line == "...\n":
			replacing = false
		case strings.HasPrefix(line, "-"):
			if !replacing || m.changes[len(m.changes)-1].new != "" {
				m.changes = append(m.changes, change{})
			}
			m.changes[len(m.changes)-1].old += line[1:]
			replacing = true
		case strings.HasPrefix(line, "+"):
			if !replacing {
				m.changes = append(m.changes, change{})
				replacing = true
			}
			m.changes[len(m.changes)-1].new += line[1:]
		default:
			replacing = false
			m.want += line
		}
	}
	return all
}

// base returns the base files with a case's changes.
func (m mistake) base(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, name := range []string{"sitrep.yml", "staff.csv", "smtp-password", "token", "empty"} {
		data, err := os.ReadFile(filepath.Join("testdata", "base", name))
		if err != nil {
			t.Fatal(err)
		}
		files[name] = data
	}
	for _, c := range m.changes {
		if c.old == "" {
			files["sitrep.yml"] = append(files["sitrep.yml"], c.new...)
			continue
		}
		found := false
		for name, data := range files {
			if bytes.Contains(data, []byte(c.old)) {
				files[name] = bytes.Replace(data, []byte(c.old), []byte(c.new), 1)
				found = true
			}
		}
		if !found {
			t.Fatalf("no base file holds %q", c.old)
		}
	}
	return files
}

func readFrom(files map[string][]byte) ReadFile {
	return func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return bytes.Clone(data), nil
		}
		return nil, &os.PathError{Op: "open", Path: name, Err: os.ErrNotExist}
	}
}

// said is everything that Load says.
func said(t *testing.T, files map[string][]byte) string {
	t.Helper()
	cfg, err := Load("sitrep.yml", readFrom(files))
	if err != nil {
		if _, ok := errors.AsType[Problems](err); !ok || cfg != nil {
			t.Fatalf("Load returned %T and a config %v", err, cfg)
		}
		return err.Error() + "\n"
	}
	var b strings.Builder
	for _, w := range cfg.Warnings {
		b.WriteString("warning: " + w.String() + "\n")
	}
	return b.String()
}

func TestMistakes(t *testing.T) {
	golden := filepath.Join("testdata", "mistakes.txt")
	text, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	mistakes := readMistakes(t, string(text))
	if *update {
		var b strings.Builder
		for _, m := range mistakes {
			b.WriteString("# " + m.title + "\n")
			for i, c := range m.changes {
				if i > 0 {
					b.WriteString("...\n")
				}
				for line := range strings.Lines(c.old) {
					b.WriteString("-" + line)
				}
				for line := range strings.Lines(c.new) {
					b.WriteString("+" + line)
				}
			}
			b.WriteString(said(t, m.base(t)) + "\n")
		}
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, m := range mistakes {
		t.Run(m.title, func(t *testing.T) {
			if got := said(t, m.base(t)); strings.TrimSpace(got) != strings.TrimSpace(m.want) {
				t.Errorf("got\n%s\nwant\n%s", got, m.want)
			}
		})
	}
}
