package channeltest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A message goes this way, once somebody listens (Callback) or says how it ends
// (Courses); until then it stays as it was accepted. Each state is the one that
// lists and fetches show, from before it is posted:
//
//	accepted ── queued ──┬── sent ──┬── delivered
//	                     │          └── undelivered, with a code
//	                     └── failed, with a code
//
// Course is how one message goes.
type Course struct {
	// End is its last status: delivered, undelivered or failed; "" is delivered.
	End string
	// Code is why, where it was not delivered; 0 where Twilio does not say.
	Code int
	// Wait passes before each status.
	Wait time.Duration
	// Post is how its callbacks go.
	Post Posting
}

// Posting is how callbacks are posted.
type Posting string

const (
	// InOrder is the rule: each status once, as it is reached.
	InOrder Posting = ""
	// Twice: each of them two times.
	Twice Posting = "twice"
	// Reordered: all of them at the end, the last one first.
	Reordered Posting = "reordered"
	// Forged: signed with a token that is not the account's.
	Forged Posting = "forged"
	// Silent: none at all.
	Silent Posting = "silent"
)

// Posted is one callback, and what was answered.
type Posted struct {
	SID, Status string
	Answer      int // HTTP status; 0 where there was none
}

// Callback posts what becomes of messages that ask for it, and what comes in, by
// do: an http.Client's Do, or less. nil posts nothing.
func (t *Twilio) Callback(do func(*http.Request) (*http.Response, error)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.do = do
}

// Courses asks f for each message accepted from now on how it goes; nil: all are
// delivered.
func (t *Twilio) Courses(f func(SMS) Course) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.courses = f
}

// Posted returns the callbacks so far.
func (t *Twilio) Posted() []Posted {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.posted)
}

// Close ends the callbacks, those under way too, and returns when they are
// finished. What is accepted after that posts none.
func (t *Twilio) Close() error {
	t.mu.Lock()
	t.closed = true
	t.mu.Unlock()
	t.cancel()
	t.posts.Wait()
	return nil
}

// follow lets a message that was accepted go on, where anybody wants to know. It
// is called with the lock.
func (t *Twilio) follow(s SMS) {
	if t.closed || t.do == nil && t.courses == nil {
		return
	}
	ask := t.courses
	t.posts.Go(func() {
		course := Course{}
		if ask != nil {
			course = ask(s)
		}
		t.run(s, course)
	})
}

func (t *Twilio) run(s SMS, c Course) {
	if c.End == "" {
		c.End = "delivered"
	}
	steps := []string{"queued", "sent", c.End}
	if c.End == "failed" {
		steps = []string{"queued", c.End}
	}
	for _, status := range steps {
		if !t.pause(c.Wait) {
			return
		}
		s.Status = status
		if status == c.End {
			s.Code = c.Code
		}
		t.reach(s)
		if c.Post != Reordered {
			t.tell(s, c.Post)
		}
	}
	if c.Post == Reordered {
		for _, status := range slices.Backward(steps) {
			s.Status = status
			t.tell(s, c.Post)
		}
	}
}

func (t *Twilio) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return t.ended.Err() == nil
	case <-t.ended.Done():
		return false
	}
}

// reach makes the message's status what lists and fetches show.
func (t *Twilio) reach(s SMS) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for n := range t.inbox {
		if t.inbox[n].SID == s.SID {
			t.inbox[n].Status, t.inbox[n].Code, t.inbox[n].changed = s.Status, s.Code, time.Now()
		}
	}
}

// tell posts a message's status to where the message asked for it.
func (t *Twilio) tell(s SMS, how Posting) {
	if s.Callback == "" || how == Silent {
		return
	}
	form := url.Values{
		"AccountSid": {t.accountSID}, "ApiVersion": {"2010-04-01"}, "To": {s.To},
		"MessageSid": {s.SID}, "SmsSid": {s.SID}, "MessageStatus": {s.Status}, "SmsStatus": {s.Status},
	}
	if s.From != "" {
		form.Set("From", s.From)
	}
	if s.Service != "" {
		form.Set("MessagingServiceSid", s.Service)
	}
	if s.Code != 0 && (s.Status == "failed" || s.Status == "undelivered") {
		form.Set("ErrorCode", strconv.Itoa(s.Code))
	}
	token, times := t.authToken, 1
	switch how {
	case Forged:
		token = "not the " + token
	case Twice:
		times = 2
	}
	for range times {
		p := Posted{SID: s.SID, Status: s.Status}
		if resp, err := t.post(s.Callback, token, form); err == nil {
			p.Answer = resp.StatusCode
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
		t.mu.Lock()
		t.posted = append(t.posted, p)
		t.mu.Unlock()
	}
}

// Incoming posts a message that somebody sent to one of the account's numbers,
// as Twilio does to the address that the number is configured with. What that
// answers in TwiML goes back as a message.
func (t *Twilio) Incoming(address, from, to, body string) (*http.Response, error) {
	return t.IncomingAs(newSID(), address, from, to, body)
}

// IncomingAs is Incoming of a message with a name, as one that Twilio posts again has
// the same.
func (t *Twilio) IncomingAs(sid, address, from, to, body string) (*http.Response, error) {
	resp, err := t.post(address, t.authToken, url.Values{
		"AccountSid": {t.accountSID}, "ApiVersion": {"2010-04-01"}, "From": {from}, "To": {to}, "Body": {body},
		"MessageSid": {sid}, "SmsSid": {sid}, "SmsMessageSid": {sid}, "SmsStatus": {"received"},
		"NumMedia": {"0"}, "NumSegments": {strconv.Itoa(Segments(body))},
	})
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	twiML, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(twiML))
	if err != nil {
		return resp, err
	}
	var said struct {
		XMLName xml.Name `xml:"Response"`
		Message []string
	}
	if err := xml.Unmarshal(twiML, &said); err != nil {
		return resp, fmt.Errorf("the answer is no TwiML: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, m := range said.Message {
		t.inbox = append(t.inbox, SMS{At: time.Now(), SID: newSID(), From: to, To: from, Body: m, Segments: Segments(m)})
	}
	return resp, nil
}

func (t *Twilio) post(address, token string, form url.Values) (*http.Response, error) {
	t.mu.Lock()
	do := t.do
	t.mu.Unlock()
	if do == nil {
		return nil, errors.New("nothing is there to post by")
	}
	r, err := TwilioRequest(t.ended, token, address, form)
	if err != nil {
		return nil, err
	}
	return do(r)
}

// TwilioRequest is a request as Twilio posts it: the form, signed for the
// address.
func TwilioRequest(ctx context.Context, token, address string, form url.Values) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	r.Header.Set("X-Twilio-Signature", TwilioSignature(token, address, form))
	return r, nil
}

// TwilioSignature signs as Twilio documents: HMAC-SHA1, with the account's token
// as its key, over the whole address and then each parameter's name and value,
// sorted by name. What follows a # is settings for Twilio itself: neither asked
// for nor signed.
func TwilioSignature(token, address string, form url.Values) string {
	address, _, _ = strings.Cut(address, "#")
	mac := hmac.New(sha1.New, []byte(token))
	io.WriteString(mac, address)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		io.WriteString(mac, name+form.Get(name))
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
