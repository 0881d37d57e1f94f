package words

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// durations are what an SMS says of how long it has been.
var durations = regexp.MustCompile(`Duurt nu|Begonnen|Has lasted|Began`)

// Where there is room for it, every SMS says what the outage means to its reader:
// staff and customers what they can do meanwhile, those who answer for it what
// people notice. It comes before how long it has been: what comes first has the most
// room.
func TestAnSMSSaysWhatItMeans(t *testing.T) {
	p := pack(t)
	for _, kind := range []Kind{First, Reopened, Holding, Overdue, Unknown} {
		for number := range 4 {
			for _, reads := range []string{"executive", "management", "staff", "customer"} {
				for code := range tongues {
					v := outage(kind, 1+number)
					v.Organisation = ""
					v.Account = Account{Impact: map[string]string{"": "Niets komt aan."}, Workaround: map[string]string{"": "Bel even."}}
					out, err := p.Render(v, Reader{Reads: reads, Language: code, Zone: zone(t, "Europe/Amsterdam")})
					if err != nil {
						t.Fatal(err)
					}
					want := "Niets komt aan."
					if reads == "staff" || reads == "customer" {
						want = "Bel even."
					}
					if !strings.Contains(out.SMS, want) {
						t.Errorf("%s %d to %s in %s does not say %q: %s", kind, v.Number, reads, code, want, out.SMS)
					}
					if i := durations.FindStringIndex(out.SMS); kind != First && i != nil && i[0] < strings.Index(out.SMS, want) {
						t.Errorf("%s %d to %s in %s says first how long it has been: %s", kind, v.Number, reads, code, out.SMS)
					}
					v.Phase = "monitoring"
					if out, err = p.Render(v, Reader{Reads: reads, Language: code, Zone: zone(t, "Europe/Amsterdam")}); err != nil {
						t.Fatal(err)
					}
					if kind != First && strings.Contains(out.SMS, want) {
						t.Errorf("%s %d to %s in %s says %q although it seems over: %s", kind, v.Number, reads, code, want, out.SMS)
					}
				}
			}
		}
	}
}

// An SMS about maintenance names the services, as long as nobody wrote what people
// notice.
func TestAnSMSOfAChangeNamesTheServices(t *testing.T) {
	p := pack(t)
	for _, kind := range []Kind{First, Announced, Moved, Started} {
		for code, want := range map[string]string{"nl": "Misschien niet te gebruiken: e-mail en", "en": "May not be usable: email and"} {
			v := outage(kind, 1)
			v.Organisation, v.Change = "", work(noon)
			v.Service = map[string]string{"": "opslag"}
			r := Reader{Reads: "staff", Language: code, Zone: zone(t, "Europe/Amsterdam")}
			out, err := p.Render(v, r)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(out.SMS, want) {
				t.Errorf("%s in %s does not say %q: %s", kind, code, want, out.SMS)
			}
			v.Account.Impact = map[string]string{"": "Alles is traag."}
			if out, err = p.Render(v, r); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.SMS, want) || !strings.Contains(out.SMS, "Alles is traag.") {
				t.Errorf("%s in %s: %s", kind, code, out.SMS)
			}
		}
	}
}

// Who leads a change, and when it is decided whether to go on, is told to those who
// answer for it, and to nobody outside.
func TestOutsidersReadNothingOfTheWayItIsLed(t *testing.T) {
	p := pack(t)
	for _, kind := range slices.Concat(ofChange, []Kind{First, Holding, Progress, Overdue}) {
		for _, reads := range audiences {
			for code, decision := range map[string]string{"nl": "Besluit over doorgaan", "en": "Decision to go on"} {
				v := outage(kind, 1)
				v.Change = work(noon)
				out, err := p.Render(v, Reader{Reads: reads, Language: code, Zone: zone(t, "Europe/Amsterdam")})
				if err != nil {
					t.Fatal(err)
				}
				outside := reads == "staff" || reads == "customer"
				over := kind == Cancelled || kind == Completed
				for _, text := range []string{out.Text, out.HTML} {
					if said := strings.Contains(text, "Anna de Vries"); said != (!outside && !over) {
						t.Errorf("%s to %s in %s names who leads it: %v", kind, reads, code, said)
					}
					if outside && strings.Contains(text, decision) {
						t.Errorf("%s to %s in %s says %q", kind, reads, code, decision)
					}
				}
			}
		}
	}
}

// Those who talk read no labels of the monitoring where there is a word for it.
func TestTheSeverityOfAQuestionHasAWord(t *testing.T) {
	p := pack(t)
	for reads, want := range map[string]string{"communication": "Ernst: hoog", "resolution": "Ernst: critical\nFase: investigating"} {
		out, err := p.Render(outage(Question, 1), Reader{Reads: reads, Language: "nl", Zone: zone(t, "Europe/Amsterdam")})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(out.Text, want) || strings.Contains(out.Text, "Fase") != (reads == "resolution") {
			t.Errorf("to %s it does not say %q:\n%s", reads, want, out.Text)
		}
	}
}
