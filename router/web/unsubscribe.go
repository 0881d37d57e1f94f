package web

import (
	"html/template"
	"net/http"
	"strings"
)

// UnsubscribePath is what the address begins with under which somebody takes himself
// off a list; what he was given follows.
const UnsubscribePath = "/unsubscribe/"

// Leaving is what the page says in one language: what it asks of a person who
// follows the link himself, and what came of it.
type Leaving struct {
	Language                   string
	Ask, Done, Failed, Unknown Notice
}

// Notice is a heading and a sentence.
type Notice struct{ Title, Text string }

// farewell is the page at one moment, in every language: nothing is known here of
// who reads it.
type farewell struct {
	Title   string
	Button  string // empty: there is nothing to press
	Notices []spoken
}

type spoken struct {
	Language string
	Notice
}

var unsubscribePage = template.Must(template.New("").Parse(`<!DOCTYPE html>
<html{{with .Notices}} lang="{{(index . 0).Language}}"{{end}}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.3rem;margin:0 0 .5rem}
section{margin:0 0 2rem}
button{font:inherit;padding:.6rem 1.2rem;border:0;border-radius:4px;background:#0b4f8a;color:#fff;cursor:pointer}
@media (prefers-color-scheme:dark){body{color:#e8e8e8;background:#16181a}button{background:#8ec5f5;color:#10181f}}
</style>
</head>
<body>
{{range .Notices}}<section lang="{{.Language}}"><h1>{{.Title}}</h1><p>{{.Text}}</p></section>
{{end}}
{{- with .Button}}<form method="post"><button>{{.}}</button></form>
{{end -}}
</body>
</html>
`))

// askUnsubscribe changes nothing: mail scanners open links.
func (s *Server) askUnsubscribe(w http.ResponseWriter, r *http.Request) {
	s.showUnsubscribe(w, http.StatusOK, true, func(l Leaving) Notice { return l.Ask })
}

// unsubscribe is what a mail client posts by itself (RFC 8058), and the page's
// button. Neither has a token of the API: what it was given is proof enough.
func (s *Server) unsubscribe(w http.ResponseWriter, r *http.Request) {
	ours, err := s.o.Unsubscribe(r.Context(), r.PathValue("token"))
	switch {
	case err != nil:
		s.o.Log.Error("somebody could not be taken off a list", "err", err)
		w.Header().Set("Retry-After", "10")
		s.showUnsubscribe(w, http.StatusServiceUnavailable, false, func(l Leaving) Notice { return l.Failed })
	case !ours:
		s.showUnsubscribe(w, http.StatusNotFound, false, func(l Leaving) Notice { return l.Unknown })
	default:
		s.o.Log.Info("somebody took himself off an audience's mail")
		s.showUnsubscribe(w, http.StatusOK, false, func(l Leaving) Notice { return l.Done })
	}
}

func (s *Server) showUnsubscribe(w http.ResponseWriter, status int, asks bool, says func(Leaving) Notice) {
	var page farewell
	var titles []string
	for _, l := range s.o.Leaving {
		titles = append(titles, l.Ask.Title)
		page.Notices = append(page.Notices, spoken{l.Language, says(l)})
	}
	page.Title = strings.Join(titles, " · ")
	if asks {
		page.Button = page.Title
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer") // the address is the secret
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	w.WriteHeader(status)
	unsubscribePage.Execute(w, page)
}
