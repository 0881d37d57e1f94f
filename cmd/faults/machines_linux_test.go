package faults

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

// machines are network namespaces on one switch, which is in a namespace of its own:
// nothing of this machine's own network is touched.
type machines struct {
	*testing.T
	hub string
	all []string
}

var villages atomic.Int64 // of this process

// newMachines makes the switch, or skips the test where that cannot be.
func newMachines(t *testing.T) *machines {
	t.Helper()
	m := &machines{T: t, hub: fmt.Sprintf("sf%d-%d", os.Getpid(), villages.Add(1))}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("there is no ip command; it is in the package iproute2")
	}
	if out, err := exec.Command("ip", "netns", "add", m.hub).CombinedOutput(); err != nil {
		t.Skipf("no network namespace can be made here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		for _, name := range append(m.all, m.hub) {
			exec.Command("ip", "netns", "del", name).Run()
		}
	})
	m.ip("-n", m.hub, "link", "add", "br0", "type", "bridge")
	m.ip("-n", m.hub, "link", "set", "br0", "up")
	return m
}

func (m *machines) ip(args ...string) {
	m.Helper()
	if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
		m.Fatalf("ip %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

func address(n int) string { return fmt.Sprintf("10.77.0.%d", n) }

// add makes the machine with a number, and returns its namespace.
func (m *machines) add(n int) string {
	m.Helper()
	name, port := fmt.Sprintf("%s-%d", m.hub, n), fmt.Sprintf("p%d", n)
	m.ip("netns", "add", name)
	m.all = append(m.all, name)
	m.ip("link", "add", port, "netns", m.hub, "type", "veth", "peer", "name", "eth0", "netns", name)
	m.ip("-n", m.hub, "link", "set", port, "master", "br0", "up")
	m.ip("-n", name, "addr", "add", address(n)+"/24", "dev", "eth0")
	m.ip("-n", name, "link", "set", "lo", "up")
	m.ip("-n", name, "link", "set", "eth0", "up")
	return name
}

// plug pulls a machine's cable out of the switch, or puts it back. No end of a
// connection is told.
func (m *machines) plug(n int, in bool) {
	m.Helper()
	m.ip("-n", m.hub, "link", "set", fmt.Sprintf("p%d", n), map[bool]string{true: "up", false: "down"}[in])
}

// at does something as if on a machine: what it opens belongs to it.
func at[T any](name string, do func() (T, error)) (out T, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		var ns *os.File
		if ns, err = os.Open(filepath.Join("/var/run/netns", name)); err != nil {
			return
		}
		defer ns.Close()
		if err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err == nil {
			out, err = do()
		}
	}()
	<-done
	return out, err
}

// loopbacks listens on one port of the loopbacks of several machines.
type loopbacks struct {
	all  []net.Listener
	came chan net.Conn
	end  chan struct{}
	once sync.Once
	done sync.WaitGroup
}

func listenAt(names []string, port int) (net.Listener, error) {
	l := &loopbacks{came: make(chan net.Conn), end: make(chan struct{})}
	for _, name := range names {
		one, err := at(name, func() (net.Listener, error) { return net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)) })
		if err != nil {
			l.Close()
			return nil, err
		}
		l.all = append(l.all, one)
		l.done.Go(func() {
			for {
				c, err := one.Accept()
				if err != nil {
					return
				}
				select {
				case l.came <- c:
				case <-l.end:
					c.Close()
				}
			}
		})
	}
	return l, nil
}

func (l *loopbacks) Accept() (net.Conn, error) {
	select {
	case c := <-l.came:
		return c, nil
	case <-l.end:
		return nil, net.ErrClosed
	}
}

func (l *loopbacks) Close() error {
	l.once.Do(func() {
		close(l.end)
		for _, one := range l.all {
			one.Close()
		}
		l.done.Wait()
	})
	return nil
}

func (l *loopbacks) Addr() net.Addr { return l.all[0].Addr() }

// dialAt dials as if on a machine.
func dialAt(ctx context.Context, name, address string) (net.Conn, error) {
	return at(name, func() (net.Conn, error) { return new(net.Dialer).DialContext(ctx, "tcp", address) })
}

// door lets this process reach an address of a machine by one of its own.
func (m *machines) door(name, address string) string {
	m.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		m.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			far, err := dialAt(context.Background(), name, address)
			if err != nil {
				c.Close()
				continue
			}
			for _, way := range [][2]net.Conn{{c, far}, {far, c}} {
				all.Go(func() {
					io.Copy(way[0], way[1])
					way[0].Close()
				})
			}
		}
	})
	m.Cleanup(func() {
		l.Close()
		all.Wait()
	})
	return l.Addr().String()
}
