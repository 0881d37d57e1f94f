package web_test

import (
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"sitrep/policies"
	"sitrep/router/web"
)

// answersBy counts answers, by who got them and which they were.
type answersBy struct {
	mu  sync.Mutex
	all map[string]map[int]int
}

func (c *answersBy) count(who string, status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[who] == nil {
		c.all[who] = map[int]int{}
	}
	c.all[who][status]++
}

// TestTenThousandRequestsASecond: a program that runs wild with one token is told to
// come again; at the same moment and from the same address, webhooks are taken
// whatever their token is, and everybody else is answered at once.
func TestTenThousandRequestsASecond(t *testing.T) {
	const wild, other = "192.0.2.7", "192.0.2.8"
	got := answersBy{all: map[string]map[int]int{}}
	inside(t, func(t *testing.T, h *house) {
		h.bearer = "secret of admin"
		h.opens()
		h.bearer = ""
		began := time.Now()
		var all sync.WaitGroup
		// each makes n calls, one every so often, until the second is over.
		each := func(who string, every time.Duration, call func(n int) answer) {
			all.Go(func() {
				for n := range int(time.Second / every) {
					time.Sleep(time.Until(began.Add(time.Duration(n) * every)))
					at := time.Now()
					a := call(n)
					if took := time.Since(at); took > 0 {
						t.Errorf("%s waited for %v", who, took)
					}
					got.count(who, a.status)
					if a.status != http.StatusTooManyRequests {
						continue
					}
					a.problem(t, http.StatusTooManyRequests)
					if s, err := strconv.Atoi(a.header.Get("Retry-After")); err != nil || s < 1 {
						t.Errorf("%s may come again after %q", who, a.header.Get("Retry-After"))
					}
				}
			})
		}
		calls := func(addr, token, method, path, body string) func(int) answer {
			return func(n int) answer {
				return h.call(method, path, body, from(fmt.Sprintf("%s:%d", addr, 1024+n)), bearer(token))
			}
		}
		for range 10 {
			each("the wild one", time.Millisecond, calls(wild, "secret of wild", "GET", list, ""))
		}
		fires := func(token string) func(int) answer {
			return func(n int) answer { // news each time, to be stored
				return calls(wild, token, "POST", hookPath, webhook(alert("mail", fmt.Sprint(token, n), "firing", began, time.Time{})))(n)
			}
		}
		each("Alertmanager", 10*time.Millisecond, fires("secret of alerts"))
		each("Alertmanager with the wild one's token", 10*time.Millisecond, fires("secret of wild"))
		each("Alertmanager with a wrong token", time.Millisecond, fires("sesame"))
		each("Alertmanager with a reader's token", 10*time.Millisecond, fires("secret of viewer"))
		each("who guesses", time.Millisecond, calls("192.0.2.66", "sesame", "GET", list, ""))
		each("a reader beside him", 25*time.Millisecond, calls(wild, "secret of viewer", "GET", "/api/v1/incidents/SR-1", ""))
		each("who writes from elsewhere", 100*time.Millisecond, calls(other, "secret of responder", "POST", "/api/v1/incidents/SR-1/updates", `{"text":"we look at it","audiences":["it"]}`))
		each("what watches it", 10*time.Millisecond, calls(wild, "secret of wild", "GET", "/-/ready", ""))
		all.Wait()

		for who, want := range map[string]string{
			// A burst of 100 and 50 a second; a moment counts in the end.
			"the wild one":                           "map[200:149 429:9851]",
			"Alertmanager":                           "map[202:100]",
			"Alertmanager with the wild one's token": "map[202:100]",
			"Alertmanager with a wrong token":        "map[401:1000]",
			"Alertmanager with a reader's token":     "map[403:100]",
			"who guesses":                            "map[401:10 429:990]",
			"a reader beside him":                    "map[200:40]",
			"who writes from elsewhere":              "map[200:10]",
			"what watches it":                        "map[200:100]",
		} {
			if s := fmt.Sprint(got.all[who]); s != want {
				t.Errorf("%s: %s, want %s", who, s, want)
			}
		}
		stored := 0
		for _, hook := range h.hooks {
			if hook == "202 1 1 0" {
				stored++
			}
		}
		if stored != 201 { // with the one that opened it
			t.Errorf("of %d webhooks %d were stored", len(h.hooks), stored)
		}
		time.Sleep(time.Second)
		if a := calls(wild, "secret of wild", "GET", list, "")(0); a.status != 200 {
			t.Errorf("a second later the wild one is answered %d", a.status)
		}
	}, tokens, whole, func(o *web.Options) {
		o.Access.Tokens = append(o.Access.Tokens, policies.Token{Name: "wild", Role: policies.RoleAdmin, Token: policies.NewSecret("secret of wild")})
	})
}
