package sms

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

func TestVerdicts(t *testing.T) {
	const page = "<html><body>Bad day</body></html>"
	for name, c := range map[string]struct {
		act   channeltest.TwilioAct
		class channels.Class
		code  string
		after time.Duration
	}{
		"not a number":       {channeltest.TwilioAct{Status: 400, Code: 21211}, channels.ClassPermanent, "21211", 0},
		"unsubscribed":       {channeltest.TwilioAct{Status: 400, Code: 21610}, channels.ClassPermanent, "21610", 0},
		"not mobile":         {channeltest.TwilioAct{Status: 400, Code: 21614}, channels.ClassPermanent, "21614", 0},
		"too long":           {channeltest.TwilioAct{Status: 400, Code: 21617}, channels.ClassPermanent, "21617", 0},
		"unknown code":       {channeltest.TwilioAct{Status: 400, Code: 21999}, channels.ClassTemporary, "21999", 0},
		"token":              {channeltest.TwilioAct{Status: 401, Code: 20003}, channels.ClassDown, "20003", 0},
		"region":             {channeltest.TwilioAct{Status: 400, Code: 21408}, channels.ClassDown, "21408", 0},
		"sender":             {channeltest.TwilioAct{Status: 400, Code: 21606}, channels.ClassDown, "21606", 0},
		"route":              {channeltest.TwilioAct{Status: 400, Code: 21612}, channels.ClassDown, "21612", 0},
		"forbidden":          {channeltest.TwilioAct{Status: 403, Body: page}, channels.ClassDown, "http 403", 0},
		"not twilio":         {channeltest.TwilioAct{Status: 400, Body: page}, channels.ClassDown, "http 400", 0},
		"moved":              {channeltest.TwilioAct{Status: 302, Header: http.Header{"Location": {"/elsewhere"}}}, channels.ClassDown, "http 302", 0},
		"too many":           {channeltest.TwilioAct{Status: 429, Code: 20429, Header: http.Header{"Retry-After": {"7"}}}, channels.ClassTemporary, "20429", 7 * time.Second},
		"too many, no word":  {channeltest.TwilioAct{Status: 429, Body: page}, channels.ClassTemporary, "http 429", 0},
		"queue full":         {channeltest.TwilioAct{Status: 400, Code: 21611}, channels.ClassTemporary, "21611", 0},
		"internal":           {channeltest.TwilioAct{Status: 500, Code: 20500}, channels.ClassTemporary, "20500", 0},
		"internal, a page":   {channeltest.TwilioAct{Status: 500, Body: page}, channels.ClassTemporary, "http 500", 0},
		"unavailable":        {channeltest.TwilioAct{Status: 503, Body: page, Header: http.Header{"Retry-After": {"60"}}}, channels.ClassTemporary, "http 503", time.Minute},
		"gateway":            {channeltest.TwilioAct{Status: 502, Body: page}, channels.ClassAmbiguous, "http 502", 0},
		"gateway, too late":  {channeltest.TwilioAct{Status: 504, Body: page}, channels.ClassAmbiguous, "http 504", 0},
		"ok, a page":         {channeltest.TwilioAct{Status: 200, Body: page}, channels.ClassAmbiguous, "", 0},
		"created, a page":    {channeltest.TwilioAct{Status: 201, Body: page}, channels.ClassAmbiguous, "", 0},
		"created, no sid":    {channeltest.TwilioAct{Status: 201, Body: "{}"}, channels.ClassAmbiguous, "", 0},
		"read, not answered": {channeltest.TwilioAct{Fate: channeltest.Lost}, channels.ClassAmbiguous, "", 0},
		"no answer":          {channeltest.TwilioAct{Fate: channeltest.Ignored}, channels.ClassAmbiguous, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *stage) {
				s.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct { return c.act })
				_, err := s.Send(t.Context(), delivery(1))
				got := channels.Classify(err)
				if err == nil || got.Class != c.class || got.Code != c.code || got.After != c.after {
					t.Errorf("%s %q after %v: %v; want %s %q after %v", got.Class, got.Code, got.After, err, c.class, c.code, c.after)
				}
			})
		})
	}
}

