package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"sitrep/router/web"
)

// Titles and words are taken in the languages that the server was told of, and in
// no others.
func TestLanguagesAreThoseOfTheWords(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		h.opens()
		h.must(200, "PATCH", "/api/v1/incidents/SR-1", `{"title":{"pl":"poczta"}}`)
		var shown struct{ Title map[string]string }
		h.must(200, "GET", "/api/v1/incidents/SR-1", "").into(t, &shown)
		if len(shown.Title) != 1 || shown.Title["pl"] != "poczta" {
			t.Errorf("the title is %v", shown.Title)
		}
		h.must(200, "POST", "/api/v1/incidents/SR-1/updates", `{"texts":{"pl":"Technik jest w drodze."}}`)
		_, errs := h.call("PATCH", "/api/v1/incidents/SR-1", `{"title":{"fr":"le mail","":"mail"}}`).problem(t, 422)
		for _, where := range []string{"body.title.fr", "body.title"} {
			if errs[where] != "no message is told in this language; they are told in en, nl, pl" {
				t.Errorf("%s: %q", where, errs[where])
			}
		}
	})
}

// The page on which somebody leaves a list speaks every language, and escapes what
// its texts are.
func TestTheLeavingPageSpeaksEveryLanguage(t *testing.T) {
	notice := func(s string) web.Notice { return web.Notice{Title: s, Text: s + " <text>"} }
	leaving := func(code string) web.Leaving {
		return web.Leaving{Language: code, Ask: notice("ask " + code), Done: notice("done " + code), Failed: notice("failed " + code), Unknown: notice("unknown " + code)}
	}
	inside(t, func(t *testing.T, h *house) {
		for _, c := range []struct {
			method string
			status int
			says   string
			asks   bool
		}{{"GET", http.StatusOK, "ask", true}, {"POST", http.StatusNotFound, "unknown", false}} {
			a := h.must(c.status, c.method, web.UnsubscribePath+"token", "")
			for _, code := range []string{"pl", "nl"} {
				want := `<section lang="` + code + `"><h1>` + c.says + " " + code + `</h1><p>` + c.says + " " + code + " &lt;text&gt;</p></section>"
				if !strings.Contains(a.body, want) {
					t.Errorf("%s does not say %s:\n%s", c.method, want, a.body)
				}
			}
			if !strings.Contains(a.body, `<html lang="pl">`) || strings.Contains(a.body, "<button>ask pl · ask nl</button>") != c.asks {
				t.Errorf("%s says %s", c.method, a.body)
			}
		}
	}, func(o *web.Options) {
		o.Unsubscribe = func(context.Context, string) (bool, error) { return false, nil }
		o.Leaving = []web.Leaving{leaving("pl"), leaving("nl")}
	})
}
