package words

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// askers are the ways in which the composer asks for a part, by the place of its
// name among the arguments; those of optional ones do not fail where it is not there.
var askers = map[string]struct {
	place    int
	optional bool
}{
	"must": {0, false}, "fit": {0, false}, "fitNames": {0, false}, "part": {0, false},
	"may": {0, true}, "addNaming": {1, true}, "bar": {0, true},
}

// The list of parts, by which typos are found, is that of what the composer says.
func TestEveryPartIsListed(t *testing.T) {
	asked, musts := make(map[string]bool), make(map[string]bool)
	note := func(e ast.Expr, optional bool) {
		ast.Inspect(e, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				name, _ := strconv.Unquote(text.Value)
				asked[name] = true
				musts[name] = musts[name] || !optional
			}
			return true
		})
	}
	each := func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		method, ok := call.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, is := method.X.(*ast.Ident); is && x.Name == "i" { // an inspection
			return true
		}
		if a, is := askers[method.Sel.Name]; is && len(call.Args) > a.place {
			note(call.Args[a.place], a.optional)
		}
		return true
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, each)
	}
	// Which of these two it is depends on the alert.
	asked["alert.firing"], asked["alert.stopped"], musts["alert.firing"], musts["alert.stopped"] = true, true, true, true
	if len(asked) < 30 {
		t.Fatalf("only %d parts are found: %v", len(asked), asked)
	}
	for _, part := range composed {
		if !asked[part.name] {
			t.Errorf("%q is listed, and nothing asks for it", part.name)
		}
		if part.must != musts[part.name] {
			t.Errorf("%q is listed as needed: %v, and asked for as needed: %v", part.name, part.must, musts[part.name])
		}
		delete(asked, part.name)
	}
	for name := range asked {
		t.Errorf("%q is asked for, and not listed", name)
	}
}
