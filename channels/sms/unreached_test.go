package sms

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"sitrep/channels"
)

func TestTheNextOneAfterNoConnection(t *testing.T) {
	for name, c := range map[string]struct {
		dial func(context.Context, string, string) (net.Conn, error)
		took time.Duration
	}{
		"refused": {func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}, 0},
		"no answer": {func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}, requestTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			inPair(t, func(conf *Config) {
				conf.HTTP = &http.Client{Transport: &http.Transport{DialContext: c.dial}}
			}, func(t *testing.T, p *pair) {
				began := time.Now()
				got, err := p.Send(t.Context(), delivery(1))
				if took := time.Since(began); err != nil || !strings.HasPrefix(got.Provider, "2:SM") || took != c.took {
					t.Errorf("%+v after %v: %v", got, took, err)
				}
				// Without the other one it is a matter of trying later.
				p.other.always(badToken)
				if f := channels.Classify(second(p.Send(t.Context(), delivery(2)))); f.Class != channels.ClassDown || f.Code != "20003" {
					t.Errorf("both fail: %+v", f)
				}
				if c.took == 0 {
					return
				}
				// A stop while the first is dialled is not its fault.
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if _, err := p.Send(ctx, delivery(3)); !errors.Is(err, context.DeadlineExceeded) || channels.Classify(err).Class != channels.ClassTemporary {
					t.Errorf("stopped: %v", err)
				}
				if got := p.other.twilio.Calls(http.MethodPost, delivery(3).To); got != 0 {
					t.Errorf("the other one was asked %d times", got)
				}
			})
		})
	}
}

// A connection that cannot be made opens it, so that not every message waits half
// a minute for the first provider.
func TestNoConnectionOpensABreaker(t *testing.T) {
	for name, c := range map[string]struct {
		dial func(ctx context.Context) error
		took time.Duration
	}{
		"refused": {func(context.Context) error { return syscall.ECONNREFUSED }, 0},
		"silent":  {func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }, requestTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			inPair(t, func(conf *Config) {
				conf.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
					return nil, c.dial(ctx)
				}}}
			}, func(t *testing.T, p *pair) {
				for n := range inARow + 2 {
					began := time.Now()
					if _, err := p.Send(t.Context(), delivery(n)); err != nil {
						t.Fatal(err)
					}
					want := c.took
					if n >= inARow {
						want = 0
					}
					if took := time.Since(began); took != want {
						t.Errorf("message %d took %v, want %v", n, took, want)
					}
				}
			})
		})
	}
}

// A worker that stops while it dials is no fault of the provider.
func TestAStopOpensNoBreaker(t *testing.T) {
	inBubble(t, func(conf *Config) {
		conf.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}}
	}, func(t *testing.T, s *stage) {
		p := NewProviders(s.Sender)
		for n := range inARow + 2 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := p.Send(ctx, delivery(n))
			cancel()
			if f := channels.Classify(err); f.Class != channels.ClassTemporary || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("stop %d: %+v", n, f)
			}
		}
	})
}
