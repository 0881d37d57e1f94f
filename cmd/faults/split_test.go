package faults

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// split is a world in which a router and its workers are processes of their own. Each
// has a folder with what it needs, and no more.
type split struct {
	*world
	servers []*natsServer
	content string // of the configuration
	workers []*process
}

func newSplit(t *testing.T, s setup, servers ...*natsServer) *split {
	t.Helper()
	if servers == nil {
		servers = []*natsServer{newNATS(t)}
	}
	var urls []string
	for _, one := range servers {
		urls = append(urls, one.url())
	}
	s.nats = strings.Join(urls, ",")
	w := &split{world: newWorld(t, s), servers: servers}
	data, err := os.ReadFile(filepath.Join(w.dir, "sitrep.yml"))
	if err != nil {
		t.Fatal(err)
	}
	// The router's folder lacks this file, and the workers' all those of recipients.
	w.content = strings.Replace(string(data), "auth_token: "+token, "auth_token_file: secret/twilio", 1)
	w.write("sitrep.yml", w.content)
	t.Cleanup(func() {
		for _, p := range w.workers {
			p.signal(syscall.SIGKILL)
			<-p.dead
		}
	})
	return w
}

// router starts one, and waits until it listens.
func (w *split) router() {
	w.Helper()
	w.now = w.launch("--role=router", "--config.file="+filepath.Join(w.dir, "sitrep.yml"), "--storage.path="+w.store)
	if err := w.now.listens(patience()); err != nil {
		w.Fatalf("seed %d: %v", w.seed, err)
	}
}

// worker starts one, of a channel.
func (w *split) worker(channel string) *process {
	w.Helper()
	dir := w.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sitrep.yml"), []byte(w.content), 0o600); err != nil {
		w.Fatal(err)
	}
	if channel == "sms" {
		if err := os.Mkdir(filepath.Join(dir, "secret"), 0o700); err != nil {
			w.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "secret", "twilio"), []byte(token), 0o600); err != nil {
			w.Fatal(err)
		}
	}
	p := w.launch("--role=worker", "--channels="+channel, "--config.file="+filepath.Join(dir, "sitrep.yml"), "--storage.path="+filepath.Join(dir, "data"))
	w.workers = append(w.workers, p)
	if err := p.listens(patience()); err != nil {
		w.Fatalf("seed %d: %v", w.seed, err)
	}
	if _, err := os.Stat(filepath.Join(dir, "data")); err == nil {
		w.Errorf("seed %d: a worker keeps files", w.seed)
	}
	return p
}

// command runs one on the store.
func (w *split) command(args ...string) (code int, out string) {
	w.Helper()
	binary, err := build()
	if err != nil {
		w.Fatal(err)
	}
	c := exec.Command(binary, append(args, "--config.file="+filepath.Join(w.dir, "sitrep.yml"))...)
	text, _ := c.CombinedOutput()
	return c.ProcessState.ExitCode(), string(text)
}

// leaves stops a worker as an operator does.
func (w *split) leaves(p *process) {
	w.Helper()
	p.signal(syscall.SIGTERM)
	select {
	case <-p.dead:
	case <-time.After(20 * time.Second):
		w.Errorf("seed %d: a worker does not stop", w.seed)
		p.signal(syscall.SIGKILL)
		<-p.dead
	}
	if p.err != nil {
		w.Errorf("seed %d: a worker ended with %v\n%s", w.seed, p.err, p.log.end())
	}
}

// sends reports how many attempts a worker says that it made.
func (w *split) sends(p *process) bool {
	r, err := w.client.Get(p.url + "/metrics")
	if err != nil {
		return false
	}
	defer r.Body.Close()
	data := make([]byte, 1<<20)
	n := 0
	for {
		k, err := r.Body.Read(data[n:])
		if n += k; err != nil || n == len(data) {
			break
		}
	}
	return strings.Contains(string(data[:n]), `sitrep_delivery_attempts_total{`)
}

// TestWorkersComeAndGo: during a fan-out workers come, one is stopped and one is
// killed. Those who come get something to do; nothing is lost; and what comes twice is
// at most what the killed one had on the wire.
func TestWorkersComeAndGo(t *testing.T) {
	t.Parallel()
	n, phones := either(4000, 40_000), either(300, 3000)
	w := newSplit(t, setup{mails: n, phones: phones})
	w.slow(20 * time.Millisecond)
	w.router()
	first := w.worker("email")
	text := w.worker("sms")
	w.fire()
	w.received(int64(n / 20))
	second := w.worker("email")
	w.until("the second worker sends", 20*time.Second, func() bool { return w.sends(second) })
	w.leaves(first)
	third := w.worker("email")
	w.until("the third worker sends", 20*time.Second, func() bool { return w.sends(third) })
	w.worker("sms")
	second.signal(syscall.SIGKILL)
	<-second.dead
	w.leaves(text)
	w.settle()
	b := w.audit()
	w.figures(b, "split: workers=3+2 left=2 killed=1 lost=%d", b.missing)
	w.everybody(b, n+phones)
	if most := perSession * w.sessions; b.possible > most {
		t.Errorf("seed %d: %d possible duplicates after one kill with %d sessions", w.seed, b.possible, w.sessions)
	}
}

