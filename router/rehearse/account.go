package rehearse

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"sitrep/policies/words"
	"sitrep/router/incident"
)

// What is told of an outage beyond its state: annotations of alerts, and a person's
// words in a line with set.

// annotations takes those that are for every reader off the rest.
func (a *arguments) annotations() (incident.Account, bool) {
	var all incident.Account
	var rest []token
	for _, t := range a.rest {
		name, value, ok := t.pair()
		if !ok || !strings.HasPrefix(name, incident.Annotated) {
			rest = append(rest, t)
			continue
		}
		thing, lang, ok := incident.Annotation(name)
		switch {
		case !ok:
			return nil, a.bad(t, "%s is none of sitrep_summary, sitrep_impact and sitrep_workaround, each also with a language: sitrep_impact_nl", name)
		case strings.TrimSpace(value) == "":
			return nil, a.bad(t, "the text is empty")
		case !a.given(t, &all, thing, lang, value):
			return nil, false
		}
	}
	a.rest = rest
	return all, true
}

// given adds a text.
func (a *arguments) given(t token, to *incident.Account, thing incident.Thing, lang, text string) bool {
	if _, twice := (*to)[thing][lang]; twice {
		return a.bad(t, "there are two texts for the same readers")
	}
	if utf8.RuneCountInString(text) > incident.MaxText {
		return a.bad(t, "the text is longer than %d characters", incident.MaxText)
	}
	if *to == nil {
		*to = incident.Account{}
	}
	if (*to)[thing] == nil {
		(*to)[thing] = map[string]string{}
	}
	(*to)[thing][lang] = text
	return true
}

// told reads what a person says of one thing: impact="…", for the readers of a
// language impact_nl="…", or impact="" to take it back. Known is false where the
// name is of another kind.
func (a *arguments) told(set *Set, t token, name, text string) (known, ok bool) {
	for _, thing := range incident.Things {
		lang, is := strings.CutPrefix(name, string(thing)+"_")
		if name == string(thing) {
			lang, is = "", true
		}
		if !is {
			continue
		}
		if lang != "" {
			if _, is := words.LanguageOf(lang); !is {
				continue
			}
		}
		texts, before := set.Account[thing]
		empty := strings.TrimSpace(text) == ""
		switch {
		case empty && name != string(thing):
			return true, a.bad(t, `the text is empty; %s="" takes it back`, thing)
		case before && (empty || len(texts) == 0):
			return true, a.bad(t, "%s is given and taken back in one line", thing)
		case !empty:
			return true, a.given(t, &set.Account, thing, lang, text)
		}
		if set.Account == nil {
			set.Account = incident.Account{}
		}
		set.Account[thing] = nil
		return true, true
	}
	return false, false
}

// says lists what is told, each thing with its texts.
func says(account incident.Account) []string {
	var all []string
	for _, thing := range incident.Things {
		texts, given := account[thing]
		switch {
		case len(texts) > 0:
			all = append(all, called(thing)+" "+inLanguages(texts))
		case given:
			all = append(all, called(thing)+" none")
		}
	}
	return all
}

// called is how a story calls a thing.
func called(t incident.Thing) string { return strings.ReplaceAll(string(t), "_", " ") }

// inLanguages are texts as a script writes them: nl:"…" en:"…".
func inLanguages(texts map[string]string) string {
	var all []string
	for _, lang := range slices.Sorted(maps.Keys(texts)) {
		prefix := ""
		if lang != "" {
			prefix = lang + ":"
		}
		all = append(all, prefix+strconv.Quote(texts[lang]))
	}
	return strings.Join(all, " ")
}
