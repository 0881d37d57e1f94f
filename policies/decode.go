package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// decoder reads one file's syntax tree and collects what is wrong with it. The
// decoder of the YAML library stops at the first error; this one goes on.
type decoder struct {
	file     string
	lines    []string
	aliases  map[*ast.AliasNode]ast.Node
	secrets  []string // longest first; they appear in no problem
	visits   int
	problems Problems
	warnings Problems
	notes    Problems
	set      map[string]place // paths of the keys that the file sets, and where first
}

// value is what stands behind a key or a dash.
type value struct {
	node ast.Node // anchors and aliases resolved; nil: absent, or already reported
	at   place    // of the value
	key  place    // of its key; of the value in a list
	path string   // keys from the top, joined by dots, without list positions
}

func (v value) absent() bool { return v.node == nil }

// name returns the last key of the path.
func (v value) name() string { return v.path[strings.LastIndexByte(v.path, '.')+1:] }

// object is a mapping with its known keys.
type object struct {
	d      *decoder
	at     place // of its own key, or of its first one in a list
	path   string
	fields map[string]value
}

func (d *decoder) problem(at place, hint, text string) Problem {
	return Problem{
		File: d.file, Line: at.line, Column: at.column,
		Source: maskAll(maskLine(d.lines, at.line), d.secrets),
		Text:   maskAll(text, d.secrets),
		Hint:   maskAll(hint, d.secrets),
	}
}

// fail reports an error.
func (d *decoder) fail(at place, hint, format string, args ...any) {
	d.problems = append(d.problems, d.problem(at, hint, fmt.Sprintf(format, args...)))
}

// warn reports a finding that does not stop a start.
func (d *decoder) warn(at place, hint, format string, args ...any) {
	d.warnings = append(d.warnings, d.problem(at, hint, fmt.Sprintf(format, args...)))
}

// note reports what is left out and may be missed.
func (d *decoder) note(at place, hint, format string, args ...any) {
	d.notes = append(d.notes, d.problem(at, hint, fmt.Sprintf(format, args...)))
}

func (d *decoder) wrongKind(v value, want string) {
	hint := "see the example, policies/default/sitrep.yml"
	if s, ok := scalarText(v.node); ok && want == "a list" && !strings.ContainsAny(s, "'\n") {
		hint = fmt.Sprintf("write %s: ['%s']", v.name(), s)
	}
	if _, ok := v.node.(*ast.BoolNode); ok && want == "a text" {
		hint = "put it in quotes"
	}
	d.fail(v.at, hint, "expected %s, found %s", want, kindOf(v.node))
}

// resolve goes through anchors and aliases to the node they stand for. Aliases
// can make a small file a large one, so visits are bounded.
func (d *decoder) resolve(n ast.Node) ast.Node {
	if d.visits++; d.visits >= maxVisits {
		if d.visits == maxVisits {
			d.fail(placeOfNode(n), "use fewer aliases", "the aliases make the file too large")
		}
		return nil
	}
	for {
		switch t := n.(type) {
		case *ast.AnchorNode:
			n = t.Value
		case *ast.AliasNode:
			n = d.aliases[t]
		case *ast.TagNode:
			n = t.Value
		default:
			return n
		}
	}
}

// object returns the mapping of a value, whose keys must be among those given.
// ok is false where there is none.
func (d *decoder) object(v value, keys ...string) (o object, ok bool) {
	o = object{d: d, at: v.key, path: v.path, fields: map[string]value{}}
	if v.absent() {
		return o, false
	}
	if !isMapping(v.node) {
		d.wrongKind(v, "a mapping")
		return o, false
	}
	d.fill(&o, v.node, keys, map[string]place{})
	return o, true
}

