package faults

import (
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"sitrep/channels/channeltest"
)

// trouble is what the provider does to the first try of some, and what comes of
// it.
type trouble struct {
	name string
	act  channeltest.TwilioAct // by the stand-in itself
	// page is answered in place of Twilio's answer to a message that it took.
	page int
	torn bool
	// list is what the first look into the list is answered with; 0: the list.
	list int

	refused bool // for good
	doubt   bool // it may have come, did not, and is sent again: counted as possible
}

const html = "<html><body><h1>Please wait</h1></body></html>"

var troubles = []trouble{
	{name: "none"},
	{name: "429", act: channeltest.TwilioAct{Status: http.StatusTooManyRequests, Code: 20429, Header: http.Header{"Retry-After": {"2"}}}},
	{name: "500", act: channeltest.TwilioAct{Status: http.StatusInternalServerError, Code: 20500}},
	{name: "HTML with 200 in place of the message", act: channeltest.TwilioAct{Status: http.StatusOK, Body: html}, doubt: true},
	{name: "HTML with 200, message taken", page: http.StatusOK, list: http.StatusServiceUnavailable},
	{name: "HTML with 502, message taken", page: http.StatusBadGateway},
	{name: "time-out before acceptance", act: channeltest.TwilioAct{Fate: channeltest.Ignored}, doubt: true},
	{name: "time-out after acceptance", act: channeltest.TwilioAct{Fate: channeltest.Mute}},
	{name: "cut in place of the answer", act: channeltest.TwilioAct{Fate: channeltest.Cut}},
	{name: "reset in the answer", torn: true},
	{name: "unsubscribed", act: channeltest.TwilioAct{Status: http.StatusBadRequest, Code: 21610}, refused: true},
}

func troubleOf(number string) trouble {
	n := 0
	for ; phone(n) != number; n++ {
	}
	return troubles[n%len(troubles)]
}

// TestProvider: each trouble that a provider may make, at the first try of some.
func TestProvider(t *testing.T) {
	t.Parallel()
	each := either(3, 30)
	n := each * len(troubles)
	var mu sync.Mutex
	tries := map[string]int{}
	// first reports whether a request is the first to send to a number.
	first := func(r *http.Request) (trouble, bool) {
		if r.Method != http.MethodPost || r.ParseForm() != nil {
			return trouble{}, false
		}
		to := r.PostForm.Get("To")
		mu.Lock()
		defer mu.Unlock()
		tries[to]++
		return troubleOf(to), tries[to] == 1
	}
	w := newWorld(t, setup{phones: n, provider: func(twilio http.Handler) http.Handler {
		torn := channeltest.Torn(twilio, func(*http.Request) bool { return true })
		return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
			switch makes, is := first(r); {
			case is && makes.torn:
				torn.ServeHTTP(out, r)
			case is && makes.page != 0:
				twilio.ServeHTTP(unread{http.Header{}}, r)
				out.Header().Set("Content-Type", "text/html")
				out.WriteHeader(makes.page)
				io.WriteString(out, html)
			default:
				twilio.ServeHTTP(out, r)
			}
		})
	}})
	w.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		makes := troubleOf(c.To)
		switch {
		case c.N > 1:
		case c.Method == http.MethodPost:
			return makes.act
		case makes.list != 0:
			return channeltest.TwilioAct{Status: makes.list}
		}
		return channeltest.TwilioAct{}
	})
	b := w.fanOut()
	refused, doubt := 0, 0
	for i := range n {
		makes, got := troubles[i%len(troubles)], len(w.twilio.Phone(phone(i)))
		if got != 1 && !makes.refused || got != 0 && makes.refused {
			t.Errorf("seed %d: %s: %s got %d SMS", w.seed, makes.name, phone(i), got)
		}
		if makes.refused {
			refused++
		}
		if makes.doubt {
			doubt++
		}
	}
	w.figures(b, "provider_troubles=%d each=%d", len(troubles), each)
	if want := (sums{planned: n, accepted: n - refused, failed: refused, possible: doubt}); b.sums != want || b.twice > 0 {
		t.Errorf("seed %d: %+v, want %+v; %d copies too many", w.seed, b.sums, want, b.twice)
	}
}

// unread is an answer that nobody gets.
type unread struct{ header http.Header }

func (u unread) Header() http.Header         { return u.header }
func (u unread) WriteHeader(int)             {}
func (u unread) Write(b []byte) (int, error) { return len(b), nil }

// TestProviderDown: everything is answered with 503, and then all is well again.
func TestProviderDown(t *testing.T) {
	t.Parallel()
	n, down := 100, either(8*time.Second, 30*time.Minute)
	w := newWorld(t, setup{phones: n})
	w.start()
	begins := time.Now()
	var mu sync.Mutex
	answered := 0
	w.twilio.Misbehave(func(c channeltest.TwilioCall) channeltest.TwilioAct {
		if time.Since(begins) > down {
			return channeltest.TwilioAct{}
		}
		mu.Lock()
		defer mu.Unlock()
		status := []int{500, 503, 429, 401}[w.below(4)]
		answered++
		return channeltest.TwilioAct{Status: status}
	})
	w.fire()
	w.settle()
	b := w.audit()
	w.figures(b, "provider_down=%v refusals=%d", down, answered)
	w.everybody(b, n)
	if b.twice > 0 || b.possible > 0 || answered == 0 {
		t.Errorf("seed %d: %d came twice, %d possible, %d refusals", w.seed, b.twice, b.possible, answered)
	}
}
