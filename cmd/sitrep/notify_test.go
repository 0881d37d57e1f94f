package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// manager listens as systemd does, and returns what is told.
func manager(t *testing.T) (socket string, told <-chan string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // a socket's path may have 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket = filepath.Join(dir, "socket")
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	all := make(chan string, 1000)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			all <- string(b[:n])
		}
	}()
	return socket, all
}

// TestTheServiceManagerIsTold: READY only once sitrep listens; a reload's beginning and
// end, also where the file is wrong; the stop; and all the while that it goes on.
func TestTheServiceManagerIsTold(t *testing.T) {
	socket, told := manager(t)
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "200000")
	p := newProcess(t, "1s")
	beats := 0
	expect := func(want string) {
		t.Helper()
		for late := time.After(20 * time.Second); ; {
			select {
			case got := <-told:
				if got == "WATCHDOG=1" {
					beats++
					continue
				}
				if !strings.HasPrefix(got, want) {
					t.Fatalf("it was told %q, want %q", got, want)
				}
				return
			case <-late:
				t.Fatalf("it was not told %q\n%s", want, p.log)
			}
		}
	}
	p.start()
	expect("READY=1\nSTATUS=running")
	answer, err := http.Get(p.url + "/-/ready")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("it is said to be ready, and answers %v %v", answer, err)
	}
	answer.Body.Close()
	time.Sleep(time.Second)
	p.cmd.Process.Signal(syscall.SIGHUP)
	expect("RELOADING=1\nMONOTONIC_USEC=")
	expect("READY=1\nSTATUS=running")
	if beats < 5 {
		t.Errorf("within a second it was told %d times that sitrep goes on, want ten times", beats)
	}
	if err := os.WriteFile(filepath.Join(p.dir, "sitrep.yml"), []byte("nonsense: yes\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.cmd.Process.Signal(syscall.SIGHUP)
	expect("RELOADING=1\n")
	expect("READY=1\nSTATUS=running; the new configuration was refused")
	p.cmd.Process.Signal(syscall.SIGTERM)
	expect("STOPPING=1\n")
	if err := <-p.dead; err != nil {
		t.Errorf("it ended with %v", err)
	}
	p.cmd = nil
}

// TestWhatIsStuckIsNotSaidToGoOn: then the manager kills it.
func TestWhatIsStuckIsNotSaidToGoOn(t *testing.T) {
	socket, told := manager(t)
	synctest.Test(t, func(t *testing.T) {
		var goesOn atomic.Bool
		goesOn.Store(true)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			notice{socket: socket, within: time.Minute}.guard(ctx, goesOn.Load)
			close(done)
		}()
		time.Sleep(time.Minute + time.Second)
		goesOn.Store(false)
		time.Sleep(time.Hour)
		cancel()
		<-done
	})
	time.Sleep(100 * time.Millisecond)
	if n := len(told); n != 3 {
		t.Errorf("it was told %d times, want 3", n)
	}
}

// TestNoticeOfOthers: what is for another process, or nothing that sitrep can reach, is
// left alone.
func TestNoticeOfOthers(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want notice
	}{
		{map[string]string{}, notice{}},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "5000000"}, notice{"/run/x", 5 * time.Second}},
		{map[string]string{"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "x"}, notice{socket: "@x"}},
		{map[string]string{"NOTIFY_SOCKET": "vsock:2:1234"}, notice{}},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": "1"}, notice{socket: "/run/x"}},
		{map[string]string{"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "5000000", "WATCHDOG_PID": fmt.Sprint(os.Getpid())}, notice{"/run/x", 5 * time.Second}},
	} {
		if got := newNotice(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v: %v, want %v", c.env, got, c.want)
		}
	}
	notice{socket: "/nobody/listens"}.ready("running") // and nothing happens
}
