package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
	"sitrep/router/incident"
)

// servers are NATS servers as others run them, on loopback ports.
type servers struct {
	*testing.T
	options []*server.Options
	all     []*server.Server
}

// someServers starts as many as one cluster, and waits until it can be used.
func someServers(t *testing.T, n int, amend func(*server.Options)) *servers {
	t.Helper()
	s := &servers{T: t, all: make([]*server.Server, n)}
	var routes []string
	ports := make([]int, n)
	for i := range n {
		ports[i] = freePort(t)
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	for i := range n {
		o := &server.Options{
			ServerName: fmt.Sprintf("n%d", i+1), Host: "127.0.0.1", Port: freePort(t), NoSigs: true, NoLog: true,
			JetStream: true, SyncAlways: true, StoreDir: filepath.Join(t.TempDir(), "nats"), JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 64 << 20,
		}
		if n > 1 {
			o.Cluster = server.ClusterOpts{Name: "here", Host: "127.0.0.1", Port: ports[i]}
			o.Routes = server.RoutesFromStr(strings.Join(routes, ","))
		}
		if amend != nil {
			amend(o)
		}
		s.options = append(s.options, o)
		s.start(i)
	}
	t.Cleanup(func() {
		for i := range s.all {
			s.stop(i)
		}
	})
	s.ready()
	return s
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (s *servers) start(i int) {
	s.Helper()
	var err error
	if s.all[i], err = server.NewServer(s.options[i].Clone()); err != nil {
		s.Fatal(err)
	}
	s.all[i].Start()
	if !s.all[i].ReadyForConnections(10 * time.Second) {
		s.Fatal("a NATS server is not ready")
	}
}

func (s *servers) stop(i int) {
	if s.all[i] != nil {
		s.all[i].Shutdown()
		s.all[i].WaitForShutdown()
		s.all[i] = nil
	}
}

// ready waits until the cluster has a leader.
func (s *servers) ready() {
	s.Helper()
	for range 300 {
		for i, one := range s.all {
			if one != nil && (len(s.all) == 1 || one.JetStreamIsLeader()) && one.JetStreamEnabled() == s.options[i].JetStream {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.Fatal("the cluster has no leader")
}

func (s *servers) urls() (all []string) {
	for _, o := range s.options {
		all = append(all, fmt.Sprintf("nats://127.0.0.1:%d", o.Port))
	}
	return all
}

// joined opens the store there; amend may be nil.
func (s *servers) joined(dir string, amend func(*Options)) (*Bus, error) {
	o := Options{Dir: dir, Name: "one", Log: slog.New(slog.DiscardHandler), Cluster: &Cluster{Servers: s.urls()}}
	if os.Getenv("SITREP_TEST_LOG") != "" {
		o.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if amend != nil {
		amend(&o)
	}
	ctx, cancel := context.WithTimeout(s.Context(), 40*time.Second)
	defer cancel()
	return Open(ctx, o)
}

func (s *servers) open(dir string) *Bus {
	s.Helper()
	b, err := s.joined(dir, nil)
	if err != nil {
		s.Fatal(err)
	}
	return b
}

// TestAStoreOnACluster: what is written is there for whoever comes next, wherever
// he is; another router is fenced; and streams have as many copies as there is room.
func TestAStoreOnACluster(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := someServers(t, n, nil)
			b := s.open(t.TempDir())
			defer b.Close()
			if err := b.Put(t.Context(), tick(1)); err != nil {
				t.Fatal(err)
			}
			if err := b.Replay(t.Context(), nil); err != nil {
				t.Fatal(err)
			}
			if err := b.Commit(t.Context(), incident.Commit{Inbox: 1}); err != nil {
				t.Fatal(err)
			}
			hash, err := b.PutRoster(t.Context(), []channels.Person{{ID: "x", Email: "a@example.org"}})
			if err != nil {
				t.Fatal(err)
			}
			info, err := b.streams[streamFacts].Info(t.Context())
			if err != nil || info.Config.Replicas != n {
				t.Errorf("%d replicas, %v", info.Config.Replicas, err)
			}

			other := s.open(t.TempDir())
			defer other.Close()
			if string(other.Key()) != string(b.Key()) {
				t.Error("another instance has another key")
			}
			people, err := other.Roster(t.Context(), hash)
			if err != nil || len(people) != 1 {
				t.Errorf("people %v, %v", people, err)
			}
			commits := 0
			if err := other.Replay(t.Context(), func(incident.Commit) error { commits++; return nil }); err != nil || commits != 1 {
				t.Errorf("%d commits, %v", commits, err)
			}
			if err := other.Commit(t.Context(), incident.Commit{Inbox: 2}); err != nil {
				t.Fatal(err)
			}
			if err := b.Commit(t.Context(), incident.Commit{Inbox: 3}); !errors.Is(err, ErrNotAlone) {
				t.Errorf("the one before committed: %v", err)
			}
			if err := other.Probe(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestALossOnACluster: a router with a guard of its own sees it, and one without it by
// the guard among the streams.
func TestALossOnACluster(t *testing.T) {
	was := clusterPatience
	clusterPatience = time.Second
	defer func() { clusterPatience = was }()
	s := someServers(t, 1, nil)
	dir := t.TempDir()
	b := s.open(dir)
	for n := range 3 {
		if err := b.Put(t.Context(), tick(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.tellHighest(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if err := b.js.DeleteStream(t.Context(), streamInbox); err != nil {
		t.Fatal(err)
	}
	if _, err := b.js.CreateStream(t.Context(), b.config(wanted[0])); err != nil {
		t.Fatal(err)
	}
	b.Close()
	for _, dir := range []string{dir, t.TempDir()} {
		b, err := s.joined(dir, nil)
		if err == nil {
			b.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "stream SITREP_INBOX ends at message 0; it reached at least 3") || !strings.Contains(err.Error(), "hint:") {
			t.Errorf("got %v", err)
		}
	}
	// All of them: only the router's own file can tell.
	for _, c := range wanted {
		if err := s.js().DeleteStream(t.Context(), c.Name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.joined(dir, nil); err == nil || !strings.Contains(err.Error(), "stream SITREP_FACTS is missing") {
		t.Errorf("got %v", err)
	}
}

// js is a client of the operator's.
func (s *servers) js() jetstream.JetStream {
	s.Helper()
	conn, err := nats.Connect(s.urls()[0])
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		s.Fatal(err)
	}
	return js
}

// TestTheConnectionComesBack: while no server is there nothing is taken, and who
// brings it hears so within five seconds; then all goes on by itself.
func TestTheConnectionComesBack(t *testing.T) {
	s := someServers(t, 1, nil)
	b := s.open(t.TempDir())
	defer b.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan uint64, 100)
	ended := make(chan error, 1)
	go func() {
		for ctx.Err() == nil { // as the router does
			_ = b.Inputs(ctx, 0, func(seq uint64, _ []incident.Input, _ bool) error { got <- seq; return nil })
			_ = rest(ctx, 100*time.Millisecond)
		}
		ended <- nil
	}()
	if err := b.Put(ctx, tick(1)); err != nil {
		t.Fatal(err)
	}
	s.stop(0)
	began := time.Now()
	if err := b.Put(ctx, tick(2)); !errors.Is(err, ErrFull) || time.Since(began) > 5500*time.Millisecond {
		t.Errorf("after %v: %v", time.Since(began), err)
	}
	if err := b.Probe(ctx); err == nil {
		t.Error("it says that it can write")
	}
	s.start(0)
	began = time.Now()
	for b.Put(ctx, tick(3)) != nil {
		if time.Since(began) > 20*time.Second {
			t.Fatal("it does not come back")
		}
	}
	for seq := uint64(0); seq < 2; {
		select {
		case seq = <-got:
		case <-time.After(30 * time.Second):
			t.Fatal("the reader does not come back")
		}
	}
	if err := b.Probe(ctx); err != nil {
		t.Error(err)
	}
	cancel()
	<-ended
}

// TestAServerOfThreeMayGo: whichever of them it is, everything goes on.
func TestAServerOfThreeMayGo(t *testing.T) {
	s := someServers(t, 3, nil)
	b := s.open(t.TempDir())
	defer b.Close()
	if err := b.Replay(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	stored := 0
	for i := range 3 {
		s.stop(i)
		for range 5 {
			began := time.Now()
			for b.Put(t.Context(), tick(stored)) != nil {
				if time.Since(began) > 30*time.Second {
					t.Fatalf("without server %d nothing is stored", i+1)
				}
			}
			stored++
		}
		s.start(i)
		s.ready()
		time.Sleep(time.Second) // it is to catch up before the next goes
	}
	all, _ := readInputs(t, b, 0)
	if len(all) < stored { // one whose answer was lost came again
		t.Errorf("%d of %d inputs are there", len(all), stored)
	}
}

// TestWhatIsWrongWithAConnection: each mistake has its own words, and none of them
// holds a secret.
func TestWhatIsWrongWithAConnection(t *testing.T) {
	was := clusterPatience
	clusterPatience = time.Second
	defer func() { clusterPatience = was }()
	s := someServers(t, 1, func(o *server.Options) { o.Username, o.Password = "sitrep", "right-secret" })
	small := someServers(t, 1, func(o *server.Options) { o.MaxPayload = 64 << 10 })
	without := someServers(t, 1, func(o *server.Options) { o.JetStream = false })
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	made := 0
	with := func(c string) string {
		made++
		return file(fmt.Sprintf("c%d.json", made), strings.ReplaceAll(c, "SERVER", strings.TrimPrefix(s.urls()[0], "nats://")))
	}
	t.Setenv("XDG_CONFIG_HOME", dir)
	for _, test := range []struct {
		name string
		c    Cluster
		want string
	}{
		{"no login", Cluster{Servers: s.urls()}, "look at nats.credentials_file"},
		{"wrong password", Cluster{Context: with(`{"url":"nats://SERVER","user":"sitrep","password":"wrong-secret"}`)}, "nats.context"},
		{"password in the address", Cluster{Context: with(`{"url":"nats://sitrep:wrong-secret@SERVER"}`)}, "nats.context"},
		{"unreadable address", Cluster{Context: with(`{"url":"nats://sitrep:wrong-secret@SER VER:x"}`)}, "address cannot be read"},
		{"no context", Cluster{Context: "absent"}, filepath.Join(dir, "nats", "context", "absent.json")},
		{"no JSON", Cluster{Context: file("bad.json", "wrong-secret")}, "is no JSON"},
		{"nsc", Cluster{Context: with(`{"url":"nats://SERVER","nsc":"nsc://o/a/u"}`)}, "has nsc"},
		{"no nkey", Cluster{Servers: s.urls(), NKeyFile: file("nkey", "wrong-secret")}, "begins with SU"},
		{"small messages", Cluster{Servers: small.urls()}, "max_payload"},
		{"no JetStream", Cluster{Servers: without.urls()}, "JetStream"},
	} {
		var log bytes.Buffer
		b, err := s.joined(t.TempDir(), func(o *Options) { o.Cluster = &test.c; o.Log = slog.New(slog.NewTextHandler(&log, nil)) })
		if err == nil {
			b.Close()
			t.Errorf("%s: it opens", test.name)
			continue
		}
		if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error()+log.String(), "secret") {
			t.Errorf("%s: %v\n%s", test.name, err, log.String())
		}
	}
	b, err := s.joined(t.TempDir(), func(o *Options) {
		o.Cluster = &Cluster{Context: with(`{"url":"nats://SERVER","user":"sitrep","password":"right-secret"} `)}
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
}

// TestWhoSharesAnAccount: each knows how many they are, at once when one comes or
// goes, and a little later where one ended without a word.
func TestWhoSharesAnAccount(t *testing.T) {
	every, long := hereEvery, hereFor
	hereEvery, hereFor = 300*time.Millisecond, 2*time.Second
	defer func() { hereEvery, hereFor = every, long }()
	s := someServers(t, 1, nil)
	type one struct {
		b    *Bus
		stop func()
		n    *atomic.Int64
	}
	come := func(name string) one {
		b, err := s.joined(t.TempDir(), func(o *Options) { o.Name = name })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(b.Close)
		o := one{b: b, n: new(atomic.Int64)}
		if o.stop, err = b.Peers(t.Context(), channels.SMS, func(n int) { o.n.Store(int64(n)) }); err != nil {
			t.Fatal(err)
		}
		return o
	}
	are := func(want int64, within time.Duration, all ...one) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			wrong := 0
			for _, o := range all {
				if o.n.Load() != want {
					wrong++
				}
			}
			if wrong == 0 {
				return
			}
			if time.Since(began) > within {
				t.Fatalf("%d of %d do not know that they are %d", wrong, len(all), want)
			}
		}
	}
	a := come("a")
	are(1, 0, a)
	b := come("b")
	are(2, 0, a, b) // before it begins
	c := come("c")
	are(3, 0, a, b, c)
	b.stop()
	are(2, time.Second, a, c)
	c.b.Close() // without a word
	are(1, 10*hereFor, a)
	c.stop()
	a.stop()
}
