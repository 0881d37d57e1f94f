package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/audit"
	"sitrep/router/incident"
)

// guarded are servers on which an operator made the printed streams, consumers and
// users, and nothing else; admin may do everything.
func guarded(t *testing.T, n int, managed bool) (*servers, Blueprint, jetstream.JetStream) {
	t.Helper()
	p, err := Plan(n, []string{channels.Email, channels.SMS}, managed)
	if err != nil {
		t.Fatal(err)
	}
	s := someServers(t, n, func(o *server.Options) {
		o.Users = []*server.User{{Username: "admin", Password: "x"}}
		for _, u := range p.Users {
			perms := &server.Permissions{Publish: &server.SubjectPermission{Allow: u.Publish}, Subscribe: &server.SubjectPermission{Allow: u.Subscribe}}
			if u.AllowReply {
				perms.Response = &server.ResponsePermission{MaxMsgs: server.DEFAULT_ALLOW_RESPONSE_MAX_MSGS, Expires: server.DEFAULT_ALLOW_RESPONSE_EXPIRATION}
			}
			o.Users = append(o.Users, &server.User{Username: strings.ReplaceAll(u.User, " ", "-"), Password: "x", Permissions: perms})
		}
	})
	conn, err := nats.Connect(s.urls()[0], nats.UserInfo("admin", "x"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return s, p, js
}

// as opens the store as one of the users; what the server refuses fails the test.
func (s *servers) as(user, dir string, amend func(*Options)) *Bus {
	s.Helper()
	contextFile := s.TempDir() + "/c.json"
	data, _ := json.Marshal(map[string]string{"url": strings.Join(s.urls(), ","), "user": user, "password": "x"})
	if err := replace(contextFile, data); err != nil {
		s.Fatal(err)
	}
	log := &refusals{t: s.T}
	b, err := s.joined(dir, func(o *Options) {
		o.Cluster = &Cluster{Context: contextFile, Replicas: len(s.all)}
		o.Name, o.Worker, o.Log = user, strings.HasSuffix(user, "worker"), slog.New(slog.NewTextHandler(log, nil))
		if amend != nil {
			amend(o)
		}
	})
	if err != nil {
		s.Fatalf("%s: %v", user, err)
	}
	s.Cleanup(b.Close)
	return b
}

// refusals fails a test at what a server refused.
type refusals struct{ t *testing.T }

func (r *refusals) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("ermissions")) {
		r.t.Errorf("%s", line)
	}
	return len(line), nil
}

