package main

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
)

// wayTo is a way to sitrep that can be shut: connections are cut, and others are not
// made, until it is open again.
type wayTo struct {
	listener net.Listener

	mu     sync.Mutex
	target string // host:port
	shut   bool
	conns  map[net.Conn]bool
}

func newWayTo(t *testing.T, url string) *wayTo {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wayTo{listener: l, conns: map[net.Conn]bool{}}
	w.aim(url)
	var done sync.WaitGroup
	done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			done.Go(func() { w.pass(c) })
		}
	})
	t.Cleanup(func() { l.Close(); w.set(true); done.Wait() })
	return w
}

func (w *wayTo) url() string { return "http://" + w.listener.Addr().String() }

// aim says where sitrep is.
func (w *wayTo) aim(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.target = strings.TrimPrefix(url, "http://")
}

func (w *wayTo) set(shut bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.shut = shut
	for c := range w.conns {
		if shut {
			c.Close()
		}
	}
}

// hold keeps a connection, to be cut; false: it is shut.
func (w *wayTo) hold(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.shut {
		w.conns[c] = true
	}
	return !w.shut
}

func (w *wayTo) pass(from net.Conn) {
	defer from.Close()
	w.mu.Lock()
	target := w.target
	w.mu.Unlock()
	to, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer to.Close()
	if !w.hold(from) || !w.hold(to) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { io.Copy(to, from); to.Close() })
	both.Go(func() { io.Copy(from, to); from.Close() })
	both.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, from)
	delete(w.conns, to)
}
