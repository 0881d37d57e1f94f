package words

import (
	"slices"
	"testing"
)

// TestWhichKindsAreTried: those in which words of one's own are said, also by way of
// other parts; all of them where a part of all, or how the language speaks, is another.
func TestWhichKindsAreTried(t *testing.T) {
	for _, c := range []struct {
		own  string
		want []Kind
	}{
		{`{{define "closing.body"}}x{{end}}`, []Kind{Closing}},
		{`{{define "closing.customer.body"}}x{{end}}`, []Kind{Closing}},
		{`{{define "first.headline"}}x{{end}}`, []Kind{First, Combined}},
		{`{{define "holding.opening"}}x{{end}}`, []Kind{Holding, Combined}},
		{`{{define "nudge.lasts"}}x{{end}}`, []Kind{Combined, Nudge}},
		{`{{define "ask.kind"}}x{{end}}`, []Kind{Combined, Nudge}},
		{`{{define "alarm.foot"}}x{{end}}`, []Kind{Alarm}},
		{`{{define "change.announced.body"}}x{{end}}`, []Kind{Announced, Combined}},
		{`{{define "combined.opening"}}x{{end}}`, []Kind{Combined}},
		{`{{define "foot"}}x{{end}}`, append([]Kind{Combined}, slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return slices.Contains(ofChange, k) })...)},
		{`{{define "language.today"}}x{{end}}`, nil},
	} {
		p, err := mine(t, Options{}, map[string]string{"en/own.tmpl": c.own})
		if err != nil {
			t.Errorf("%s: %v", c.own, err)
			continue
		}
		want := slices.Clone(c.want)
		if want == nil {
			want = Kinds()
		}
		got := p.languages["en"].concerned()
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s: tried in %v, not %v", c.own, got, want)
		}
		if none := p.languages["nl"].concerned(); len(none) > 0 {
			t.Errorf("%s: %v in Dutch", c.own, none)
		}
	}
}
