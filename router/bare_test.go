package router

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
)

// stumbling is a writer of which some words fail.
type stumbling struct {
	terse
	said words.Rendered
	err  error
}

func (w stumbling) Render(words.View, words.Reader) (words.Rendered, error) { return w.said, w.err }
func (stumbling) Bare(_ words.View, r words.Reader) words.Rendered {
	return words.Rendered{Text: "bare, in " + r.Language}
}

// Own words that fail are told of once for each part; words that ship and fail all
// the same leave the bare facts.
func TestWordsThatFail(t *testing.T) {
	lapse := func(part string) *words.Lapse { return &words.Lapse{Part: part, Err: errors.New("no such field")} }
	var log bytes.Buffer
	r := New(Options{Global: policies.Global{TimeZone: time.UTC}, Log: slog.New(slog.NewTextHandler(&log, nil))})
	people := []channels.Person{{Language: "nl", Zone: "Europe/Amsterdam"}, {Language: "nl", Zone: "UTC"}, {Language: "en", Zone: "UTC"}}
	write := func(w stumbling) []channels.Text {
		r.rules.Load().Writer = w
		return r.write(words.View{Incident: "SR-1", Kind: words.Holding}, people, func(who words.Reader) (words.Rendered, error) {
			return w.Render(words.View{}, who)
		})
	}
	for range 2 {
		texts := write(stumbling{said: words.Rendered{Text: "as it ships", Lapse: lapse("holding.opening")}})
		if len(texts) != 3 || texts[0].Text != "as it ships" {
			t.Errorf("it says %+v", texts)
		}
	}
	// What another language says is sent as in that one, to those whom it is for.
	if texts := write(stumbling{said: words.Rendered{Language: "en", Lapse: lapse("sms.next")}}); texts[0].Language != "nl" || texts[0].Spoken != "en" || texts[2].Spoken != "" {
		t.Errorf("it is said in %+v", texts)
	}
	for _, part := range []string{"holding.opening", "sms.next"} {
		if n := strings.Count(log.String(), "part="+part); n != 1 {
			t.Errorf("%s is told of %d times:\n%s", part, n, &log)
		}
	}
	log.Reset()
	if texts := write(stumbling{err: errors.New("nothing works")}); len(texts) != 3 || texts[0].Text != "bare, in nl" || texts[2].Text != "bare, in en" {
		t.Errorf("it says %+v", texts)
	}
	if !strings.Contains(log.String(), "nothing works") || !strings.Contains(log.String(), "level=ERROR") {
		t.Errorf("the log says %s", &log)
	}
}
