package channeltest

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// TwilioAct is what the stand-in does instead of the usual.
type TwilioAct struct {
	// Wait passes before anything else; it ends when the caller goes away.
	Wait time.Duration
	// Status is answered instead, with Header and Body; nothing is kept. With
	// Code and no Body the body is Twilio's own error document.
	Status int
	Code   int
	Header http.Header
	Body   string
	// Fate is what becomes of the message, or of a list's answer.
	Fate Fate
}

// TwilioCall is what a misbehaving stand-in looks at.
type TwilioCall struct {
	Method string // POST sends, GET lists and fetches
	To     string
	SID    string // of the message that is fetched, otherwise empty
	N      int    // how often this was called, from 1 on
}

// Twilio stands in for Twilio's REST API, version 2010-04-01, as far as
// sending, listing and fetching messages goes, and for what it posts by itself.
// It is an http.Handler; its inbox is authoritative.
type Twilio struct {
	accountSID, authToken string

	ended  context.Context
	cancel context.CancelFunc
	posts  sync.WaitGroup // goroutines that post callbacks

	mu        sync.Mutex
	inbox     []SMS
	called    map[TwilioCall]int
	onSMS     func(SMS)
	misbehave func(TwilioCall) TwilioAct
	courses   func(SMS) Course
	do        func(*http.Request) (*http.Response, error)
	posted    []Posted
	closed    bool
	mux       *http.ServeMux
}

// NewTwilio knows one account.
func NewTwilio(accountSID, authToken string) *Twilio {
	t := &Twilio{accountSID: accountSID, authToken: authToken, called: map[TwilioCall]int{}, mux: http.NewServeMux()}
	t.ended, t.cancel = context.WithCancel(context.Background())
	t.mux.HandleFunc("POST /2010-04-01/Accounts/{sid}/Messages.json", t.create)
	t.mux.HandleFunc("GET /2010-04-01/Accounts/{sid}/Messages.json", t.list)
	t.mux.HandleFunc("GET /2010-04-01/Accounts/{sid}/Messages/{file}", t.fetch)
	t.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, refusal{404, 20404, "The requested resource " + r.URL.Path + " was not found"})
	})
	return t
}

// OnSMS calls f for each message accepted from now on, before the sender gets
// its answer; requests call it side by side. nil for none.
func (t *Twilio) OnSMS(f func(SMS)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.onSMS = f
}

// Misbehave asks f at each call with good credentials what to do; nil behaves.
func (t *Twilio) Misbehave(f func(TwilioCall) TwilioAct) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.misbehave = f
}

// Messages returns the whole inbox in the order of acceptance.
func (t *Twilio) Messages() []SMS {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.inbox)
}

// Phone returns what was accepted for one number.
func (t *Twilio) Phone(number string) []SMS {
	var got []SMS
	for _, s := range t.Messages() {
		if s.To == number {
			got = append(got, s)
		}
	}
	return got
}

// Calls returns how often a method (POST, GET) was called for a number.
func (t *Twilio) Calls(method, to string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.called[TwilioCall{Method: method, To: to}]
}

func (t *Twilio) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	user, token, ok := r.BasicAuth()
	if !ok || user != t.accountSID || token != t.authToken {
		refuse(w, refusal{401, 20003, "Authenticate"})
		return
	}
	t.mux.ServeHTTP(w, r)
}

func (t *Twilio) create(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refuse(w, refusal{400, 20001, "Bad request"})
		return
	}
	act := t.act(r, r.PostForm.Get("To"), "")
	if act.Status != 0 {
		act.answer(w)
		return
	}
	var s SMS
	if no := s.read(r.PostForm); no != nil {
		refuse(w, *no)
		return
	}
	if act.Fate.kept() {
		t.mu.Lock()
		t.inbox = append(t.inbox, s)
		call := t.onSMS
		t.mu.Unlock()
		if call != nil {
			call(s)
		}
		t.mu.Lock()
		t.follow(s)
		t.mu.Unlock()
	}
	act.Fate.hold(r)
	if act.Fate == Parted {
		w.Header().Set("Connection", "close")
	}
	reply(w, http.StatusCreated, s.resource(r.PathValue("sid")))
}

// act says what to do with a call, and waits where that is part of it.
func (t *Twilio) act(r *http.Request, to, sid string) TwilioAct {
	t.mu.Lock()
	call := TwilioCall{Method: r.Method, To: to, SID: sid}
	t.called[call]++
	call.N = t.called[call]
	ask := t.misbehave
	t.mu.Unlock()
	if ask == nil {
		return TwilioAct{}
	}
	act := ask(call)
	if act.Wait > 0 {
		timer := time.NewTimer(act.Wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-r.Context().Done():
		}
	}
	return act
}

// hold does not return where the fate is not to answer.
func (f Fate) hold(r *http.Request) {
	switch f {
	case Ignored, Mute:
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	case Lost, Cut:
		panic(http.ErrAbortHandler)
	}
}

func (a TwilioAct) answer(w http.ResponseWriter) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	if a.Body == "" && a.Code != 0 {
		refuse(w, refusal{a.Status, a.Code, "As the test asked"})
		return
	}
	w.WriteHeader(a.Status)
	fmt.Fprint(w, a.Body)
}

func refuse(w http.ResponseWriter, no refusal) {
	reply(w, no.status, map[string]any{
		"code": no.code, "message": no.message, "status": no.status,
		"more_info": "https://www.twilio.com/docs/errors/" + strconv.Itoa(no.code),
	})
}

func reply(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(body)
}
