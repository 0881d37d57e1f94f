package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// process is one run of sitrep.
type process struct {
	cmd  *exec.Cmd
	log  *journal
	ear  chan string   // gets the address, once
	dead chan struct{} // closed when it has ended, and err is set
	err  error
	url  string // empty until it listens
}

// journal is what a process says: its end, and where it listens.
type journal struct {
	mu        sync.Mutex
	lines     bytes.Buffer
	listening chan<- string // gets the address, once; nil after that
}

// kept bounds a journal, in bytes.
const kept = 256 << 10

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	const key = "address=127.0.0.1:"
	if i := bytes.Index(b, []byte(key)); i >= 0 && j.listening != nil {
		j.listening <- strings.TrimPrefix(strings.Fields(string(b[i:]))[0], "address=")
		j.listening = nil
	}
	if j.lines.Len() > kept {
		j.lines.Next(j.lines.Len() - kept/2)
	}
	return j.lines.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

// end returns the last lines.
func (j *journal) end() string {
	lines := strings.Split(strings.TrimSpace(j.String()), "\n")
	return strings.Join(lines[max(len(lines)-40, 0):], "\n")
}

// run starts sitrep on a storage folder and does not wait for anything.
func (w *world) run(store string) *process {
	w.Helper()
	return w.launch("--config.file="+filepath.Join(w.dir, "sitrep.yml"), "--storage.path="+store)
}

// launch starts sitrep serve with some flags.
func (w *world) launch(flags ...string) *process {
	w.Helper()
	binary, err := build()
	if err != nil {
		w.Fatalf("build the binary: %v", err)
	}
	p, err := spawn(w.env, binary, append([]string{"serve", "--web.listen-address=127.0.0.1:0"}, flags...)...)
	if err != nil {
		w.Fatal(err)
	}
	return p
}

// spawn runs a program, and reads what it logs.
func spawn(env []string, program string, args ...string) (*process, error) {
	p := &process{dead: make(chan struct{}), ear: make(chan string, 1)}
	p.log = &journal{listening: p.ear}
	p.cmd = exec.Command(program, args...)
	p.cmd.Stderr, p.cmd.Env = p.log, append(os.Environ(), env...)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.dead)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// listens waits until a process listens, or has ended.
func (p *process) listens(within time.Duration) error {
	late := time.After(within)
	select {
	case address := <-p.ear:
		p.url = "http://" + address
		return nil
	case <-p.dead:
		return fmt.Errorf("sitrep ended: %v\n%s", p.err, p.log.end())
	case <-late:
		return fmt.Errorf("sitrep does not listen within %v\n%s", within, p.log.end())
	}
}

func (p *process) signal(s syscall.Signal) { p.cmd.Process.Signal(s) }

// start runs sitrep on the world's store until it listens.
func (w *world) start() {
	w.Helper()
	w.now = w.run(w.store)
	if err := w.now.listens(patience()); err != nil {
		w.Fatalf("seed %d: %v", w.seed, err)
	}
}

// kill is kill -9.
func (w *world) kill() {
	if w.Failed() {
		w.Logf("sitrep said at last:\n%s", w.now.log.end())
	}
	w.now.signal(syscall.SIGKILL)
	<-w.now.dead
	w.now = nil
}

// stop is SIGTERM; it returns how long the end took.
func (w *world) stop(within time.Duration) time.Duration {
	w.Helper()
	began := time.Now()
	w.now.signal(syscall.SIGTERM)
	select {
	case <-w.now.dead:
	case <-time.After(within):
		w.Errorf("seed %d: sitrep does not stop within %v", w.seed, within)
		w.kill()
		return time.Since(began)
	}
	if w.now.err != nil {
		w.Errorf("seed %d: sitrep ended with %v\n%s", w.seed, w.now.err, w.now.log.end())
	}
	w.now = nil
	return time.Since(began)
}

// post posts to the API; 0 where nobody answers.
func (w *world) post(path string, body any) (status int, answer string) {
	w.Helper()
	data, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	r, err := w.client.Post(w.now.url+path, "application/json", bytes.NewReader(data))
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	return r.StatusCode, string(text)
}

// webhook posts what Alertmanager would of one alert of the service.
func (w *world) webhook(name string, starts, ends time.Time) (status int, answer string) {
	w.Helper()
	state := "firing"
	if !ends.IsZero() {
		state = "resolved"
	}
	return w.post("/api/v1/alertmanager", map[string]any{"version": "4", "alerts": []any{map[string]any{
		"status": state, "labels": map[string]string{"alertname": name, "service": "mail"},
		"startsAt": starts, "endsAt": ends, "fingerprint": name,
	}}})
}

// fire begins the outage, which must be taken, and end ends it.
func (w *world) fire() {
	w.Helper()
	w.alert = time.Now()
	w.taken(w.webhook("MailDown", w.alert, time.Time{}))
}

func (w *world) end() {
	w.Helper()
	w.taken(w.webhook("MailDown", w.alert, time.Now()))
}

func (w *world) taken(status int, answer string) {
	w.Helper()
	if status != http.StatusAccepted {
		w.Fatalf("seed %d: a webhook was answered with %d %s", w.seed, status, answer)
	}
}

// get reads the API; 0 where nobody answers.
func (w *world) get(path string, into any) (status int) {
	r, err := w.client.Get(w.now.url + path)
	if err != nil {
		return 0
	}
	defer r.Body.Close()
	if r.StatusCode == http.StatusTooManyRequests { // a test asks more often than anybody
		wait(time.Second)
		return w.get(path, into)
	}
	if into != nil && json.NewDecoder(r.Body).Decode(into) != nil {
		return 0
	}
	return r.StatusCode
}
