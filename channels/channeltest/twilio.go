package channeltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
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
	Method string // POST sends, GET lists
	To     string
	N      int // how often this method was called for this To, from 1 on
}

// Twilio stands in for Twilio's REST API, version 2010-04-01, as far as
// sending and listing messages goes. It is an http.Handler; its inbox is
// authoritative.
type Twilio struct {
	accountSID, authToken string

	mu        sync.Mutex
	inbox     []SMS
	called    map[TwilioCall]int
	onSMS     func(SMS)
	misbehave func(TwilioCall) TwilioAct
	mux       *http.ServeMux
}

// NewTwilio knows one account.
func NewTwilio(accountSID, authToken string) *Twilio {
	t := &Twilio{accountSID: accountSID, authToken: authToken, called: map[TwilioCall]int{}, mux: http.NewServeMux()}
	t.mux.HandleFunc("POST /2010-04-01/Accounts/{sid}/Messages.json", t.create)
	t.mux.HandleFunc("GET /2010-04-01/Accounts/{sid}/Messages.json", t.list)
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
	act := t.act(r, r.PostForm.Get("To"))
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
	}
	act.Fate.hold(r)
	if act.Fate == Parted {
		w.Header().Set("Connection", "close")
	}
	reply(w, http.StatusCreated, s.resource(r.PathValue("sid")))
}

// list shows the newest first, as Twilio does, filtered by To, From, DateSent,
// DateSent< and DateSent>: days, or moments by RFC 3339.
func (t *Twilio) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	act := t.act(r, q.Get("To"))
	if act.Status != 0 {
		act.answer(w)
		return
	}
	act.Fate.hold(r)

	found := []map[string]any{}
	all := t.Messages()
	slices.Reverse(all)
	for _, s := range all {
		fits, err := s.fits(q)
		if err != nil {
			refuse(w, refusal{400, 20001, "Invalid DateSent"})
			return
		}
		if fits {
			found = append(found, s.resource(r.PathValue("sid")))
		}
	}

	size := number(q.Get("PageSize"), 50, 1, 1000)
	page := number(q.Get("Page"), 0, 0, len(found))
	start := min(page*size, len(found))
	end := min(start+size, len(found))
	link := func(page int) string {
		q.Set("Page", strconv.Itoa(page))
		q.Set("PageSize", strconv.Itoa(size))
		return r.URL.Path + "?" + q.Encode()
	}
	body := map[string]any{
		"messages": found[start:end], "page": page, "page_size": size, "start": start, "end": max(end-1, 0),
		"uri": r.URL.RequestURI(), "first_page_uri": link(0), "next_page_uri": nil, "previous_page_uri": nil,
	}
	if end < len(found) {
		body["next_page_uri"] = link(page + 1)
	}
	if page > 0 {
		body["previous_page_uri"] = link(page - 1)
	}
	reply(w, http.StatusOK, body)
}

// fits says whether the message passes a list's filters.
func (s SMS) fits(q url.Values) (bool, error) {
	if to := q.Get("To"); to != "" && to != s.To {
		return false, nil
	}
	if from := q.Get("From"); from != "" && from != s.From {
		return false, nil
	}
	for _, filter := range []string{"DateSent", "DateSent<", "DateSent>"} {
		value := q.Get(filter)
		if value == "" {
			continue
		}
		from, err := time.Parse(time.DateOnly, value)
		until := from.AddDate(0, 0, 1)
		if err != nil {
			if from, err = time.Parse(time.RFC3339, value); err != nil {
				return false, err
			}
			until = from.Add(time.Second)
		}
		if filter != "DateSent<" && s.At.Before(from) || filter != "DateSent>" && !s.At.Before(until) {
			return false, nil
		}
	}
	return true, nil
}

// act says what to do with a call, and waits where that is part of it.
func (t *Twilio) act(r *http.Request, to string) TwilioAct {
	t.mu.Lock()
	call := TwilioCall{Method: r.Method, To: to}
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

// number reads s, or takes the default, and keeps it between low and high.
func number(s string, standard, low, high int) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		n = standard
	}
	return max(low, min(n, high))
}
