package speed

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// sitrep is one run of the binary.
type sitrep struct {
	b      *bench
	dir    string // of its configuration, store and log
	cmd    *exec.Cmd
	log    *os.File
	ready  *listening
	dead   chan struct{}
	addr   string
	client *http.Client
}

// listening waits in what a process says for the address where it listens.
type listening struct {
	mu   sync.Mutex
	to   io.Writer
	said chan string
	once bool
}

func (l *listening) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	const key = "address=127.0.0.1:"
	if i := bytes.Index(p, []byte(key)); i >= 0 && !l.once {
		l.once = true
		l.said <- strings.TrimPrefix(strings.Fields(string(p[i:]))[0], "address=")
	}
	return l.to.Write(p)
}

// sitrep makes a folder with a configuration; start runs the binary on it.
func (b *bench) sitrep(configuration string) *sitrep {
	b.Helper()
	dir, err := os.MkdirTemp(b.dir, "sitrep-")
	if err != nil {
		b.Fatal(err)
	}
	s := &sitrep{b: b, dir: dir, client: &http.Client{Timeout: time.Minute}}
	s.write("sitrep.yml", configuration)
	b.Cleanup(s.stop)
	return s
}

func (s *sitrep) write(name, content string) {
	s.b.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o600); err != nil {
		s.b.Fatal(err)
	}
}

// roster writes a contact file of so many people.
func (s *sitrep) roster(name string, n int, row func(n int) string) {
	s.b.Helper()
	var csv strings.Builder
	csv.WriteString("name,email,phone,language\n")
	for i := range n {
		csv.WriteString(row(i) + "\n")
	}
	s.write(name, csv.String())
}

// start runs it and waits until it can do its work; it returns how long that took.
func (s *sitrep) start() time.Duration {
	s.b.Helper()
	var err error
	if s.log, err = os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		s.b.Fatal(err)
	}
	s.ready = &listening{to: s.log, said: make(chan string, 1)}
	s.cmd = exec.Command(s.b.binary, "serve", "--config.file="+filepath.Join(s.dir, "sitrep.yml"), "--storage.path="+filepath.Join(s.dir, "data"),
		"--web.listen-address=127.0.0.1:0")
	s.cmd.Stderr = s.ready
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		s.b.Fatal(err)
	}
	s.dead = make(chan struct{})
	go func(dead chan struct{}, cmd *exec.Cmd) { defer close(dead); cmd.Wait() }(s.dead, s.cmd)
	select {
	case s.addr = <-s.ready.said:
	case <-s.dead:
		s.b.Fatalf("sitrep ended:\n%s", s.end())
	case <-time.After(5 * time.Minute):
		s.b.Fatalf("sitrep does not listen:\n%s", s.end())
	}
	for s.get("/-/ready", nil) != http.StatusOK {
		time.Sleep(5 * time.Millisecond)
	}
	return time.Since(began)
}

// end is the last that it said.
func (s *sitrep) end() string {
	data, _ := os.ReadFile(filepath.Join(s.dir, "log"))
	lines := strings.Split(strings.TrimSpace(string(data)), "\n")
	return strings.Join(lines[max(len(lines)-20, 0):], "\n")
}

// stop is SIGTERM, and waits for the end.
func (s *sitrep) stop() {
	if s.cmd == nil {
		return
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.dead:
	case <-time.After(time.Minute):
		s.cmd.Process.Kill()
		<-s.dead
	}
	s.cmd = nil
	s.client.CloseIdleConnections()
	s.log.Close()
}

// rss returns the memory that the kernel counts for it, now and at most, in bytes.
func (s *sitrep) rss() (now, most int64) {
	s.b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		s.b.Fatal(err)
	}
	for _, l := range strings.Split(string(data), "\n") {
		f := strings.Fields(l)
		if len(f) < 2 {
			continue
		}
		switch n, _ := strconv.ParseInt(f[1], 10, 64); f[0] {
		case "VmRSS:":
			now = n << 10
		case "VmHWM:":
			most = n << 10
		}
	}
	return now, most
}

func (s *sitrep) server() server { return server{s.addr, s.cmd.Process.Pid} }

// cpu is how much time on the processors it has used so far.
func (s *sitrep) cpu() time.Duration { return s.b.cpu(s.cmd.Process.Pid) }

// cpu is how much time on the processors a process has used so far. It says what
// work costs also where others use the machine, and time on the clock says little.
func (b *bench) cpu(pid int) time.Duration {
	b.Helper()
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	f := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:])) // from the third field on
	user, _ := strconv.ParseInt(f[11], 10, 64)
	system, _ := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / 100 // the kernel's unit for this
}

// settled waits until its memory does not shrink any more, and returns it.
func (s *sitrep) settled(within time.Duration) int64 {
	least, _ := s.rss()
	for end := time.Now().Add(within); time.Now().Before(end); {
		time.Sleep(time.Second)
		if now, _ := s.rss(); now < least {
			least = now
		}
	}
	return least
}

func (s *sitrep) get(path string, into any) int {
	r, err := s.client.Get("http://" + s.addr + path)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	if r.StatusCode == http.StatusTooManyRequests { // nobody else asks this often
		time.Sleep(time.Second)
		return s.get(path, into)
	}
	if into != nil && json.NewDecoder(r.Body).Decode(into) != nil {
		return 0
	}
	io.Copy(io.Discard, r.Body)
	return r.StatusCode
}

// post posts to the API, which must take it.
func (s *sitrep) post(path string, body any) string {
	s.b.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		s.b.Fatal(err)
	}
	r, err := s.client.Post("http://"+s.addr+path, "application/json", bytes.NewReader(data))
	if err != nil {
		s.b.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode/100 != 2 {
		s.b.Fatalf("%s: %d %s", path, r.StatusCode, text)
	}
	return string(text)
}

// metric returns the sum of the series whose names and labels begin so.
func (s *sitrep) metric(series string) (sum float64) {
	s.b.Helper()
	r, err := s.client.Get("http://" + s.addr + "/metrics")
	if err != nil {
		s.b.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	for _, l := range strings.Split(string(text), "\n") {
		if rest, is := strings.CutPrefix(l, series); is {
			n, _ := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
			sum += n
		}
	}
	return sum
}

// until looks now and then until something is so.
func (b *bench) until(what string, within time.Duration, is func() bool) {
	b.Helper()
	for end := time.Now().Add(within); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			b.Fatalf("seed %d: after %v still not: %s", b.seed, within, what)
		}
	}
}