// fill adds the keys of a mapping, its own before those it merges in.
func (d *decoder) fill(o *object, n ast.Node, keys []string, merged map[string]place) {
	own := map[string]place{}
	var merges []ast.Node
	for _, e := range entriesOf(n) {
		if e.Key.IsMergeKey() {
			merges = append(merges, e.Value)
			continue
		}
		at := placeOf(e.Key.GetToken())
		key, ok := scalarText(keyOf(e.Key))
		if !ok {
			d.fail(at, "keys are plain words", "expected a key, found %s", kindOf(keyOf(e.Key)))
			continue
		}
		if first, twice := own[key]; twice {
			d.fail(at, fmt.Sprintf("the first is on line %d; keep one", first.line), "key %q appears twice", key)
			continue
		}
		own[key] = at
		if _, there := merged[key]; there {
			continue
		}
		merged[key] = at
		if !slices.Contains(keys, key) {
			d.fail(at, hintFor(key, keys), "unknown key %q", key)
			continue
		}
		d.field(o, key, at, e.Value)
	}
	for _, m := range merges {
		d.merge(o, m, keys, merged)
	}
}

// merge adds what a merge key names: one mapping, or a list of them.
func (d *decoder) merge(o *object, n ast.Node, keys []string, merged map[string]place) {
	switch r := d.resolve(n).(type) {
	case nil:
	case *ast.SequenceNode:
		for _, item := range r.Values {
			if m := d.resolve(item); m != nil && isMapping(m) {
				d.fill(o, m, keys, merged)
			}
		}
	default:
		if !isMapping(r) {
			d.fail(placeOfNode(n), "write <<: *name", "expected a mapping to merge, found %s", kindOf(r))
			return
		}
		d.fill(o, r, keys, merged)
	}
}

func (d *decoder) field(o *object, key string, at place, n ast.Node) {
	v := value{at: placeOfNode(n), key: at, path: key}
	if o.path != "" {
		v.path = o.path + "." + key
	}
	v.node = d.resolve(n)
	if v.node != nil && v.node.Type() == ast.NullType {
		v.node = nil
		if o.path == "" {
			return // a section whose lines are all comments is as good as absent
		}
		d.fail(at, "write a value, or remove the key", "%q has no value", key)
	}
	if _, known := d.set[v.path]; !known {
		d.set[v.path] = at
	}
	o.fields[key] = v
}

// has reports whether the file sets a key, rightly or wrongly.
func (o object) has(key string) bool { _, ok := o.fields[key]; return ok }

// get returns a key's value, which may be absent.
func (o object) get(key string) value {
	if v, ok := o.fields[key]; ok {
		return v
	}
	return value{at: o.at, key: o.at, path: o.path + "." + key}
}

// need is get for a key that must be there.
func (o object) need(key, hint string) value {
	if !o.has(key) {
		o.d.fail(o.at, hint, "missing key %q", key)
	}
	return o.get(key)
}

// list returns the entries of a list.
func (d *decoder) list(v value) []value {
	if v.absent() {
		return nil
	}
	seq, ok := v.node.(*ast.SequenceNode)
	if !ok {
		d.wrongKind(v, "a list")
		return nil
	}
	items := make([]value, 0, len(seq.Values))
	for _, n := range seq.Values {
		item := value{at: placeOfNode(n), key: placeOfNode(n), path: v.path, node: d.resolve(n)}
		if item.node != nil && item.node.Type() == ast.NullType {
			d.fail(item.at, "write a value, or remove the dash", "an entry of %q has no value", v.name())
			continue
		}
		if item.node != nil {
			items = append(items, item)
		}
	}
	return items
}

// someOf is list for one that must not be empty.
func (d *decoder) someOf(v value, hint string) []value {
	if seq, ok := v.node.(*ast.SequenceNode); ok && len(seq.Values) == 0 {
		d.fail(v.at, hint, "%q is an empty list", v.name())
	}
	return d.list(v)
}

func isMapping(n ast.Node) bool {
	switch n.(type) {
	case *ast.MappingNode, *ast.MappingValueNode:
		return true
	}
	return false
}

func entriesOf(n ast.Node) []*ast.MappingValueNode {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}
	}
	return nil
}

// keyOf goes through the question mark of a complex key.
func keyOf(k ast.MapKeyNode) ast.Node {
	if q, ok := k.(*ast.MappingKeyNode); ok {
		return q.Value
	}
	return k
}
