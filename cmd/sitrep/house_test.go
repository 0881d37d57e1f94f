package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// arrows are what each room may import of ours. A room that is not here may not
// be there.
var arrows = map[string][]string{
	"policies":             {},
	"policies/words":       {"policies"},
	"router/incident":      {"policies"},
	"router/schedule":      {"policies", "router/incident"},
	"router/casebook":      {"policies", "policies/words", "router/incident", "router/schedule"},
	"router/rehearse":      {"policies", "policies/words", "router/casebook", "router/incident", "router/schedule"},
	"router/intake":        {"router/incident"},
	"router/audit":         {"router/incident"},
	"router/bus":           {"router/audit", "router/incident", "channels"},
	"router":               {"router/audit", "router/casebook", "router/incident", "router/schedule", "policies", "policies/words", "channels"},
	"router/selfcheck":     {"router/incident", "channels"},
	"router/reply":         {"router", "router/incident", "policies", "policies/words", "channels"},
	"router/agenda":        {"policies", "router", "router/incident"},
	"router/web":           {"router", "router/audit", "router/intake", "router/incident", "policies"},
	"channels":             {},
	"channels/email":       {"channels"},
	"channels/sms":         {"channels"},
	"channels/channeltest": {"channels"},
	"cmd/sitrep": {
		"policies", "policies/words", "router", "router/agenda", "router/audit", "router/casebook", "router/incident", "router/rehearse", "router/bus", "router/reply", "router/selfcheck", "router/web",
		"channels", "channels/email", "channels/sms", "channels/channeltest",
	},
	"cmd/faults": {}, // tests only; they run the binary, and read its store
	"cmd/speed":  {}, // likewise
}

// pure are the rooms without a clock, randomness, network or goroutine.
var pure = []string{"policies", "policies/words", "router/audit", "router/incident", "router/schedule", "router/casebook", "router/rehearse"}

// doors are what a pure room may not import, and clocks what it may not call
// of package time.
var (
	doors = []string{"os", "net", "net/http", "math/rand", "math/rand/v2", "crypto/rand", "io/ioutil", "syscall", "os/exec", "sync"}
	// parsers stand beside the network and do not touch it.
	parsers = []string{"net/mail", "net/url", "net/netip"}
	clocks  = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTicker", "NewTimer"}
)

// files parses the Go files of every room, tests left out.
func files(t *testing.T, each func(room, file string, set *token.FileSet, f *ast.File)) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		rel, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		f, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		each(filepath.ToSlash(filepath.Dir(rel)), filepath.ToSlash(rel), set, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func imports(t *testing.T, f *ast.File) []string {
	t.Helper()
	var all []string
	for _, i := range f.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, path)
	}
	return all
}

func TestArrowsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	files(t, func(room, file string, _ *token.FileSet, f *ast.File) {
		allowed, ok := arrows[room]
		if !ok {
			t.Errorf("%s stands in %s, a room that the house does not have", file, room)
		}
		seen[room] = true
		for _, path := range imports(t, f) {
			ours, is := strings.CutPrefix(path, "sitrep/")
			if is && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s; %s may import %v", file, ours, room, allowed)
			}
			if strings.HasPrefix(path, "github.com/nats-io/") && room != "router/bus" {
				t.Errorf("%s imports %s; only router/bus may", file, path)
			}
		}
	})
	for room := range arrows {
		if !seen[room] {
			t.Errorf("the house has no room %s any more", room)
		}
	}
}

func TestPureRoomsHaveNoDoors(t *testing.T) {
	files(t, func(room, file string, set *token.FileSet, f *ast.File) {
		if !slices.Contains(pure, room) {
			return
		}
		for _, path := range imports(t, f) {
			if slices.ContainsFunc(doors, func(d string) bool {
				return path == d || (strings.HasPrefix(path, d+"/") && !slices.Contains(parsers, path))
			}) {
				t.Errorf("%s imports %s", file, path)
			}
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.GoStmt:
				t.Errorf("%v starts a goroutine", set.Position(n.Pos()))
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clocks, n.Sel.Name) {
					t.Errorf("%v uses time.%s", set.Position(n.Pos()), n.Sel.Name)
				}
			}
			return true
		})
	})
}

// TestWallsHold: 400 lines is the wall for a file, and nothing is named as a
// drawer.
func TestWallsHold(t *testing.T) {
	drawers := []string{"util", "utils", "common", "types", "models", "helper", "helpers", "manager", "handler"}
	files(t, func(room, file string, set *token.FileSet, f *ast.File) {
		if n := set.File(f.FileStart).LineCount(); n > 401 {
			t.Errorf("%s has %d lines", file, n)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".go")
		if slices.Contains(drawers, name) || slices.Contains(drawers, filepath.Base(room)) {
			t.Errorf("%s is named as a drawer", file)
		}
	})
	entries, err := os.ReadDir(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() && !strings.HasPrefix(e.Name(), ".") && !slices.Contains([]string{"cmd", "router", "channels", "policies", "deploy", "data"}, e.Name()) {
			t.Errorf("there is a folder %s at the top", e.Name())
		}
	}
}
