package policies

import "testing"

func TestReachable(t *testing.T) {
	team := &Team{Name: "resolution", Channels: []string{"email"}, Recipients: []Recipient{
		{Name: "Bert Jansen", Email: "bert@example.org"}, {Name: "Jan", Email: "jan@example.org"}, {Name: "jan", Email: "other@example.org"},
		{Name: "Piet", Phone: "+31612345601"}, {Email: "nameless@example.org"},
	}}
	for name, want := range map[string]string{
		"Bert Jansen": "bert@example.org", " bert  JANSEN ": "bert@example.org", "Bert": "", "Jan": "", "Piet": "", "": "", " ": "", "somebody of a team": "",
	} {
		who, known := team.Reachable(name)
		if who.Email != want || known != (want != "") {
			t.Errorf("%q is %q, %v", name, who.Email, known)
		}
	}
	var none *Team
	if _, known := none.Reachable("Jan"); known {
		t.Error("somebody is of no team")
	}
}
