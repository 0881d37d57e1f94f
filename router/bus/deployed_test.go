package bus

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nkeys"
)

// three are the NATS servers of deploy/nats/nats.conf, on this machine.
type three struct {
	t                *testing.T
	dir              string
	clients          []string
	servers          []*server.Server
	router, stranger nkeys.KeyPair
	worker           nkeys.KeyPair
}

// newThree starts them: their own file, with other ports and folders.
func newThree(t *testing.T) *three {
	t.Helper()
	c := &three{t: t, dir: t.TempDir()}
	c.certificates()
	pair := func() nkeys.KeyPair {
		k, err := nkeys.CreateUser()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
	c.router, c.worker, c.stranger = pair(), pair(), pair()
	for name, k := range map[string]nkeys.KeyPair{"SITREP_ROUTER_NKEY": c.router, "SITREP_WORKER_NKEY": c.worker, "OPERATOR_NKEY": pair()} {
		public, err := k.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(name, public)
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "nats", "nats.conf"))
	if err != nil {
		t.Fatal(err)
	}
	port := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().String()
	}
	routes := []string{port(), port(), port()}
	for i := range 3 {
		name := fmt.Sprintf("nats-%d", i+1)
		t.Setenv("NATS_NAME", name)
		client := port()
		c.clients = append(c.clients, "tls://"+client)
		conf := string(text)
		for _, change := range [][2]string{
			{"0.0.0.0:4222", client}, {"http: 0.0.0.0:8222", "http: 127.0.0.1:-1"}, {"0.0.0.0:6222", routes[i]},
			{"/etc/nats/tls", c.dir}, {"/var/lib/nats", filepath.Join(c.dir, name)},
			{"nats-1.example.org:6222", routes[0]}, {"nats-2.example.org:6222", routes[1]}, {"nats-3.example.org:6222", routes[2]},
		} {
			if !strings.Contains(conf, change[0]) {
				t.Fatalf("nats.conf has no %q", change[0])
			}
			conf = strings.ReplaceAll(conf, change[0], change[1])
		}
		file := filepath.Join(c.dir, name+".conf")
		if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		o, err := server.ProcessConfigFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !o.SyncAlways {
			t.Error("the servers answer before a write has reached the disk")
		}
		o.NoSigs, o.NoLog = true, true
		s, err := server.NewServer(o)
		if err != nil {
			t.Fatal(err)
		}
		go s.Start()
		t.Cleanup(func() { s.Shutdown(); s.WaitForShutdown() })
		c.servers = append(c.servers, s)
	}
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		for _, s := range c.servers {
			if s.JetStreamIsLeader() && len(s.JetStreamClusterPeers()) == 3 {
				return c
			}
		}
		if time.Now().After(end) {
			t.Fatal("the three do not find each other")
		}
	}
}

// certificates makes an authority, and one certificate for servers and clients.
func (c *three) certificates() {
	c.t.Helper()
	write := func(name, kind string, der []byte) {
		if err := os.WriteFile(filepath.Join(c.dir, name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			c.t.Fatal(err)
		}
	}
	key := func() *ecdsa.PrivateKey {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			c.t.Fatal(err)
		}
		return k
	}
	of := func(serial int64, name string) *x509.Certificate {
		return &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	}
	caKey, ca := key(), of(1, "authority")
	ca.IsCA, ca.BasicConstraintsValid, ca.KeyUsage = true, true, x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		c.t.Fatal(err)
	}
	write("ca.crt", "CERTIFICATE", der)
	leafKey, leaf := key(), of(2, "nats")
	leaf.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	leaf.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	if der, err = x509.CreateCertificate(rand.Reader, leaf, ca, &leafKey.PublicKey, caKey); err != nil {
		c.t.Fatal(err)
	}
	write("server.crt", "CERTIFICATE", der)
	if der, err = x509.MarshalECPrivateKey(leafKey); err != nil {
		c.t.Fatal(err)
	}
	write("server.key", "EC PRIVATE KEY", der)
}

