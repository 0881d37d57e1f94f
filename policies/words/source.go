package words

import (
	"errors"
	"fmt"
	htmltemplate "html/template"
	"regexp"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"
	"unicode/utf8"
)

// Source is a file of templates.
type Source struct {
	File string // as errors name it
	// Folder is the name of the folder that the file stands in, where that says
	// which language it is in; elsewhere the names of the parts do.
	Folder string
	Text   string
}

// source is one that is the operator's own, or ships.
type source struct {
	Source
	own bool
}

// trees parses a file and returns its parts. Text outside of all of them is a
// fault, since it would silently be lost.
func (s Source) trees() ([]*parse.Tree, error) {
	if !utf8.ValidString(s.Text) {
		return nil, fmt.Errorf("%s: the file is not UTF-8", s.File)
	}
	file, err := template.New(s.File).Funcs(functions(&tongue{}, time.Time{})).Parse(s.Text)
	if err != nil {
		return nil, misread(err)
	}
	var all []*parse.Tree
	for _, t := range file.Templates() {
		switch {
		case t.Tree == nil:
		case t.Name() != s.File:
			all = append(all, t.Tree)
		case !parse.IsEmptyTree(t.Root):
			return nil, fmt.Errorf("%s: text outside of {{define}}", place(t.Tree, stray(t.Root)))
		}
	}
	slices.SortFunc(all, func(a, b *parse.Tree) int { return int(a.Root.Pos - b.Root.Pos) })
	return all, nil
}

// stray returns the first node of a file that says something.
func stray(root *parse.ListNode) parse.Node {
	for _, n := range root.Nodes {
		text, plain := n.(*parse.TextNode)
		if !plain {
			return n
		}
		if blank := len(text.Text) - len(strings.TrimLeft(string(text.Text), " \t\r\n")); blank < len(text.Text) {
			said := *text
			said.Pos += parse.Pos(blank)
			return &said
		}
	}
	return root
}

var undefinedFunction = regexp.MustCompile(`function "([^"]+)" not defined`)

// misread is why a file cannot be parsed, less what goes without saying.
func misread(err error) error {
	text := strings.TrimPrefix(strings.TrimPrefix(err.Error(), "html/template:"), "template: ")
	if m := undefinedFunction.FindStringSubmatch(text); m != nil {
		text += meant(m[1], functionNames())
	}
	return errors.New(text)
}

// place says where in its file a node stands.
func place(tree *parse.Tree, n parse.Node) string {
	where, _ := tree.ErrorContext(n)
	return where[:strings.LastIndexByte(where, ':')] // the column is one of bytes
}

// page parses the HTML page. One of the operator's own is poured once, since only
// then does it show whether all that it puts in can be made safe.
func (s source) page(call template.FuncMap) (page *htmltemplate.Template, timed bool, err error) {
	if page, err = htmltemplate.New(s.File).Funcs(call).Parse(s.Text); err != nil {
		return nil, false, misread(err)
	}
	if s.own {
		for _, t := range page.Templates() {
			if t.Tree != nil {
				stepped(t.Tree)
			}
		}
		trial, err := page.Clone()
		if err == nil {
			err = trial.Execute(paging(), &letter{})
		}
		if err != nil {
			return nil, false, misread(err)
		}
	}
	for _, t := range page.Templates() {
		timed = timed || t.Tree != nil && asksTheTime(t.Tree)
	}
	return page, timed, nil
}

// asksTheTime reports whether a part uses a function that has to know when its
// message is said.
func asksTheTime(tree *parse.Tree) bool {
	found := false
	visit(tree.Root, func(n parse.Node) {
		if name, is := n.(*parse.IdentifierNode); is {
			found = found || slices.Contains(timedFunctions, name.Ident)
		}
	})
	return found
}

// asksTheAddress reports whether a part says something else to who is called by the
// familiar word.
func asksTheAddress(tree *parse.Tree) bool {
	found := false
	visit(tree.Root, func(n parse.Node) {
		var names []string
		switch n := n.(type) {
		case *parse.FieldNode:
			names = n.Ident
		case *parse.VariableNode: // $.You
			names = n.Ident
		case *parse.ChainNode:
			names = n.Field
		}
		found = found || slices.Contains(names, "You") || slices.Contains(names, "Informal")
	})
	return found
}

// includes returns the places where a part includes others.
func includes(tree *parse.Tree) []*parse.TemplateNode {
	var all []*parse.TemplateNode
	visit(tree.Root, func(n parse.Node) {
		if t, is := n.(*parse.TemplateNode); is {
			all = append(all, t)
		}
	})
	return all
}

// visit shows a node and all below it.
func visit(n parse.Node, show func(parse.Node)) {
	branch := func(b *parse.BranchNode) {
		visit(b.Pipe, show)
		visit(b.List, show)
		if b.ElseList != nil {
			visit(b.ElseList, show)
		}
	}
	show(n)
	switch n := n.(type) {
	case *parse.ListNode:
		for _, each := range n.Nodes {
			visit(each, show)
		}
	case *parse.ActionNode:
		visit(n.Pipe, show)
	case *parse.PipeNode:
		for _, each := range n.Cmds {
			visit(each, show)
		}
	case *parse.CommandNode:
		for _, each := range n.Args {
			visit(each, show)
		}
	case *parse.ChainNode:
		visit(n.Node, show)
	case *parse.TemplateNode:
		if n.Pipe != nil {
			visit(n.Pipe, show)
		}
	case *parse.IfNode:
		branch(&n.BranchNode)
	case *parse.RangeNode:
		branch(&n.BranchNode)
	case *parse.WithNode:
		branch(&n.BranchNode)
	}
}
