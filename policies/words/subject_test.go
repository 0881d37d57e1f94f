package words

import (
	"slices"
	"strings"
	"testing"
)

// TestASubjectBeginsTheSame: what an inbox shows of all updates about one thing begins
// the same, of every kind and to every reader, and ends with which update it is.
func TestASubjectBeginsTheSame(t *testing.T) {
	p := pack(t)
	for _, code := range p.Languages() {
		r := Reader{Language: code, Zone: zone(t, "Europe/Amsterdam")}
		examples, err := p.Examples(Scene{Quoted: r})
		if err != nil {
			t.Fatal(err)
		}
		stems := make(map[string]string) // by what the message is about
		for _, e := range examples {
			if e.Kind() == Combined || slices.Contains(teamKinds, e.Kind()) {
				continue
			}
			for _, r.Reads = range e.Readers() {
				out, err := p.Render(e.Views[0], r)
				if err != nil {
					t.Fatal(err)
				}
				stem, _, _ := strings.Cut(strings.TrimSuffix(out.Subject, ")"), " (")
				if i := strings.LastIndex(stem, ": "); i > 0 && !e.Views[0].Drill {
					stem = stem[:i]
				}
				about := e.Views[0].Incident + p.languages[code].title(e.Views[0]) + choose(r.Reads == "technical", " technical", "") + choose(e.Views[0].Drill, " drill", "")
				stem, _, cut := strings.Cut(stem, "…")
				if stems[about] == "" {
					stems[about] = stem
				}
				if stems[about] != stem && !(cut && strings.HasPrefix(stems[about], stem)) || !strings.HasSuffix(out.Subject, ")") {
					t.Errorf("%s to %s begins %q, another %q", e.Name, r.Reads, out.Subject, stems[about])
				}
			}
		}
		if len(stems) < 4 {
			t.Errorf("%s: only these were looked at: %q", code, stems)
		}
	}
}

func (l *language) title(v View) string {
	return pick(v.Service, l.code, Hosts{}.clean, maxService).text
}

// TestTheSubjectOfSeveralCountsEach: the number of each update stands in the order of the names,
// for as many as are named.
func TestTheSubjectOfSeveralCountsEach(t *testing.T) {
	pieces := func(services ...string) (all []Piece) {
		for i, name := range services {
			v := outage(Holding, i+2)
			v.Service = map[string]string{"": name}
			all = append(all, Piece{View: v, Reads: "executive"})
		}
		return all
	}
	for _, c := range []struct {
		pieces []Piece
		want   string
	}{
		{pieces("e-mail", "het netwerk"), "2 storingen: e-mail en netwerk (2, 3)"},
		{pieces("e-mail", "het netwerk", strings.Repeat("vergunningen ", 4)), "3 storingen: e-mail en nog 2 (2, …)"},
	} {
		out, err := pack(t).Combine(c.pieces, Reader{Language: "nl"})
		if err != nil || out.Subject != c.want {
			t.Errorf("%q, wanted %q, %v", out.Subject, c.want, err)
		}
	}
}

// TestAnSMSCutsWhatAPersonWrote at a word rather than to leave it out, and leaves as much room
// for what to do about it.
func TestAnSMSCutsWhatAPersonWrote(t *testing.T) {
	v := outage(First, 1)
	v.Account.Impact = map[string]string{"": "Niemand kan mail lezen of sturen, ook niet op de telefoon, en afspraken in de agenda van iedereen zijn nu niet te zien, niet te maken en ook niet te verzetten."}
	v.Account.Workaround = map[string]string{"": "Bel elkaar of gebruik de chat, en vraag wie iets dringends stuurt om dat te brengen naar de balie van het gemeentehuis aan het plein."}
	for reads, want := range map[string][]string{
		"executive": {" Niemand kan mail lezen of sturen, ook niet op de telefoon, en afspraken in de agenda van... "},
		"staff":     {" Niemand kan mail lezen of sturen, ook niet op de... ", " Bel elkaar of gebruik de chat, en... "},
	} {
		out, err := pack(t).Render(v, Reader{Reads: reads, Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range want {
			if !strings.Contains(out.SMS, part) || Segments(out.SMS) != 1 {
				t.Errorf("%s: %d segments: %q does not say %q", reads, Segments(out.SMS), out.SMS, part)
			}
		}
	}
}

// TestAnAnnouncementCountsServicesItCannotName: fewer names rather than none.
func TestAnAnnouncementCountsServicesItCannotName(t *testing.T) {
	v := maintenance(Announced, 1, work(outage(First, 1).Now).Start)
	v.Account = Account{}
	v.Service, v.Change.Services = map[string]string{"": "zaaksystemen"}, nil
	for _, name := range []string{"de zaaksystemen van burgerzaken", "het archief", "de belastingen en de heffingen", "vergunningen"} {
		v.Change.Services = append(v.Change.Services, map[string]string{"": name})
	}
	out, err := pack(t).Render(v, Reader{Reads: "staff", Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
	if err != nil || !strings.Contains(out.SMS, "Misschien niet te gebruiken: 4 diensten.") || Segments(out.SMS) != 1 {
		t.Errorf("%q, %v", out.SMS, err)
	}
}
