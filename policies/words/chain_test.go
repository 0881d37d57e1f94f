package words

import (
	"slices"
	"strings"
	"testing"
)

// named makes titles: a Dutch and an English one of each.
func named(pairs ...string) []map[string]string {
	var out []map[string]string
	for pair := range slices.Chunk(pairs, 2) {
		out = append(out, map[string]string{"nl": pair[0], "en": pair[1]})
	}
	return out
}

var (
	mail  = named("e-mail", "email")
	desk  = named("het vergunningenloket", "the permit desk")
	phone = named("de telefoons", "the phones")
	lots  = slices.Concat(mail, desk, phone, named("de website", "the website", "wifi", "wifi", "het archief", "the archive"))
)

func TestGoldenChain(t *testing.T) {
	with := func(v View, change func(*View)) View {
		change(&v)
		return v
	}
	tell(t, "chain.", []message{
		{title: "first, two consequences, one of them told before", reads: "executive", view: with(network(First, 1), func(v *View) {
			v.Consequences, v.NewConsequences, v.Folded = slices.Concat(mail, desk), slices.Concat(mail, desk), mail
		})},
		{title: "first, many consequences", reads: "staff", view: with(network(First, 1), func(v *View) { v.Consequences = lots })},
		{title: "first, one consequence", reads: "technical", view: with(network(First, 1), func(v *View) { v.Consequences = phone })},
		{title: "progress, it spread", reads: "executive", view: with(network(Progress, 2), func(v *View) {
			v.Consequences, v.NewConsequences = slices.Concat(mail, phone), phone
		})},
		{title: "progress, it spread, cause known", reads: "management", view: with(network(Progress, 3), func(v *View) {
			v.Consequences, v.NewConsequences, v.Phase = slices.Concat(mail, phone), phone, "identified"
		})},
		{title: "progress, one came back", reads: "executive", view: with(network(Progress, 4), func(v *View) { v.Consequences, v.Recovered = phone, mail })},
		{title: "progress, told before in messages of its own", reads: "management", view: with(network(Progress, 5), func(v *View) {
			v.Consequences, v.NewConsequences, v.Folded = mail, mail, mail
		})},
		{title: "progress, seems over but for a consequence", reads: "staff", view: with(network(Progress, 6), func(v *View) {
			v.Phase, v.Firing, v.Consequences = "monitoring", 0, mail
		})},
		{title: "holding, a consequence", reads: "executive", view: with(network(Holding, 7), func(v *View) { v.Consequences = mail })},
		{title: "overdue, many consequences", reads: "management", view: with(network(Overdue, 8), func(v *View) { v.Consequences = lots })},
		{title: "unconfirmed, a consequence", reads: "executive", view: with(network(Unknown, 9), func(v *View) { v.Consequences = desk })},
		{title: "reopened, a consequence", reads: "customer", view: with(network(Reopened, 10), func(v *View) { v.Consequences = desk })},
		{title: "closing, a consequence is still out", reads: "staff", view: with(network(Closing, 11), func(v *View) { v.StillOut, v.Recovered = mail, desk })},
		{title: "closing, many are still out", reads: "technical", view: with(network(Closing, 11), func(v *View) { v.StillOut = lots })},
		{title: "closing, all came back", reads: "executive", view: with(network(Closing, 11), func(v *View) { v.Recovered, v.Folded = slices.Concat(mail, desk), mail })},
		{title: "first, it outlived its cause", reads: "executive", view: with(outage(First, 1), func(v *View) { v.Outlived = named("het netwerk", "the network")[0] })},
		{title: "first, it outlived its cause and seems over", reads: "staff", view: with(outage(First, 1), func(v *View) {
			v.Outlived, v.Phase, v.Firing = named("het netwerk", "the network")[0], "monitoring", 0
		})},
		{title: "progress, it outlived its cause", reads: "management", view: with(outage(Progress, 2), func(v *View) { v.Outlived = named("het netwerk", "the network")[0] })},
	})
}

func TestSeries(t *testing.T) {
	titles := []string{"e-mail", "het netwerk", "de telefoons", "het archief", "wifi"}
	for n, want := range []string{
		"", "e-mail", "e-mail en het netwerk", "e-mail, het netwerk en de telefoons",
		"e-mail, het netwerk en nog 2 diensten", "e-mail, het netwerk en nog 3 diensten",
	} {
		if got := newSeries(titles[:n], dutch).String(); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	five := newSeries(titles, dutch)
	for most, want := range []string{"5 diensten", "5 diensten", "e-mail en nog 4", "e-mail, netwerk en nog 3"} {
		if got := five.brief(most, 40).Names(); got != want {
			t.Errorf("at most %d: %q, want %q", most, got, want)
		}
	}
	if got, want := newSeries(titles[:1], dutch).brief(0, 40).Names(), "1 dienst"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := newSeries([]string{"🔥", "e-mail", "🚒", "wifi"}, english).readable().Names(), "email"; got == want {
		t.Error(got)
	} else if want := "e-mail, wifi and 2 more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := five.All(), "e-mail, het netwerk, de telefoons, het archief en wifi"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// An SMS names fewer services before it says nothing of them.
func TestShortMessagesNameAsManyAsFit(t *testing.T) {
	v := network(Holding, 2)
	v.Expected, v.Agreed = ClockShare{}, ClockShare{}
	long := func(s string) map[string]string { return map[string]string{"": s} }
	v.Consequences = []map[string]string{
		long("het zaaksysteem voor vergunningen"), long("de webformulieren van burgerzaken"), long("het parkeerloket aan de haven"),
	}
	out, err := pack(t).Render(v, Reader{Reads: "staff", Language: "nl"})
	if err != nil {
		t.Fatal(err)
	}
	if want := "Ook problemen met zaaksysteem voor vergunningen en nog 2."; !strings.Contains(out.SMS, want) || Segments(out.SMS) != 1 {
		t.Errorf("%q lacks %q", out.SMS, want)
	}
}

// Whatever is long or hostile, a closing message never says that all is well
// when something is not.
func TestClosingNeverHidesWhatIsStillOut(t *testing.T) {
	v := network(Closing, 3)
	v.Service = map[string]string{"": strings.Repeat("een dienst met een lange naam ", 5)}
	for range 9 {
		v.StillOut = append(v.StillOut, map[string]string{"": strings.Repeat("x", 70+len(v.StillOut))})
	}
	for language, want := range map[string]string{"nl": "de gevolgen nog niet", "en": "its effects are not"} {
		for _, reads := range audiences {
			out, err := pack(t).Render(v, Reader{Reads: reads, Language: language})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.SMS, want) || Segments(out.SMS) > 1 {
				t.Errorf("%s: %q lacks %q", reads, out.SMS, want)
			}
		}
	}
}
