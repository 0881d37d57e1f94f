package speed

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// firing is one alert as Alertmanager writes it, of about the size that rules for
// a cluster make.
func firing(b *bytes.Buffer, r *rand.Rand, service string, n int, starts time.Time) {
	fmt.Fprintf(b, `{"status":"firing","labels":{"alertname":"TargetDown","cluster":"prod-%d","env":"production","instance":"node-%d.example.org:9100","job":"blackbox","namespace":"mail-system","pod":"postfix-%d","prometheus":"monitoring/k8s","service":%q,"severity":"critical"},`+
		`"annotations":{"description":"Of the targets of job blackbox in namespace mail-system, %d%% have been down for more than 10 minutes.","runbook_url":"https://runbooks.example.org/target-down","summary":"postfix-%d does not answer on port 25 \u003csince a while\u003e"},`+
		`"startsAt":%q,"endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://prometheus.example.org:9090/graph?g0.expr=probe_success+%%3D%%3D+0\u0026g0.tab=1","fingerprint":"%016x"}`,
		r.IntN(9), n, n, service, r.IntN(100), n, starts.Format(time.RFC3339Nano), uint64(n)+1<<40)
}

// webhook is a whole request, ready for the wire.
func webhook(service, group string, alerts []byte) []byte {
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"receiver":"sitrep","status":"firing","alerts":[%s],"groupLabels":{"service":%q},"commonLabels":{"service":%q},"commonAnnotations":{},"externalURL":"http://alertmanager.example.org:9093","version":"4","groupKey":%q,"truncatedAlerts":0}`,
		alerts, service, service, group)
	var request bytes.Buffer
	fmt.Fprintf(&request, "POST /api/v1/alertmanager HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Alertmanager/0.34.2\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", body.Len())
	request.Write(body.Bytes())
	return request.Bytes()
}

// webhooks are so many, of so many alerts each, about alerts that differ.
func (b *bench) webhooks(n, alerts int) [][]byte {
	starts := time.Now().Add(-time.Minute).UTC()
	var all [][]byte
	for i := range n {
		var body bytes.Buffer
		for a := range alerts {
			if a > 0 {
				body.WriteByte(',')
			}
			firing(&body, b.rand, "mail", i*alerts+a, starts)
		}
		all = append(all, webhook("mail", fmt.Sprint("g", i), body.Bytes()))
	}
	return all
}

// caller is one connection over which webhooks go, one after the other. It does as
// little as can be, since it runs on the processors that are measured.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
}

func call(addr string) (*caller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn, bufio.NewReader(conn)}, nil
}

var length = []byte("Content-Length: ")

// post sends one request and reads its answer's status.
func (c *caller) post(request []byte) (status int, err error) {
	c.conn.SetDeadline(time.Now().Add(time.Minute))
	if _, err := c.conn.Write(request); err != nil {
		return 0, err
	}
	body := 0
	for first := true; ; first = false {
		l, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		l = bytes.TrimRight(l, "\r\n")
		switch {
		case first && len(l) < 12:
			return 0, errors.New("not HTTP")
		case first:
			if status, err = strconv.Atoi(string(l[9:12])); err != nil {
				return 0, err
			}
		case len(l) == 0:
			_, err := io.CopyN(io.Discard, c.in, int64(body))
			return status, err
		case bytes.HasPrefix(l, length):
			if body, err = strconv.Atoi(string(l[len(length):])); err != nil {
				return 0, err
			}
		}
	}
}

// server is a process that takes webhooks.
type server struct {
	addr string
	pid  int
}

// spelled is what came of posting for a while.
type spelled struct {
	rate    float64
	took    []time.Duration
	refused int
	cpu     time.Duration // of the server, for each
}

// hammer posts for a while over so many connections, each its own share of the
// webhooks again and again.
func (b *bench) hammer(at server, all [][]byte, connections int, lasting time.Duration) spelled {
	b.Helper()
	var out spelled
	var mu sync.Mutex
	var wg sync.WaitGroup
	var failed atomic.Value
	spent := b.cpu(at.pid)
	began := time.Now()
	for n := range connections {
		wg.Go(func() {
			c, err := call(at.addr)
			if err != nil {
				failed.Store(err)
				return
			}
			defer c.conn.Close()
			var took []time.Duration
			refused := 0
			for i := n; time.Since(began) < lasting; i += connections {
				posted := time.Now()
				status, err := c.post(all[i%len(all)])
				if err != nil {
					failed.Store(err)
					return
				}
				if status != 202 {
					refused++
				}
				took = append(took, time.Since(posted))
			}
			mu.Lock()
			defer mu.Unlock()
			out.took = append(out.took, took...)
			out.refused += refused
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		b.Fatalf("seed %d: posting webhooks: %v", b.seed, err)
	}
	out.cpu = (b.cpu(at.pid) - spent) / time.Duration(len(out.took))
	if out.refused > 0 {
		b.Errorf("seed %d: of %d webhooks %d were refused", b.seed, len(out.took), out.refused)
	}
	out.rate = float64(len(out.took)) / time.Since(began).Seconds()
	return out
}
