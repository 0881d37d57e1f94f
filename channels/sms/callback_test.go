package sms

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

const (
	external   = "https://sitrep.example"
	subAccount = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	subToken   = "fedcba9876543210fedcba9876543210"
)

// desk is Callbacks with a store that notes what it is given.
type desk struct {
	*Callbacks
	fates   []channels.Fate
	replies []Reply
	answer  string
	full    error // what the store answers
	log     bytes.Buffer
}

func newDesk(change func(*CallbackConfig)) *desk {
	d := &desk{}
	c := CallbackConfig{
		Accounts: []Account{
			{account, func() (string, error) { return token, nil }},
			{subAccount, func() (string, error) { return subToken, nil }},
		},
		ExternalURL: external,
		Fate:        func(_ context.Context, f channels.Fate) error { d.fates = append(d.fates, f); return d.full },
		Reply: func(_ context.Context, r Reply) (string, error) {
			d.replies = append(d.replies, r)
			return d.answer, d.full
		},
		Log: slog.New(slog.NewTextHandler(&d.log, nil)),
	}
	if change != nil {
		change(&c)
	}
	d.Callbacks = NewCallbacks(c)
	return d
}

// status is a form as Twilio posts it of a message.
func status(changes ...string) url.Values {
	form := url.Values{
		"AccountSid": {account}, "ApiVersion": {"2010-04-01"}, "From": {"GemVoorbld"}, "To": {"+31612345678"},
		"MessageSid": {"SM" + strings.Repeat("a", 32)}, "MessageStatus": {"delivered"}, "SmsStatus": {"delivered"},
	}
	for n := 0; n < len(changes); n += 2 {
		form.Set(changes[n], changes[n+1])
	}
	return form
}

// post signs a form for one address and posts it to another: as Twilio sees it,
// and as it comes out of a proxy.
func (d *desk) post(t *testing.T, token, signed, got string, form url.Values) *httptest.ResponseRecorder {
	t.Helper()
	r, err := channeltest.TwilioRequest(t.Context(), token, signed, form)
	if err != nil {
		t.Fatal(err)
	}
	return d.serve(r, got)
}

func (d *desk) serve(r *http.Request, got string) *httptest.ResponseRecorder {
	if u, err := url.Parse(got); err == nil {
		r.URL = u
	}
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w
}

func TestCallbackSignatures(t *testing.T) {
	const path = "/twilio/status?d=abc"
	for name, c := range map[string]struct {
		external, signed, got string
		form                  url.Values
		token                 string
		want                  int
	}{
		"signed":                {external, external + path, path, status(), token, 204},
		"with the port":         {external, "https://sitrep.example:443" + path, path, status(), token, 204},
		"without the port":      {external + ":443", external + path, path, status(), token, 204},
		"http, with the port":   {"http://sitrep.example", "http://sitrep.example:80" + path, path, status(), token, 204},
		"another port":          {external + ":8443", external + ":8443" + path, path, status(), token, 204},
		"another port, unsaid":  {external + ":8443", external + path, path, status(), token, 204},
		"a prefix":              {external + "/ops", external + "/ops" + path, "/ops" + path, status(), token, 204},
		"a prefix, taken away":  {external + "/ops", external + "/ops" + path, path, status(), token, 204},
		"a slash at its end":    {external + "/", external + path, path, status(), token, 204},
		"the other account":     {external, external + path, path, status("AccountSid", subAccount), subToken, 204},
		"more than was known":   {external, external + path, path, status("NewThing", "ja & nee = ü", "Empty", ""), token, 204},
		"the other's token":     {external, external + path, path, status(), subToken, 403},
		"an unknown account":    {external, external + path, path, status("AccountSid", "AC0"), token, 403},
		"no account":            {external, external + path, path, status("AccountSid", ""), token, 403},
		"another external":      {external, "https://elsewhere.example" + path, path, status(), token, 403},
		"another scheme":        {external, "http://sitrep.example" + path, path, status(), token, 403},
		"another delivery":      {external, external + path, "/twilio/status?d=abd", status(), token, 403},
		"no delivery any more":  {external, external + path, "/twilio/status", status(), token, 403},
		"one for the other way": {external, external + path, "/twilio/inbound?d=abc", status(), token, 403},
		"no token":              {external, external + path, path, status(), "", 403},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(func(conf *CallbackConfig) { conf.ExternalURL = c.external })
			if got := d.post(t, c.token, c.signed, c.got, c.form).Code; got != c.want {
				t.Errorf("%d, want %d: %s", got, c.want, d.log.String())
			}
			if taken := len(d.fates) == 1; taken != (c.want == 204) || len(d.replies) != 0 {
				t.Errorf("the store got %v, %v", d.fates, d.replies)
			}
			if logged := d.log.Len() > 0; logged == (c.want == 204) {
				t.Errorf("logged %q", d.log.String())
			}
			for _, secret := range []string{token, subToken, "+31612345678", "31612345678", "abc", account} {
				if strings.Contains(d.log.String(), secret) {
					t.Errorf("the log says %q: %s", secret, d.log.String())
				}
			}
		})
	}
}