func (c *three) dial(k nkeys.KeyPair, more ...nats.Option) (*nats.Conn, error) {
	c.t.Helper()
	all := append([]nats.Option{nats.RootCAs(filepath.Join(c.dir, "ca.crt")), nats.CustomInboxPrefix("_INBOX.sitrep"), nats.MaxReconnects(-1), nats.ReconnectWait(50 * time.Millisecond)}, more...)
	if k != nil {
		public, err := k.PublicKey()
		if err != nil {
			c.t.Fatal(err)
		}
		all = append(all, nats.Nkey(public, k.Sign))
	}
	conn, err := nats.Connect(strings.Join(c.clients, ","), all...)
	if err == nil {
		c.t.Cleanup(conn.Close)
	}
	return conn, err
}

// as connects with a certificate and one of the pairs.
func (c *three) as(k nkeys.KeyPair) jetstream.JetStream {
	c.t.Helper()
	conn, err := c.dial(k, nats.ClientCert(filepath.Join(c.dir, "server.crt"), filepath.Join(c.dir, "server.key")))
	if err != nil {
		c.t.Fatal(err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		c.t.Fatal(err)
	}
	return js
}

// TestDeployedNATS: three servers with the file that ships take what sitrep does, and
// from a worker nothing else; nobody comes in without both a certificate and a key; and
// one of them may go.
func TestDeployedNATS(t *testing.T) {
	c := newThree(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()

	if _, err := c.dial(c.router); err == nil {
		t.Error("somebody without a certificate came in")
	}
	certificate := nats.ClientCert(filepath.Join(c.dir, "server.crt"), filepath.Join(c.dir, "server.key"))
	for _, k := range []nkeys.KeyPair{nil, c.stranger} {
		if _, err := c.dial(k, certificate); err == nil {
			t.Error("a stranger came in")
		}
	}

	router, worker := c.as(c.router), c.as(c.worker)
	for _, s := range wanted {
		s.Replicas = 3
		if _, err := router.CreateStream(ctx, s); err != nil {
			t.Fatalf("the router makes %s: %v", s.Name, err)
		}
	}
	if _, err := router.Publish(ctx, subjectFacts, []byte("a commit")); err != nil {
		t.Fatalf("the router commits: %v", err)
	}
	consumer, err := worker.CreateOrUpdateConsumer(ctx, streamOutbox, jetstream.ConsumerConfig{Durable: "email", AckPolicy: jetstream.AckExplicitPolicy})
	if err != nil {
		t.Fatalf("a worker looks for what is to be sent: %v", err)
	}
	if _, err := router.Publish(ctx, subjectOutbox+"email.normal.SR-1.it.1.0", []byte("a part")); err != nil {
		t.Fatal(err)
	}
	m, err := consumer.Next(jetstream.FetchMaxWait(5 * time.Second))
	if err != nil {
		t.Fatalf("a worker takes a part: %v", err)
	}
	if err := m.DoubleAck(ctx); err != nil {
		t.Errorf("a worker has finished a part: %v", err)
	}
	for _, subject := range []string{subjectInbox, subjectLedger + "part"} {
		if _, err := worker.Publish(ctx, subject, []byte("what became of it"), jetstream.WithExpectLastSequencePerSubject(0)); err != nil {
			t.Errorf("a worker writes %s: %v", subject, err)
		}
	}
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if _, err := worker.Publish(short, subjectFacts, []byte("a lie")); err == nil {
		t.Error("a worker may decide")
	}
	short, cancel = context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if err := worker.DeleteStream(short, streamFacts); err == nil || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a worker may remove a stream: %v", err)
	}

	began := time.Now()
	c.servers[0].Shutdown()
	for {
		short, cancel := context.WithTimeout(ctx, time.Second)
		_, err := router.Publish(short, subjectFacts, []byte("another"))
		cancel()
		if err == nil {
			break
		}
		if time.Since(began) > 30*time.Second {
			t.Fatalf("with two of three nothing is taken: %v", err)
		}
	}
	t.Logf("with one gone, writes were taken again after %v", time.Since(began).Round(10*time.Millisecond))
	info, err := router.Stream(ctx, streamFacts)
	if err != nil {
		t.Fatal(err)
	}
	if i, err := info.Info(ctx); err != nil || i.State.Msgs < 2 {
		t.Errorf("%v %v: something that was taken is lost", i, err)
	}
}
