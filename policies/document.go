package policies

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Bounds that no configuration comes near; beyond them the YAML parser could
// exhaust the stack or the time.
const (
	maxBytes  = 4 << 20
	maxDepth  = 100
	maxVisits = 1_000_000
)

// place is a position in a file, both from 1.
type place struct{ line, column int }

// parse reads one YAML document into the decoder and returns its root; nil
// where there is none, with the reason among the problems.
func (d *decoder) parse(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d.lines = strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if len(data) > maxBytes {
		d.fail(place{1, 1}, "move recipients to a recipients_files file", "the file is larger than %d MiB", maxBytes>>20)
		return nil
	}
	for i, line := range d.lines {
		if !utf8.ValidString(line) {
			d.fail(place{i + 1, 1}, "save the file as UTF-8", "the line is not valid UTF-8")
			return nil
		}
	}
	docs, ok := d.syntax(string(data))
	if !ok {
		return nil
	}
	if len(docs) > 1 && docs[1].Start != nil {
		d.fail(placeOf(docs[1].Start), "keep everything in one document, and remove the line ---", "a second document begins here")
		return nil
	}
	if len(docs) == 0 || docs[0].Body == nil || docs[0].Body.Type() == ast.NullType {
		d.fail(place{1, 1}, "start from the example, policies/default/sitrep.yml", "the file is empty")
		return nil
	}
	root := docs[0].Body
	d.survey(root, map[string]ast.Node{})
	d.secrets = longestFirst(d.secrets)
	return root
}

// syntax runs the YAML parser. A panic in it is a syntax error too: nothing
// that an operator writes may end the program.
func (d *decoder) syntax(text string) (docs []*ast.DocumentNode, ok bool) {
	const hint = "check indentation, quotes and brackets here and on the lines before"
	defer func() {
		if r := recover(); r != nil {
			d.fail(place{1, 1}, "check indentation, quotes and brackets", "the file is no YAML that can be read")
			docs, ok = nil, false
		}
	}()
	tokens := lexer.Tokenize(text)
	if tk := tooDeep(tokens); tk != nil {
		d.fail(placeOf(tk), "write it flatter", "nested too deeply")
		return nil, false
	}
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		at, message := place{1, 1}, "it cannot be read"
		if e, is := errors.AsType[yaml.Error](err); is {
			at, message = placeOf(e.GetToken()), e.GetMessage()
		}
		d.fail(at, hint, "yaml: %s", message)
		return nil, false
	}
	// An empty document after the last one is only a trailing marker.
	docs = file.Docs
	for len(docs) > 1 && docs[len(docs)-1].Body == nil {
		docs = docs[:len(docs)-1]
	}
	return docs, true
}

// tooDeep returns the first token that nests deeper than any configuration
// does. What nests by indentation alone is bounded by the size of the file.
func tooDeep(tokens token.Tokens) *token.Token {
	flow, line, onLine := 0, 0, 0
	for _, tk := range tokens {
		if tk.Position.Line != line {
			line, onLine = tk.Position.Line, 0
		}
		switch tk.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.AnchorType, token.TagType:
			onLine++
		case token.MappingValueType:
			if flow == 0 {
				onLine++
			}
		}
		if flow > maxDepth || onLine > maxDepth {
			return tk
		}
	}
	return nil
}

// survey walks the whole tree once: it ties each alias to what its anchor named
// at that point, refuses tags, and collects the secrets. An anchor is known
// only after its own value, so no alias can lead back into itself.
func (d *decoder) survey(n ast.Node, anchors map[string]ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, v := range n.Values {
			d.survey(v, anchors)
		}
	case *ast.MappingValueNode:
		d.survey(n.Value, anchors)
		if key, ok := scalarText(n.Key); ok && holdsSecret(key) {
			d.secrets = secretsUnder(n.Value, d.secrets)
			if alias, is := n.Value.(*ast.AliasNode); is && d.aliases[alias] != nil {
				d.secrets = secretsUnder(d.aliases[alias], d.secrets)
			}
		}
	case *ast.SequenceNode:
		for _, v := range n.Values {
			d.survey(v, anchors)
		}
	case *ast.AnchorNode:
		d.survey(n.Value, anchors)
		anchors[n.Name.GetToken().Value] = n.Value
	case *ast.AliasNode:
		name := n.Value.GetToken().Value
		if d.aliases[n] = anchors[name]; d.aliases[n] == nil {
			d.fail(placeOfNode(n), "an anchor stands before its aliases: &"+name, "unknown anchor %q", name)
		}
	case *ast.TagNode:
		d.fail(placeOfNode(n), "remove the tag", "yaml tags such as %q are not used here", n.GetToken().Value)
		d.survey(n.Value, anchors)
	}
}

// scalarText returns the text of a scalar as it was written, less quotes.
func scalarText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func placeOf(tk *token.Token) place {
	if tk == nil || tk.Position == nil {
		return place{1, 1}
	}
	return place{max(1, tk.Position.Line), max(1, tk.Position.Column)}
}

// placeOfNode returns where a node begins: for a mapping its first key, since
// the parser's own token is the colon.
func placeOfNode(n ast.Node) place {
	switch n := n.(type) {
	case *ast.MappingNode:
		if n.IsFlowStyle && n.Start != nil {
			return placeOf(n.Start)
		}
		if len(n.Values) > 0 {
			return placeOfNode(n.Values[0])
		}
	case *ast.MappingValueNode:
		return placeOf(n.Key.GetToken())
	}
	return placeOf(n.GetToken())
}

// kindOf names a node as an operator would.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case *ast.StringNode, *ast.LiteralNode:
		return "a text"
	case *ast.IntegerNode, *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.NullNode, nil:
		return "nothing"
	}
	return fmt.Sprintf("a %s", strings.ToLower(n.Type().YAMLName()))
}