// Whatever is changed of a request that was signed, it is not believed.
func TestAlteredCallbacks(t *testing.T) {
	const path = "/twilio/status?d=abc"
	for name, change := range map[string]func(*http.Request, string) string{
		"a value":        func(_ *http.Request, body string) string { return strings.Replace(body, "undelivered", "delivered", 1) },
		"one more":       func(_ *http.Request, body string) string { return body + "&ErrorCode=21610" },
		"one twice":      func(_ *http.Request, body string) string { return body + "&MessageStatus=delivered" },
		"one twice, too": func(_ *http.Request, body string) string { return "MessageStatus=delivered&" + body },
		"one less":       func(_ *http.Request, body string) string { return strings.Replace(body, "&SmsStatus=delivered", "", 1) },
		"nothing left":   func(*http.Request, string) string { return "" },
		"no form":        func(_ *http.Request, body string) string { return body + "&%zz" },
		"unsigned":       func(r *http.Request, body string) string { r.Header.Del("X-Twilio-Signature"); return body },
		"forged":         func(r *http.Request, body string) string { r.Header.Set("X-Twilio-Signature", "AAAA"); return body },
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(nil)
			r, err := channeltest.TwilioRequest(t.Context(), token, external+path, status("MessageStatus", "undelivered"))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(r.Body)
			changed := change(r, string(body))
			if changed == string(body) && r.Header.Get("X-Twilio-Signature") != "" && name != "forged" {
				t.Fatal("nothing was changed")
			}
			r.Body = io.NopCloser(strings.NewReader(changed))
			if got := d.serve(r, path).Code; got != 403 || len(d.fates) != 0 || d.log.Len() == 0 {
				t.Errorf("%d; the store got %v", got, d.fates)
			}
		})
	}
}

