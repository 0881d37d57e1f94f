package sms

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"
)

// answerLimit bounds what is read of an answer, in bytes: a page of a list is
// far below it.
const answerLimit = 4 << 20

// requestTimeout is for one request and its answer.
const requestTimeout = 30 * time.Second

// call is one use of twilio-go's API: its client.BaseClient, with what that
// has no place for.
type call struct {
	ctx   context.Context
	http  *http.Client
	base  *url.URL // of the API; the path is twilio-go's
	pace  *pace
	sid   string
	token string

	// written says that the request went out in full, so that Twilio may have
	// done what it asks for.
	written atomic.Bool
}

var _ client.BaseClient = (*call)(nil)

func (c *call) AccountSid() string         { return c.sid }
func (c *call) SetTimeout(time.Duration)   {}
func (c *call) SetOauth(auth client.OAuth) {}
func (c *call) OAuth() client.OAuth        { return nil }

// SendRequest does one request. Any status other than 2xx is a *refused, any
// other failure an *unanswered. What asks waits for the end of a pause here;
// what sends waited for its turn before.
func (c *call) SendRequest(method, rawURL string, data url.Values, _ map[string]any, _ ...byte) (*http.Response, error) {
	target, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("reading the api's address: %w", err)
	}
	target.Scheme, target.Host = c.base.Scheme, c.base.Host
	target.Path = strings.TrimSuffix(c.base.Path, "/") + target.Path
	var body io.Reader
	if method == http.MethodPost {
		body = strings.NewReader(data.Encode())
	} else if data != nil {
		target.RawQuery = data.Encode()
	}

	c.written.Store(false)
	if method != http.MethodPost {
		if err := c.pace.running(c.ctx); err != nil {
			return nil, &unanswered{err}
		}
	}
	limited, cancel := context.WithTimeout(c.ctx, requestTimeout)
	defer cancel()
	ctx := httptrace.WithClientTrace(limited, &httptrace.ClientTrace{
		// net/http tries again by itself where nothing went out yet.
		GetConn: func(string) { c.written.Store(false) },
		WroteRequest: func(w httptrace.WroteRequestInfo) {
			if w.Err == nil {
				c.written.Store(true)
			}
		},
	})
	req, err := http.NewRequestWithContext(ctx, method, target.String(), body)
	if err != nil {
		return nil, errors.New("writing the request")
	}
	req.SetBasicAuth(c.sid, c.token)
	req.Header.Set("User-Agent", "sitrep")
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}

	resp, err := c.http.Do(req)
	if err != nil {
		return nil, &unanswered{err}
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusTooManyRequests {
		c.pace.slow(retryAfter(resp.Header.Get("Retry-After"), time.Now()))
	} else {
		c.pace.content()
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit))
	if resp.StatusCode/100 != 2 {
		no := newRefused(resp, answer)
		no.cut = err != nil && no.code == 0
		return nil, no
	}
	if err != nil {
		return nil, &unanswered{err}
	}
	resp.Body = io.NopCloser(bytes.NewReader(answer))
	return resp, nil
}

// unanswered is a request without a readable answer.
type unanswered struct{ err error }

// Error leaves out the address that net/http puts first: a list's holds the
// recipient.
func (u *unanswered) Error() string {
	var e *url.Error
	if errors.As(u.err, &e) {
		return e.Err.Error()
	}
	return u.err.Error()
}

func (u *unanswered) Unwrap() error {
	var e *url.Error
	if errors.As(u.err, &e) {
		return e.Err
	}
	return u.err
}

// refused is an answer other than 2xx. What Twilio says in words is left out:
// it names the number.
type refused struct {
	status int
	// code is Twilio's; 0 where the answer is not Twilio's error document.
	code  int
	after time.Duration
	cut   bool // the answer broke off before it said why
}

func (r *refused) Error() string {
	if r.code == 0 {
		return fmt.Sprintf("http status %d without a twilio error", r.status)
	}
	if about := meaning(r.code); about != "" {
		return fmt.Sprintf("twilio error %d: %s", r.code, about)
	}
	return fmt.Sprintf("twilio error %d (http status %d)", r.code, r.status)
}

func newRefused(resp *http.Response, answer []byte) *refused {
	r := &refused{status: resp.StatusCode, after: retryAfter(resp.Header.Get("Retry-After"), time.Now())}
	var document client.TwilioRestError
	if json.Unmarshal(answer, &document) == nil {
		r.code = document.Code
	}
	return r
}

// longestWait bounds what a Retry-After is believed: a clock or a proxy that is
// wrong is not to silence a channel for a day.
const longestWait = time.Hour

// retryAfter reads the header's two forms (RFC 9110, section 10.2.3); 0 where
// it says nothing.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.Atoi(strings.TrimSpace(value)); err == nil {
		return time.Duration(max(0, min(seconds, int(longestWait/time.Second)))) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, min(at.Sub(now), longestWait))
	}
	return 0
}