// TestTheBusIsAwayDuringAFanOut: the NATS server is killed and comes back, twice,
// once for longer than a lease. Every worker is still at what it was at: nothing is
// sent by two.
func TestTheBusIsAwayDuringAFanOut(t *testing.T) {
	t.Parallel()
	n := either(3000, 30_000)
	w := newSplit(t, setup{mails: n})
	w.slow(20 * time.Millisecond)
	w.router()
	w.worker("email")
	w.worker("email")
	w.fire()
	for _, away := range []time.Duration{time.Second, either(3*time.Second, 40*time.Second)} {
		w.more(n/4, n)
		w.servers[0].kill()
		status, _ := w.webhook("Other", time.Now(), time.Time{})
		if status != 503 {
			t.Errorf("seed %d: a webhook was answered %d while the bus is away", w.seed, status)
		}
		if w.get("/-/ready", nil) != 503 {
			t.Errorf("seed %d: it is ready while the bus is away", w.seed)
		}
		wait(away)
		w.servers[0].start()
	}
	w.settle()
	if code, out := w.command("state", "verify"); code == 0 || !strings.Contains(out, "sitrep is at work on this store") {
		t.Errorf("seed %d: while it runs, state verify says %d %s", w.seed, code, out)
	}
	for _, p := range w.workers {
		w.leaves(p)
	}
	w.workers = nil
	b := w.audit()
	w.figures(b, "split: bus away=2 lost=%d", b.missing)
	w.everybody(b, n)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"state", "verify"}, "all is well"},
		{[]string{"audit", "verify"}, "all is well"},
		{[]string{"erase", mailbox(7)}, "erased: 1 recipient"},
		{[]string{"erase", mailbox(7)}, "no message of the streams holds it"},
		{[]string{"state", "verify"}, "all is well"},
	} {
		if code, out := w.command(c.args...); code != 0 || !strings.Contains(out, c.want) {
			t.Errorf("seed %d: %v says %d %s", w.seed, c.args, code, out)
		}
	}
	if b.twice > 0 {
		t.Errorf("seed %d: %d mails came twice", w.seed, b.twice)
	}
}

// TestWorkersShareAnAccount: two workers send by one account, together no faster than
// it is allowed, and the budget of an incident is that of both.
func TestWorkersShareAnAccount(t *testing.T) {
	t.Parallel()
	const perSecond, budget = 40, 200
	w := newSplit(t, setup{phones: 1500})
	w.content = strings.Replace(w.content, "messages_per_second: 1000", fmt.Sprintf("messages_per_second: %d, budget: {per_incident: %d}", perSecond, budget), 1)
	w.write("sitrep.yml", w.content)
	w.router()
	both := []*process{w.worker("sms"), w.worker("sms")}
	w.fire()
	w.received(1)
	began := time.Now()
	w.received(budget)
	took := time.Since(began)
	wait(4 * time.Second)
	got := int(w.got.Load())
	t.Logf("seed=%d split: sms workers=2 allowed=%d/s sent=%d in %v, and %d over the budget", w.seed, perSecond, budget, took.Round(time.Millisecond), got-budget)
	if took < budget*9/10*time.Second/perSecond {
		t.Errorf("seed %d: %d SMS took %v, at %d a second allowed", w.seed, budget, took, perSecond)
	}
	// What the other sends in the second between two looks, and what both had on the wire.
	if got > budget+perSecond/2+2*perSession*smsSessions {
		t.Errorf("seed %d: %d SMS were sent, and the budget is %d", w.seed, got, budget)
	}
	for _, p := range both {
		if !w.sends(p) {
			t.Errorf("seed %d: one of two workers sends nothing", w.seed)
		}
	}
}

// TestServersOfThreeAreKilledInAFanOut: each in turn, and comes back. Nothing is lost,
// and nothing comes twice.
func TestServersOfThreeAreKilledInAFanOut(t *testing.T) {
	t.Parallel()
	n := either(3000, 30_000)
	servers := newNATSCluster(t, 3)
	w := newSplit(t, setup{mails: n}, servers...)
	w.slow(20 * time.Millisecond)
	w.router()
	w.worker("email")
	w.worker("email")
	w.fire()
	for _, s := range servers {
		w.more(n/5, n)
		s.kill()
		wait(time.Second)
		s.start()
		wait(3 * time.Second) // two of three are to be well when the next goes
	}
	w.settle()
	b := w.audit()
	w.figures(b, "split: servers=3 killed=3 lost=%d", b.missing)
	w.everybody(b, n)
	if b.twice > 0 {
		t.Errorf("seed %d: %d mails came twice", w.seed, b.twice)
	}
}