func TestNothingWritten(t *testing.T) {
	refuse := func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	inBubble(t, func(c *Config) { c.HTTP = &http.Client{Transport: &http.Transport{DialContext: refuse}} }, func(t *testing.T, s *stage) {
		_, err := s.Send(t.Context(), delivery(1))
		if channels.Classify(err).Class != channels.ClassTemporary {
			t.Errorf("refused connection: %v", err)
		}
	})

	silent := func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	inBubble(t, func(c *Config) { c.HTTP = &http.Client{Transport: &http.Transport{DialContext: silent}} }, func(t *testing.T, s *stage) {
		began := time.Now()
		_, err := s.Send(t.Context(), delivery(1))
		if took := time.Since(began); channels.Classify(err).Class != channels.ClassTemporary || took != requestTimeout {
			t.Errorf("no connection after %v: %v", took, err)
		}
	})

	// The connection takes a part of the request and breaks.
	broken := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go func() { theirs.Read(make([]byte, 10)); theirs.Close() }()
		return ours, nil
	}
	inBubble(t, func(c *Config) { c.HTTP = &http.Client{Transport: &http.Transport{DialContext: broken}} }, func(t *testing.T, s *stage) {
		_, err := s.Send(t.Context(), delivery(1))
		if class := channels.Classify(err).Class; class != channels.ClassAmbiguous && class != channels.ClassTemporary {
			t.Errorf("broken off: %s %v", class, err)
		}
	})
}

// A reset or a cut in the answer: the request was read, so nobody knows, except
// where the status says that it was refused.
func TestBrokenAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		class  channels.Class
	}{
		"reset at once":         {"", channels.ClassAmbiguous},
		"reset in the header":   {"HTTP/1.1 201 Created\r\nContent-Ty", channels.ClassAmbiguous},
		"reset in the body":     {"HTTP/1.1 201 Created\r\nContent-Length: 400\r\n\r\n{\"sid\":\"SM", channels.ClassAmbiguous},
		"a gateway, cut off":    {"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 400\r\n\r\n<html>", channels.ClassAmbiguous},
		"refused, cut off":      {"HTTP/1.1 400 Bad Request\r\nContent-Length: 400\r\n\r\n{\"code\":21", channels.ClassTemporary},
		"not allowed, cut off":  {"HTTP/1.1 401 Unauthorized\r\nContent-Length: 400\r\n\r\n{\"code\":20", channels.ClassDown},
		"not http":              {"220 mail.example.org ESMTP\r\n", channels.ClassAmbiguous},
		"refused, then nothing": {"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", channels.ClassDown},
	} {
		t.Run(name, func(t *testing.T) {
			dial := func(context.Context, string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				go func() {
					if _, err := http.ReadRequest(bufio.NewReader(theirs)); err != nil {
						t.Error(err)
					}
					io.WriteString(theirs, c.answer)
					theirs.Close()
				}()
				return resetting{ours}, nil
			}
			inBubble(t, func(conf *Config) { conf.HTTP = &http.Client{Transport: &http.Transport{DialContext: dial}} }, func(t *testing.T, s *stage) {
				_, err := s.Send(t.Context(), delivery(1))
				if got := channels.Classify(err).Class; got != c.class {
					t.Errorf("%s, want %s: %v", got, c.class, err)
				}
			})
		})
	}
}

// resetting ends as a connection does that is reset.
type resetting struct{ net.Conn }

func (r resetting) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	if errors.Is(err, io.EOF) {
		err = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	}
	return n, err
}

func TestToken(t *testing.T) {
	inBubble(t, func(c *Config) {
		c.AuthToken = func() (string, error) { return "", errors.New("open token: no such file") }
	}, func(t *testing.T, s *stage) {
		if _, err := s.Send(t.Context(), delivery(1)); channels.Classify(err).Class != channels.ClassDown {
			t.Errorf("unreadable token: %v", err)
		}
	})
	inBubble(t, func(c *Config) { c.AuthToken = func() (string, error) { return "wrong", nil } }, func(t *testing.T, s *stage) {
		_, err := s.Send(t.Context(), delivery(1))
		if got := channels.Classify(err); got.Class != channels.ClassDown || got.Code != "20003" || strings.Contains(err.Error(), "wrong") {
			t.Errorf("wrong token: %s %q %v", got.Class, got.Code, err)
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "soon": 0, "120": 2 * time.Minute, "-5": 0, " 7 ": 7 * time.Second,
		"86400": time.Hour, "99999999999999": time.Hour, "Sun, 01 Mar 2026 23:00:00 GMT": time.Hour,
		"Sunday, 01-Mar-26 12:00:30 GMT": 30 * time.Second,
		"Sun, 01 Mar 2026 12:00:30 GMT":  30 * time.Second, "Sun, 01 Mar 2026 11:00:00 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}
