package words

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"text/template"
	"text/template/parse"

	bcp47 "golang.org/x/text/language"
)

// Lapse is why a message is said in the words that ship, and not in the
// operator's own.
type Lapse struct {
	Part string // that failed
	Err  error
}

// telling says a message, and how many segments its SMS may take.
type telling func(p *Pack, r Reader) (out Rendered, s *speaker, err error)

// tell says a message. Where own words fail, or take an SMS over its limit, those
// that ship say it: an outage is told of whatever somebody wrote.
// A reader whose language is not there any more is told in that which he understands
// best.
func (p *Pack) tell(r Reader, say telling) (Rendered, error) {
	r.Language = p.closest(r.Language)
	out, s, err := say(p, r)
	var lapse *Lapse
	switch {
	case p.shipped == nil || s == nil: // it is no matter of words
		return out, err
	case err != nil:
		lapse = &Lapse{Part: failed(err), Err: err}
	default:
		lapse = s.overrun(out)
	}
	if lapse == nil {
		return out, nil
	}
	r.Language = p.shipped.closest(r.Language)
	safe, _, worse := say(p.shipped, r)
	if worse != nil {
		return Rendered{}, lapse.Err
	}
	safe.Lapse = lapse
	return safe, nil
}

// failed returns the name of the part that an error is about, as far as it says.
func failed(err error) string {
	if e, ok := errors.AsType[template.ExecError](err); ok {
		return e.Name
	}
	return err.Error()
}

// overrun says by which part of its own a message takes more segments than an SMS
// may; nil where it does not.
func (s *speaker) overrun(out Rendered) *Lapse {
	most := s.most()
	n := max(Segments(out.SMS), Segments(out.SMSMissed))
	if n <= most {
		return nil
	}
	part, where := s.by("sms.head")
	if next, at := s.by("sms.next"); s.own[next] && !s.own[part] {
		part, where = next, at
	}
	return &Lapse{Part: part, Err: fmt.Errorf("the SMS takes %d segments, allowed are at most %d%s", n, most, where)}
}

// most is how many segments the SMS of a message may take.
func (s *speaker) most() int { return choose(s.facts.HasWords(), s.segments, 1) }

// by returns the part of a template that says a part of this message, and where it
// stands.
func (s *speaker) by(part string) (name, where string) {
	t := s.find(part, s.facts)
	if t == nil || t.Tree == nil {
		return part, ""
	}
	return t.Name(), fmt.Sprintf(", by %q in %s", t.Name(), place(t.Tree, first(t.Tree)))
}

// first is the first node of a part, by which it is found in its file.
func first(tree *parse.Tree) parse.Node {
	if len(tree.Root.Nodes) > 0 {
		return stray(tree.Root)
	}
	return tree.Root
}

// closest returns the language that somebody understands best who reads one that
// may not be there: a dialect's own, else English.
func (p *Pack) closest(code string) string {
	if p.languages[code] != nil {
		return code
	}
	codes := p.Languages()
	slices.SortStableFunc(codes, func(a, b string) int { return cmp.Compare(rank(a), rank(b)) })
	var known []bcp47.Tag
	for _, code := range codes {
		known = append(known, p.languages[code].tag)
	}
	_, n, _ := bcp47.NewMatcher(known).Match(bcp47.Make(code))
	return codes[n]
}

// rank puts English first, which takes the place of what nothing is near to.
func rank(code string) int { return choose(code == bcp47.English.String(), 0, 1) }
