package bus

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"sitrep/channels/channeltest"
)

// A key of these tests, and of nothing else.
const (
	someSeed = "SUADAMJSGM2DKNRXHA4WCYTDMRSWMMBRGIZTINJWG44DSYLCMNSGKZRF4M"
	someKey  = "UAR3YVERFQPG5EWEVBUCLSDH4J773RKVX755IJCPC6RGVP7752LF22PY"
)

// TestAnNKeyAndTLS: the server must be who its certificate says, this side shows its
// own, and proves its key; of what fails no secret is said.
func TestAnNKeyAndTLS(t *testing.T) {
	was := clusterPatience
	clusterPatience = time.Second
	defer func() { clusterPatience = was }()
	ca, err := channeltest.NewAuthority(time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	issue := func(host string) *tls.Certificate {
		c, err := ca.Issue(time.Now().Add(-time.Hour), time.Now().Add(time.Hour), host)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	dir := t.TempDir()
	file := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	own := issue("sitrep.example.org")
	key, err := x509.MarshalPKCS8PrivateKey(own.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	s := someServers(t, 1, func(o *server.Options) {
		o.Nkeys = []*server.NkeyUser{{Nkey: someKey}}
		o.TLS, o.TLSTimeout = true, 5
		o.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*issue("nats.example.org")}, ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	})
	good := Cluster{
		Servers: s.urls(), NKeyFile: file("nk", []byte(someSeed+"\n")), CAFile: file("ca.pem", ca.PEM), TLS: true, ServerName: "nats.example.org",
		CertFile: file("cert.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]})),
		KeyFile:  file("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})),
	}
	b, err := s.joined(t.TempDir(), func(o *Options) { o.Cluster = &good })
	if err != nil {
		t.Fatal(err)
	}
	b.Close()
	other := strings.Replace(someSeed, "JSGM2DKNRXHA4", "JSGM2DKNRXHA5", 1)
	for name, spoil := range map[string]func(c *Cluster){
		"another name":      func(c *Cluster) { c.ServerName = "other.example.org" },
		"another authority": func(c *Cluster) { c.CAFile = "" },
		"a broken key":      func(c *Cluster) { c.NKeyFile = file("bad", []byte(other)) },
		"no key":            func(c *Cluster) { c.NKeyFile = "" },
	} {
		c := good
		spoil(&c)
		var log bytes.Buffer
		b, err := s.joined(t.TempDir(), func(o *Options) { o.Cluster, o.Log = &c, slog.New(slog.NewTextHandler(&log, nil)) })
		if err == nil {
			b.Close()
			t.Errorf("%s: it opens", name)
			continue
		}
		if !strings.Contains(err.Error(), "hint:") || strings.Contains(err.Error()+log.String(), "SUADAMJS") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestTwoBeginAtOnce: of two routers that start on empty servers at the same moment,
// both find one store, and a worker that came before them waits for it.
func TestTwoBeginAtOnce(t *testing.T) {
	for _, n := range []int{1, 3} {
		s := someServers(t, n, nil)
		type opened struct {
			b   *Bus
			err error
		}
		all := make(chan opened, 4)
		for i := range 4 {
			dir := t.TempDir()
			go func() {
				b, err := s.joined(dir, func(o *Options) { o.Name, o.Worker = string(rune('a'+i)), i == 0 })
				all <- opened{b, err}
			}()
		}
		keys := map[string]bool{}
		for range 4 {
			o := <-all
			if o.err != nil {
				t.Fatal(o.err)
			}
			defer o.b.Close()
			keys[string(o.b.Key())] = true
		}
		if len(keys) != 1 {
			t.Errorf("on %d servers they have %d keys", n, len(keys))
		}
	}
}
