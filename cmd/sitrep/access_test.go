package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// configure adds an access block to the configuration of a process, and gives it a
// web configuration file.
func (p *process) configure(access, web string) {
	p.t.Helper()
	file := filepath.Join(p.dir, "sitrep.yml")
	config, err := os.ReadFile(file)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write("sitrep.yml", string(config)+access)
	if web != "" {
		p.flags = append(p.flags, "--web.config.file="+p.write("web.yml", web))
	}
}

func (p *process) write(name, text string) string {
	p.t.Helper()
	file := filepath.Join(p.dir, name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	return file
}

// get returns how a request is answered.
func (p *process) get(client *http.Client, path string, change func(*http.Request)) (int, string) {
	p.t.Helper()
	r, err := http.NewRequest("GET", p.url+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	change(r)
	answer, err := client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body)
}

const (
	userBlock        = "access: {tokens: [{name: alice, role: viewer, basic_auth: true}]}\n"
	certificateBlock = "access: {proxy: {user_header: X-Person, certificate_names: [proxy.example.org], roles: {viewer: [anna]}}}\n"
)

// TestWhatRestsOnTheWebConfigurationNeedsIt: a start without it is refused.
func TestWhatRestsOnTheWebConfigurationNeedsIt(t *testing.T) {
	for block, says := range map[string]string{
		userBlock:        "access.tokens: alice has basic_auth, and there is no file with his password",
		certificateBlock: "access.proxy.certificate_names is set, and nothing verifies certificates",
	} {
		p := newProcess(t, "1s")
		p.configure(block, "")
		out, err := sitrep("serve", "--config.file="+filepath.Join(p.dir, "sitrep.yml"), "--storage.path="+filepath.Join(p.dir, "data"), "--web.listen-address=127.0.0.1:0").CombinedOutput()
		if err == nil || !strings.Contains(string(out), says+"\nhint: name ") {
			t.Errorf("%v\n%s", err, out)
		}
	}
}

// TestAPasswordOfTheWebConfiguration: its own guard in front, and the door behind it.
func TestAPasswordOfTheWebConfiguration(t *testing.T) {
	p := newProcess(t, "1s")
	web := "basic_auth_users:\n"
	for _, user := range []string{"alice", "prom"} {
		hash, err := bcrypt.GenerateFromPassword([]byte("password of "+user), bcrypt.MinCost)
		if err != nil {
			t.Fatal(err)
		}
		web += "  " + user + ": " + string(hash) + "\n"
	}
	p.configure(userBlock, web)
	p.start()
	for _, c := range []struct {
		name, path, user string
		status           int
		says             string
	}{
		{"who may call", "/api/v1/incidents", "alice", 200, `{"incidents":[]`},
		{"who may not", "/api/v1/incidents", "prom", 401, "no user of access.tokens has this name and password"},
		{"nobody", "/api/v1/incidents", "eve", 401, "Unauthorized"},
		{"the metrics", "/metrics", "prom", 200, `sitrep_http_refused_total{reason="wrong_login"} 1`},
		{"the metrics, to nobody", "/metrics", "eve", 401, "Unauthorized"},
	} {
		code, body := p.get(http.DefaultClient, c.path, func(r *http.Request) { r.SetBasicAuth(c.user, "password of "+c.user) })
		if code != c.status || !strings.Contains(body, c.says) {
			t.Errorf("%s: answered %d %s", c.name, code, body)
		}
	}
}

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	root []byte // its own, as it is sent
}

// establish makes its own certificate.
func (a *authority) establish() {
	a.t.Helper()
	root, _ := a.sign("authority")
	block, _ := pem.Decode([]byte(root))
	a.root = block.Bytes
}

// sign returns a certificate with a name, and its key; by itself where the
// authority has none yet.
func (a *authority) sign(name string, change ...func(*x509.Certificate)) (cert, key string) {
	a.t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{Organization: []string{name}}, DNSNames: []string{name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: a.cert == nil, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	for _, f := range change {
		f(c)
	}
	if a.cert == nil {
		a.cert, a.key = c, k
	}
	der, err := x509.CreateCertificate(rand.Reader, c, a.cert, &k.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}))
}

// behind starts a sitrep that believes a proxy by its certificate, and returns it with
// who trusts it.
func behind(t *testing.T, ca *authority, access, clientAuth string) (*process, *x509.CertPool) {
	t.Helper()
	p := newProcess(t, "1s")
	cert, key := ca.sign("sitrep.example.org")
	p.write("cert.pem", cert)
	p.write("key.pem", key)
	root := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.root}))
	p.write("ca.pem", root)
	p.configure(access, "tls_server_config: {cert_file: cert.pem, key_file: key.pem, client_ca_file: ca.pem, client_auth_type: "+clientAuth+"}\n")
	p.start()
	p.url = strings.Replace(p.url, "http://", "https://", 1)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(root))
	return p, roots
}

