package rehearse

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/casebook"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// stage is what a timeline is played against: the configuration that ships, or
// its own.
func stage(t testing.TB, own string) Stage {
	t.Helper()
	cfg, err := policies.Load("default/sitrep.yml", policies.Default.ReadFile)
	if own != "" {
		cfg, err = policies.Load(own, os.ReadFile)
	}
	if err != nil {
		t.Fatal(err)
	}
	templates, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		t.Fatal(err)
	}
	pack, err := words.Parse(templates)
	if err != nil {
		t.Fatal(err)
	}
	return Stage{
		Global: cfg.Global, Words: pack,
		Policy: casebook.Policy{Severities: cfg.Severities, Services: cfg.Services, Audiences: cfg.Audiences, Policies: cfg.Policies, Teams: cfg.Teams, Watchdogs: cfg.Watchdogs, Needs: cfg.Needs()},
	}
}

func played(t testing.TB, stage Stage, name, text string) *Transcript {
	t.Helper()
	s, err := Parse(name, text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := Play(stage, s)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func storyOf(t testing.TB, tr *Transcript) string {
	t.Helper()
	var b bytes.Buffer
	if err := tr.Story(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// fewer says that a test is to look at fewer of many cases; see race_test.go.
var fewer bool

// TestTimelines: each script of testdata, and each that ships, with the configuration of its name or
// the one that ships, is told as its golden file says.
func TestTimelines(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.script")
	shipped, _ := filepath.Glob("../../policies/default/scripts/*.script")
	if scripts = append(scripts, shipped...); len(shipped) == 0 {
		t.Error("no script ships")
	}
	if err != nil || len(scripts) < 20 {
		t.Fatalf("%d scripts, %v", len(scripts), err)
	}
	for _, file := range scripts {
		name := strings.TrimSuffix(filepath.Base(file), ".script")
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tr := played(t, stage(t, ownConfig(t, name)), filepath.Base(file), string(text))
			got := storyOf(t, tr)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("%s differs (rewrite with -update); got:\n%s", golden, got)
			}
			if fewer {
				return
			}
			if again := storyOf(t, played(t, stage(t, ownConfig(t, name)), filepath.Base(file), string(text))); again != got {
				t.Errorf("played again it is another story:\n%s", again)
			}
			wellDrawn(t, tr)
		})
	}
}

// ownConfig returns the configuration of a timeline; "" where it has none.
func ownConfig(t *testing.T, name string) string {
	file := filepath.Join("testdata", name+".yml")
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return ""
	} else if err != nil {
		t.Fatal(err)
	}
	return file
}