// TestWhatIsPrintedSuffices: with the printed streams, consumers and permissions, and no
// others, a router and workers do all that they do; and what is printed does not drift.
func TestWhatIsPrintedSuffices(t *testing.T) {
	for _, managed := range []bool{true, false} {
		t.Run(fmt.Sprint("managed ", managed), func(t *testing.T) {
			s, plan, admin := guarded(t, 1, managed)
			if !managed {
				erect(t, plan, admin)
			}
			r := s.as("router", t.TempDir(), func(o *Options) { o.Cluster.Unmanaged = !managed })
			unmanaged := func(o *Options) { o.Cluster.Unmanaged = !managed }
			mail, text := s.as("email-worker", "", unmanaged), s.as("sms-worker", "", unmanaged)
			heard := make(chan string, 10)
			stop, err := r.Hear(func(data []byte) { heard <- string(data) })
			if err != nil {
				t.Fatal(err)
			}
			defer stop()

			ctx := t.Context()
			fail := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			fail(r.Put(ctx, tick(1)))
			fail(r.Replay(ctx, nil))
			fail(r.Commit(ctx, incident.Commit{Inbox: 1}))
			fail(r.Audit(ctx, audit.Line{At: time.Now(), Text: "x"}))
			roster, err := r.PutRoster(ctx, []channels.Person{{ID: "x", Email: "a@example.org", Phone: "+31612345678"}})
			fail(err)
			texts, err := r.PutTexts(ctx, []channels.Text{{Language: "en", SMS: "x"}})
			fail(err)
			for _, b := range []*Bus{mail, text} {
				channel := strings.TrimSuffix(b.name, "-worker")
				for _, critical := range []bool{true, false} {
					update := map[bool]int{true: 1, false: 2}[critical]
					fail(r.PutPart(ctx, channels.Part{Incident: "SR-1", Update: update, Channel: channel, Audience: "board", Critical: critical, Roster: roster, Texts: texts}))
				}
				q, err := b.Queue(ctx, channel)
				fail(err)
				fail(q.Answer(func(string) bool { return true }))
				for _, critical := range []bool{true, false} {
					c, err := q.Next(ctx, critical)
					fail(err)
					p := c.Part()
					_, last, err := b.Records(ctx, p.ID())
					fail(err)
					_, err = b.Roster(ctx, p.Roster)
					fail(err)
					_, err = b.Texts(ctx, p.Texts)
					fail(err)
					_, err = q.Newer(ctx, p)
					fail(err)
					last, err = b.Record(ctx, p.ID(), channels.Record{Worker: "gone", Claim: true}, last)
					fail(err)
					held, err := q.atWork(ctx, p.ID()) // nobody answers
					fail(err)
					if held {
						t.Error("somebody is at it")
					}
					_, err = b.Record(ctx, p.ID(), channels.Record{Worker: b.name, Done: &channels.Report{}}, last)
					fail(err)
					fail(b.Report(ctx, channels.Report{Incident: "SR-1", Update: p.Update, Part: p.ID()}))
					fail(c.Renew())
					fail(c.Finish())
					_, _, err = b.Afterwards(ctx, p.ID())
					fail(err)
					_, err = b.Afterward(ctx, p.ID(), channels.Transition{State: channels.Delivered}, 0)
					fail(err)
				}
				_, err = b.Spent(ctx, channel, "", time.Time{})
				fail(err)
				fail(b.Recent(ctx, time.Now().Add(-time.Hour), func(string, bool, channels.Transition) {}))
				fail(b.Suppress(ctx, channel, "a@example.org", "x", 0))
				for began := time.Now(); ; time.Sleep(10 * time.Millisecond) { // the router hears of it
					if _, yes := r.Suppressed(channel, "board", "a@example.org"); yes {
						break
					}
					if time.Since(began) > 10*time.Second {
						t.Fatal("the router does not hear of it")
					}
				}
				fail(b.Probe(ctx))
				fail(b.Tell([]byte(channel)))
				if got := <-heard; got != channel {
					t.Errorf("heard %q", got)
				}
				q.Close()
			}
			fail(mail.SetBookmark(ctx, "bounces.here", []byte("{}")))
			fail(r.Compact(ctx, 2))
			_, err = r.tellHighest(ctx, nil)
			fail(err)
			fail(r.Probe(ctx))
			drifts, err := r.Drifts(ctx, channels.Email, channels.SMS)
			fail(err)
			for _, d := range drifts {
				t.Errorf("drift: %v", d)
			}
			_, err = r.CheckAudit(ctx, 0)
			fail(err)
			time.Sleep(100 * time.Millisecond) // refusals come on the side
		})
	}
}

// erect makes the printed streams and consumers, as the nats command does.
func erect(t *testing.T, plan Blueprint, js jetstream.JetStream) {
	t.Helper()
	for _, d := range plan.Streams {
		var c jetstream.StreamConfig
		if err := json.Unmarshal(d.Config, &c); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateStream(t.Context(), c); err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
	}
	for _, d := range plan.Consumers {
		var c jetstream.ConsumerConfig
		if err := json.Unmarshal(d.Config, &c); err != nil {
			t.Fatal(err)
		}
		if _, err := js.CreateConsumer(t.Context(), d.Stream, c); err != nil {
			t.Fatalf("%s: %v", d.Name, err)
		}
	}
}