func TestCallbackBounds(t *testing.T) {
	d := newDesk(nil)
	long := status("Body", strings.Repeat("x", formLimit))
	if got := d.post(t, token, external+StatusPath, StatusPath, long).Code; got != 413 {
		t.Errorf("a long form: %d", got)
	}
	fits := status("Body", strings.Repeat("x", formLimit-1000))
	if got := d.post(t, token, external+StatusPath, StatusPath, fits).Code; got != 204 {
		t.Errorf("one that fits: %d", got)
	}
	for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead} {
		w := d.serve(httptest.NewRequest(method, StatusPath, nil), StatusPath)
		if w.Code != 405 || w.Header().Get("Allow") != "POST" {
			t.Errorf("%s: %d %v", method, w.Code, w.Header())
		}
	}
	if got := d.post(t, token, external+"/twilio/else", "/twilio/else", status()).Code; got != 404 {
		t.Errorf("another path: %d", got)
	}
	broken := httptest.NewRequest(http.MethodPost, StatusPath, io.MultiReader(strings.NewReader("AccountSid="), failing{}))
	if got := d.serve(broken, StatusPath).Code; got != 400 || len(d.fates) != 0 {
		t.Errorf("broken off: %d", got)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// An account that is not filled in signs nothing: anybody knows an empty token.
func TestEmptyAccounts(t *testing.T) {
	for _, c := range []struct{ sid, token string }{{account, ""}, {"", token}, {"", ""}} {
		d := newDesk(func(conf *CallbackConfig) {
			conf.Accounts = []Account{{c.sid, func() (string, error) { return c.token, nil }}}
		})
		w := d.post(t, c.token, external+StatusPath+"?d=abc", StatusPath+"?d=abc", status("AccountSid", c.sid))
		if w.Code != 403 || len(d.fates) != 0 {
			t.Errorf("%+v: %d; the store got %v", c, w.Code, d.fates)
		}
	}
}

func TestCallbackFates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, c := range map[string]struct {
			query, status, code string
			want                *channels.Fate
		}{
			"delivered":      {"?d=abc", "delivered", "", &channels.Fate{Ref: "abc", State: channels.Delivered}},
			"read":           {"?d=abc", "read", "", &channels.Fate{Ref: "abc", State: channels.Delivered}},
			"unknown number": {"?d=abc", "undelivered", "30005", &channels.Fate{Ref: "abc", State: channels.Failed, Code: "30005"}},
			"off":            {"?d=abc", "undelivered", "30003", &channels.Fate{Ref: "abc", State: channels.Failed, Code: "30003", Again: true}},
			"no code":        {"?d=abc", "failed", "", &channels.Fate{Ref: "abc", State: channels.Failed, Again: true}},
			"code 0":         {"?d=abc", "failed", "0", &channels.Fate{Ref: "abc", State: channels.Failed, Again: true}},
			"no number":      {"?d=abc", "failed", "30o05", &channels.Fate{Ref: "abc", State: channels.Failed, Again: true}},
			"canceled":       {"?d=abc", "canceled", "", &channels.Fate{Ref: "abc", State: channels.Failed}},
			"sent":           {"?d=abc", "sent", "", nil},
			"new":            {"?d=abc", "teleported", "", nil},
			"nothing":        {"?d=abc", "", "", nil},
			"nobody's":       {"", "delivered", "", nil},
			"more":           {"?to=us&d=abc", "delivered", "", &channels.Fate{Ref: "abc", State: channels.Delivered}},
		} {
			d := newDesk(nil)
			w := d.post(t, token, external+StatusPath+c.query, StatusPath+c.query, status("MessageStatus", c.status, "ErrorCode", c.code))
			if w.Code != 204 || w.Body.Len() != 0 {
				t.Errorf("%s: %d %s", name, w.Code, w.Body)
			}
			if c.want == nil {
				if len(d.fates) != 0 {
					t.Errorf("%s: the store got %+v", name, d.fates)
				}
				continue
			}
			c.want.At = time.Now()
			if len(d.fates) != 1 || d.fates[0] != *c.want {
				t.Errorf("%s: the store got %+v, want %+v", name, d.fates, *c.want)
			}
		}
	})
}

func TestCallbacksThatAreNotTaken(t *testing.T) {
	d := newDesk(nil)
	d.full = errors.New("no store")
	if got := d.post(t, token, external+StatusPath+"?d=a", StatusPath+"?d=a", status()).Code; got != 503 {
		t.Errorf("a fate: %d", got)
	}
	if got := d.post(t, token, external+InboundPath, InboundPath, status("Body", "STOP")).Code; got != 503 {
		t.Errorf("a reply: %d", got)
	}
	if got := d.post(t, token, external+StatusPath+"?d=a", StatusPath+"?d=a", status("MessageStatus", "sent")).Code; got != 204 {
		t.Errorf("nothing to store: %d", got)
	}

	lost := newDesk(func(c *CallbackConfig) {
		c.Accounts[0].AuthToken = func() (string, error) { return "", errors.New("open token: no such file") }
	})
	if got := lost.post(t, token, external+StatusPath+"?d=a", StatusPath+"?d=a", status()).Code; got != 503 || len(lost.fates) != 0 {
		t.Errorf("no token to check by: %d", got)
	}

	// The store is not waited for longer than Twilio waits for us.
	synctest.Test(t, func(t *testing.T) {
		slow := newDesk(func(c *CallbackConfig) {
			c.Fate = func(ctx context.Context, _ channels.Fate) error { <-ctx.Done(); return ctx.Err() }
		})
		began := time.Now()
		got := slow.post(t, token, external+StatusPath+"?d=a", StatusPath+"?d=a", status()).Code
		if took := time.Since(began); got != 503 || took != storePatience {
			t.Errorf("a slow store: %d after %v", got, took)
		}
	})
}
