package words

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"text/template"
	"text/template/parse"
)

// Somebody's own words are a program: they may loop, include themselves, and double
// a text over and over. None of it may hang a message, or fill the memory. Go's
// templates cannot be stopped, but what they write can be refused, and so can what
// their functions make.
const (
	// maxSaid is how much one part may say, in bytes.
	maxSaid = maxMail
	// maxSteps is how often it may go round a loop or begin a part.
	maxSteps = 5000
	// maxHeld is how much a function may be given or make, in bytes: a text that is
	// doubled soon comes to that.
	maxHeld = 10_000
	// maxWidth is how wide printf may make one thing.
	maxWidth = 200
	// maxDepth is how deep lists and maps may stand in each other.
	maxDepth = 20
)

// utterance is what a part says, or the page. Each Write of nothing is a step: see
// stepped.
type utterance struct {
	strings.Builder
	steps, mostSteps, mostSaid int
}

// saying is for one part, and paging for the page: all parts of a message stand in it.
func saying() *utterance { return &utterance{mostSteps: maxSteps, mostSaid: maxSaid} }
func paging() *utterance { return &utterance{mostSteps: 10 * maxSteps, mostSaid: 20 * maxSaid} }

func (u *utterance) Write(b []byte) (int, error) {
	if len(b) == 0 {
		if u.steps++; u.steps > u.mostSteps {
			return 0, fmt.Errorf("it takes more than %d rounds of loops and parts", u.mostSteps)
		}
	}
	if u.Len()+len(b) > u.mostSaid {
		return 0, fmt.Errorf("it says more than %d bytes", u.mostSaid)
	}
	return u.Builder.Write(b)
}

// stepped makes a part tell how far it is: at its beginning and in each round of a
// loop it writes a text of no length.
func stepped(tree *parse.Tree) {
	tell := func(l *parse.ListNode) {
		if l != nil {
			l.Nodes = append([]parse.Node{&parse.TextNode{NodeType: parse.NodeText, Pos: l.Pos}}, l.Nodes...)
		}
	}
	visit(tree.Root, func(n parse.Node) {
		if loop, is := n.(*parse.RangeNode); is {
			tell(loop.List)
		}
	})
	tell(tree.Root)
}

// goes are Go's own functions that make a text.
var goes = template.FuncMap{
	"print": fmt.Sprint, "println": fmt.Sprintln, "printf": printf,
	"html": template.HTMLEscaper, "js": template.JSEscaper, "urlquery": template.URLQueryEscaper,
}

// bounded are functions of which each refuses what is too much.
func bounded(all template.FuncMap) template.FuncMap {
	for name, f := range all {
		all[name] = limited(name, reflect.ValueOf(f)).Interface()
	}
	return all
}

var anError = reflect.TypeFor[error]()

// limited is a function of the same arguments that fails where they, or what it makes
// of them, are too much.
func limited(name string, f reflect.Value) reflect.Value {
	t := f.Type()
	in, out := make([]reflect.Type, t.NumIn()), []reflect.Type{t.Out(0), anError}
	for i := range in {
		in[i] = t.In(i)
	}
	return reflect.MakeFunc(reflect.FuncOf(in, out, t.IsVariadic()), func(args []reflect.Value) []reflect.Value {
		failed := func(err error) []reflect.Value {
			return []reflect.Value{reflect.Zero(out[0]), reflect.ValueOf(&err).Elem()}
		}
		held := 0
		for _, a := range args {
			if held = weigh(a, held, 0); held > maxHeld {
				return failed(fmt.Errorf("%s is given more than %d bytes", name, maxHeld))
			}
		}
		var made []reflect.Value
		if t.IsVariadic() {
			made = f.CallSlice(args)
		} else {
			made = f.Call(args)
		}
		if weigh(made[0], 0, 0) > maxHeld {
			return failed(fmt.Errorf("%s makes more than %d bytes", name, maxHeld))
		}
		if len(made) == 1 {
			made = append(made, reflect.Zero(anError))
		}
		return made
	})
}

// weigh adds to a number of bytes about as many as a value has, and stops where these
// are too many. What a template is given to begin with is bounded by itself.
func weigh(v reflect.Value, held, depth int) int {
	if depth > maxDepth {
		return maxHeld + 1
	}
	held += 8
	switch v.Kind() {
	case reflect.String:
		held += v.Len()
	case reflect.Interface:
		if !v.IsNil() {
			held = weigh(v.Elem(), held, depth)
		}
	case reflect.Slice, reflect.Array:
		for i := 0; i < v.Len() && held <= maxHeld; i++ {
			held = weigh(v.Index(i), held, depth+1)
		}
	case reflect.Map:
		for each := v.MapRange(); each.Next() && held <= maxHeld; {
			held = weigh(each.Value(), weigh(each.Key(), held, depth+1), depth+1)
		}
	}
	return held
}

// verb is one of printf's, with its width and precision.
var verb = regexp.MustCompile(`%[-+# 0]*((?:\[[0-9]+\])?\*|[0-9]*)(?:\.((?:\[[0-9]+\])?\*|[0-9]*))?`)

// printf is Go's, of no great width: one of a million is no text for people.
func printf(format string, args ...any) (string, error) {
	all := verb.FindAllStringSubmatch(format, -1)
	for _, m := range all {
		for _, width := range m[1:] {
			if n, err := strconv.Atoi(width); strings.HasSuffix(width, "*") || err == nil && n > maxWidth {
				return "", fmt.Errorf("a width of %s: write a number up to %d", strings.TrimLeft(width, "[]0"), maxWidth)
			}
		}
	}
	weight := 0
	for _, a := range args {
		weight = max(weight, weigh(reflect.ValueOf(a), 0, 0))
	}
	if len(all)*weight > 10*maxHeld { // each verb may name any argument
		return "", fmt.Errorf("it may make more than %d bytes", 10*maxHeld)
	}
	return fmt.Sprintf(format, args...), nil
}