// TestAWorkerMayNotWriteForOthers: a worker of one channel can neither decide nor write
// what another one's deliveries came to.
func TestAWorkerMayNotWriteForOthers(t *testing.T) {
	s, _, _ := guarded(t, 1, true)
	s.as("router", t.TempDir(), nil)
	b, err := s.joined("", func(o *Options) {
		o.Worker, o.Cluster = true, &Cluster{Context: userContext(t, s, "email-worker")}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, subject := range []string{subjectFacts, subjectLedger + "SR-1.1.0.sms", subjectMeta + "key", subjectRosters + "x", subjectAudit + "event"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := b.publish(ctx, subject, []byte("{}")); err == nil {
			t.Errorf("it may write to %s", subject)
		}
		cancel()
	}
}

func userContext(t *testing.T, s *servers, user string) string {
	t.Helper()
	file := t.TempDir() + "/c.json"
	data, _ := json.Marshal(map[string]string{"url": s.urls()[0], "user": user, "password": "x"})
	if err := replace(file, data); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestNothingIsMadeWhereItIsNotManaged: what is missing is named.
func TestNothingIsMadeWhereItIsNotManaged(t *testing.T) {
	s := someServers(t, 1, nil)
	_, err := s.joined(t.TempDir(), func(o *Options) { o.Cluster.Unmanaged = true })
	if err == nil || !strings.Contains(err.Error(), "SITREP_INBOX") || !strings.Contains(err.Error(), "sitrep nats print") {
		t.Errorf("got %v", err)
	}
	if n := s.js().StreamNames(t.Context()); n.Err() != nil || len(n.Name()) > 0 {
		t.Error("a stream was made")
	}
}

// TestDriftIsToldAndLeftAlone: also that a server answers before it wrote.
func TestDriftIsToldAndLeftAlone(t *testing.T) {
	lax := false
	monitoring := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/jsz" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"config":{"max_memory":1,"sync_interval":120000000000%s}}`, map[bool]string{true: "", false: `,"sync_always":true`}[lax])
	}))
	defer monitoring.Close()
	s := someServers(t, 1, nil)
	b, err := s.joined(t.TempDir(), func(o *Options) { o.Cluster.Monitoring = []string{monitoring.URL} })
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if all, err := b.Drifts(t.Context()); len(all) > 0 || err != nil {
		t.Fatalf("%v, %v", all, err)
	}
	lax = true
	changed := b.config(wanted[1])
	changed.MaxAge = time.Hour
	if _, err := s.js().UpdateStream(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	all, err := b.Drifts(t.Context())
	text := fmt.Sprint(all)
	if err != nil || len(all) != 2 || !strings.Contains(text, "SITREP_FACTS: max_age is set") || !strings.Contains(text, "sync_interval: always") {
		t.Errorf("%v, %v", all, err)
	}
	b.Close()
	again := s.open(t.TempDir())
	defer again.Close()
	info, err := again.streams[streamFacts].Info(t.Context())
	if err != nil || info.Config.MaxAge != time.Hour {
		t.Errorf("it was changed: %+v, %v", info.Config, err)
	}
	if err := s.js().DeleteStream(t.Context(), streamTexts); err != nil {
		t.Fatal(err)
	}
	if all, err = again.Drifts(t.Context()); err != nil || !strings.Contains(fmt.Sprint(all), "SITREP_TEXTS: it is missing") || !strings.Contains(fmt.Sprint(all), "max_age is set") {
		t.Errorf("without a stream: %v, %v", all, err)
	}
}

// TestARealServerSaysWhetherItSyncs: the monitoring of the version that is relied on.
func TestARealServerSaysWhetherItSyncs(t *testing.T) {
	for _, always := range []bool{true, false} {
		port := freePort(t)
		someServers(t, 1, func(o *server.Options) { o.SyncAlways, o.HTTPHost, o.HTTPPort = always, "127.0.0.1", port })
		got, err := syncsAlways(t.Context(), fmt.Sprintf("http://127.0.0.1:%d", port))
		if err != nil || got != always {
			t.Errorf("got %v, %v, want %v", got, err, always)
		}
	}
}

// TestAPartAtWorkIsLeftToItsWorker: it is offered anew, since its lease could not be
// renewed, and he who is at it says so.
func TestAPartAtWorkIsLeftToItsWorker(t *testing.T) {
	s := someServers(t, 1, nil)
	named := func(name string) *Bus {
		b, err := s.joined(t.TempDir(), func(o *Options) { o.Name = name })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		return b
	}
	a, b := named("a"), named("b")
	if err := a.PutPart(t.Context(), channels.Part{Incident: "SR-1", Update: 1, Channel: channels.Email, Audience: "board"}); err != nil {
		t.Fatal(err)
	}
	qa, err := a.Queue(t.Context(), channels.Email)
	if err != nil {
		t.Fatal(err)
	}
	defer qa.Close()
	at := true
	if err := qa.Answer(func(string) bool { return at }); err != nil {
		t.Fatal(err)
	}
	c, err := qa.Next(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Record(t.Context(), c.Part().ID(), channels.Record{Worker: "a", Claim: true}, 0); err != nil {
		t.Fatal(err)
	}
	qb, err := b.Queue(t.Context(), channels.Email)
	if err != nil {
		t.Fatal(err)
	}
	defer qb.Close()
	offered := func() (channels.Claim, error) {
		if err := a.conn.Publish(c.(claim).msg.Reply(), []byte("-NAK")); err != nil { // as the end of a lease does
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		return qb.Next(ctx, false)
	}
	if _, err := offered(); err == nil {
		t.Fatal("another got it")
	}
	at = false
	if got, err := offered(); err != nil || got.Part().ID() != c.Part().ID() {
		t.Errorf("who comes after got %v, %v", got, err)
	}
}