// TestTheProxyShowsItsCertificate: over real TLS, the header counts from who shows the
// named certificate of the named authority, and from nobody else.
func TestTheProxyShowsItsCertificate(t *testing.T) {
	ca, evil := &authority{t: t}, &authority{t: t}
	ca.establish()
	evil.establish()
	const proxy = "proxy.example.org"
	type shown struct {
		name   string
		by     *authority // nil: no certificate
		as     string
		change func(*x509.Certificate)
		header []string // of X-Person
		want   int      // 0: no connection at all
	}
	anna := []string{"anna"}
	verified := []shown{
		{"its name among those of hosts", ca, proxy, nil, anna, 200},
		{"its name in other letters", ca, "PROXY.example.org", nil, anna, 200},
		{"its common name", ca, "x.example.org", func(c *x509.Certificate) { c.Subject.CommonName = proxy }, anna, 200},
		{"another name", ca, "other.example.org", nil, anna, 401},
		{"a name that ends so", ca, "my-" + proxy, nil, anna, 401},
		{"its name as the organisation", ca, "x.example.org", func(c *x509.Certificate) { c.Subject.Organization = []string{proxy} }, anna, 401},
		{"no certificate", nil, "", nil, anna, 401},
		{"its name, of another authority", evil, proxy, nil, anna, 0},
		{"its name, run out", ca, proxy, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }, anna, 0},
		{"its name, for servers alone", ca, proxy, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, anna, 0},
		{"its name, and no user", ca, proxy, nil, nil, 401},
		{"its name, and two users", ca, proxy, nil, []string{"anna", "anna"}, 401},
		{"its name, and somebody without a role", ca, proxy, nil, []string{"eve"}, 403},
	}
	for _, c := range []struct {
		auth, access string
		shows        []shown
	}{
		{"VerifyClientCertIfGiven", certificateBlock, verified},
		{"RequireAndVerifyClientCert", certificateBlock, []shown{{"its name", ca, proxy, nil, anna, 200}, {"no certificate", nil, "", nil, anna, 0}, {"its name, of another authority", evil, proxy, nil, anna, 0}}},
		// Nothing verifies it, so it proves nothing.
		{"RequireAnyClientCert", certificateBlock, []shown{{"its name", ca, proxy, nil, anna, 401}, {"its name, of another authority", evil, proxy, nil, anna, 401}}},
		// Both are named, so both must be right.
		{"VerifyClientCertIfGiven", strings.Replace(certificateBlock, "roles:", "addresses: [192.0.2.1], roles:", 1), []shown{{"its name, from elsewhere", ca, proxy, nil, anna, 401}}},
		{"VerifyClientCertIfGiven", strings.Replace(certificateBlock, "roles:", "addresses: [127.0.0.1], roles:", 1), []shown{{"its name, from there", ca, proxy, nil, anna, 200}, {"no certificate, from there", nil, "", nil, anna, 401}}},
	} {
		p, roots := behind(t, ca, c.access, c.auth)
		for _, s := range c.shows {
			config := &tls.Config{RootCAs: roots}
			if s.by != nil {
				var change []func(*x509.Certificate)
				if s.change != nil {
					change = append(change, s.change)
				}
				cert, key := s.by.sign(s.as, change...)
				pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
				if err != nil {
					t.Fatal(err)
				}
				// It is shown whatever the server asks for.
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			}
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
			r, err := http.NewRequest("GET", p.url+"/api/v1/incidents", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header["X-Person"] = s.header
			got, text := 0, ""
			if answer, err := client.Do(r); err != nil {
				text = err.Error()
			} else {
				body, _ := io.ReadAll(answer.Body)
				answer.Body.Close()
				got, text = answer.StatusCode, string(body)
			}
			client.CloseIdleConnections()
			if got != s.want || got == 0 && !strings.Contains(text, "tls: ") {
				t.Errorf("%s, %s: with %s it was answered %d %s, want %d", c.auth, c.access, s.name, got, text, s.want)
			}
		}
		p.kill()
	}
}

// TestAProxyThatAnybodyCouldBeIsRefused: with the place where it stands.
func TestAProxyThatAnybodyCouldBeIsRefused(t *testing.T) {
	for _, c := range []struct{ access, at, says string }{
		{"access:\n  proxy:\n    user_header: X-Person\n    roles: {viewer: [anna]}\n", "2:3", `neither "addresses" nor "certificate_names" says which is the proxy`},
		{"access:\n  proxy:\n    user_header: X-Person\n    roles: {viewer: [anna]}\n    addresses: [0.0.0.0/0]\n", "5:17", `"0.0.0.0/0" is every address`},
		{"access:\n  proxy:\n    user_header: X-Person\n    roles: {viewer: [anna]}\n    certificate_names: []\n", "5:24", `"certificate_names" is an empty list`},
	} {
		p := newProcess(t, "1s")
		before, err := os.ReadFile(filepath.Join(p.dir, "sitrep.yml"))
		if err != nil {
			t.Fatal(err)
		}
		p.configure(c.access, "")
		file := filepath.Join(p.dir, "sitrep.yml")
		out, err := sitrep("check-config", "--config.file="+file).CombinedOutput()
		line, column, _ := strings.Cut(c.at, ":")
		n, _ := strconv.Atoi(line)
		at := fmt.Sprintf("%s:%d:%s: ", file, n+strings.Count(string(before), "\n"), column)
		if err == nil || !strings.Contains(string(out), at+c.says) || !strings.Contains(string(out), "hint: ") {
			t.Errorf("%v\n%s\nwant %s", err, out, at+c.says)
		}
	}
}
