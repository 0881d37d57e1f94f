package web

import (
	"context"
	"slices"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"sitrep/router/incident"
)

type updateInput struct {
	Asked
	DryRun
	ID   string `path:"id" example:"SR-12" maxLength:"40"`
	Body struct {
		Why
		Text      string            `json:"text,omitempty" maxLength:"2000" doc:"The words, for readers of every language"`
		Texts     map[string]string `json:"texts,omitempty" maxProperties:"10" doc:"The words by language, instead of text" example:"{\"nl\": \"Er is een monteur onderweg.\"}"`
		Audiences []string          `json:"audiences,omitempty" maxItems:"100" doc:"For whom; without it, everyone who was told so far"`
		Phase     string            `json:"phase,omitempty" enum:"investigating,identified,monitoring" doc:"The phase from now on; without it, as it is"`
		Corrects  int               `json:"corrects,omitempty" minimum:"1" doc:"The number of an update that was wrong: the words go to exactly those who got it, and to nobody else"`
	}
}

func (s *Server) postUpdate(ctx context.Context, in *updateInput) (*decisionOutput, error) {
	if err := s.door.words(ctx, in); err != nil {
		return nil, err
	}
	texts, problems := s.texts(in.Body.Text, in.Body.Texts)
	audiences := s.named(inBody(&problems), in.Body.Audiences)
	if in.Body.Corrects > 0 && (in.Body.Audiences != nil || in.Body.Phase != "") {
		problems = append(problems, &huma.ErrorDetail{Location: "body.corrects", Message: "a correction goes to those who got what it takes back: name no audiences and no phase with it"})
	}
	if len(problems) > 0 {
		return nil, huma.Error422UnprocessableEntity("validation failed", problems...)
	}
	say := &incident.Say{Incident: in.ID, Texts: texts, Audiences: audiences, Phase: incident.Phase(in.Body.Phase), Corrects: in.Body.Corrects}
	out, err := s.submit(ctx, in.ID, in.Asked, in.DryRun, incident.Input{Reason: in.Body.reason(), Say: say})
	if err == nil && s.tooLong(texts) {
		for n := range out.Body.Updates {
			u := &out.Body.Updates[n]
			u.Cut = slices.Contains(u.Channels, "sms")
		}
	}
	return out, err
}

// tooLong reports whether an SMS has no room for all of some words.
func (s *Server) tooLong(texts map[string]string) bool {
	for _, text := range texts {
		if s.o.TooLong != nil && s.o.TooLong(text) {
			return true
		}
	}
	return false
}

// texts takes the words in either of their forms, cleaned.
func (s *Server) texts(text string, texts map[string]string) (map[string]string, []error) {
	var problems []error
	problem := func(where, what string) {
		problems = append(problems, &huma.ErrorDetail{Location: where, Message: what})
	}
	out := map[string]string{}
	text = cleanWords(text)
	switch {
	case text != "" && len(texts) > 0:
		problem("body.texts", "give text or texts, not both")
	case text != "":
		out[""] = text
	case len(texts) == 0:
		problem("body.text", "it is empty: there are no words to send")
	}
	languages := make([]string, 0, len(texts))
	for l := range texts {
		languages = append(languages, l)
	}
	sort.Strings(languages)
	for _, l := range languages {
		where := "body.texts." + l
		words := cleanWords(texts[l])
		switch {
		case !slices.Contains(s.o.Languages, l):
			problem(where, s.noLanguage())
		case words == "":
			problem(where, "it is empty: there are no words to send")
		case len([]rune(words)) > 2000:
			problem(where, "it is longer than 2000 characters")
		default:
			out[l] = words
		}
	}
	return out, problems
}

// noLanguage says which languages there are, where a text is in another.
func (s *Server) noLanguage() string {
	return "no message is told in this language; they are told in " + strings.Join(s.o.Languages, ", ")
}

// cleanWords removes control and direction characters, which have no meaning in
// a message and may hide one. Lines stay lines.
func cleanWords(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\r', r == '\u0085', unicode.In(r, unicode.Zl, unicode.Zp):
			return '\n'
		case r == '\t', r == '\v', r == '\f':
			return ' '
		case r == utf8.RuneError, r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf):
			return -1
		}
		return r
	}, strings.ReplaceAll(s, "\r\n", "\n")))
}
