package sms

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sitrep/channels/channeltest"
)

// benchServer is a stand-in on a loopback port.
func benchServer(tb testing.TB) (address string, twilio *channeltest.Twilio) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	twilio = channeltest.NewTwilio(account, token)
	server := &http.Server{Handler: twilio}
	served := make(chan struct{})
	go func() { defer close(served); server.Serve(l) }()
	tb.Cleanup(func() { server.Close(); <-served })
	return "http://" + l.Addr().String(), twilio
}

// TestLoopback is the Sender's own HTTP client on a real network.
func TestLoopback(t *testing.T) {
	address, twilio := benchServer(t)
	s := New(Config{AccountSID: account, AuthToken: func() (string, error) { return token, nil }, From: "GemVoorbld", APIURL: address})
	defer s.Close()
	for n := range 5 {
		if _, err := s.Send(t.Context(), delivery(n)); err != nil {
			t.Error(err)
		}
	}
	if len(twilio.Messages()) != 5 {
		t.Errorf("%d received", len(twilio.Messages()))
	}
}

// BenchmarkFanOut compares the Sender with a bare POST by net/http: ten
// goroutines, the same form, the same server.
func BenchmarkFanOut(b *testing.B) {
	fanOut := func(b *testing.B, send func(n int) error) {
		var next atomic.Int64
		var all sync.WaitGroup
		b.ResetTimer()
		for range 10 {
			all.Go(func() {
				for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
					if err := send(n); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		all.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "sms/s")
	}
	b.Run("sender", func(b *testing.B) {
		address, _ := benchServer(b)
		s := New(Config{AccountSID: account, AuthToken: func() (string, error) { return token, nil }, From: "GemVoorbld", APIURL: address})
		b.Cleanup(func() { s.Close() })
		fanOut(b, func(n int) error {
			_, err := s.Send(b.Context(), delivery(n))
			return err
		})
	})
	b.Run("net-http", func(b *testing.B) {
		address, _ := benchServer(b)
		transport := &http.Transport{MaxIdleConnsPerHost: 64}
		b.Cleanup(transport.CloseIdleConnections)
		client := &http.Client{Transport: transport}
		fanOut(b, func(n int) error {
			d := delivery(n)
			form := url.Values{"To": {d.To}, "From": {"GemVoorbld"}, "Body": {d.Text}}
			r, err := http.NewRequest("POST", address+"/2010-04-01/Accounts/"+account+"/Messages.json", strings.NewReader(form.Encode()))
			if err != nil {
				return err
			}
			r.SetBasicAuth(account, token)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			resp, err := client.Do(r)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			_, err = io.Copy(io.Discard, resp.Body) // or the connection is not used again
			return err
		})
	})
}
