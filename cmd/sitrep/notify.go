package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// notice tells the service manager that started sitrep how it does, as sd_notify(3)
// does; where none listens it says nothing.
//
//	start ... READY=1 ... RELOADING=1, READY=1 ... STOPPING=1
//	              '-- WATCHDOG=1, twice in the time that is allowed, while the router goes on
type notice struct {
	socket string
	within time.Duration // how often it wants to hear that sitrep goes on; 0: it does not
}

// newNotice reads what the service manager left in the environment.
func newNotice(getenv func(string) string) notice {
	n := notice{socket: getenv("NOTIFY_SOCKET")}
	if n.socket != "" && n.socket[0] != '/' && n.socket[0] != '@' {
		n.socket = "" // a kind of address that is not for a service on this machine
	}
	of := getenv("WATCHDOG_PID")
	if of != "" && of != strconv.Itoa(os.Getpid()) {
		return n
	}
	if us, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64); err == nil && us > 0 {
		n.within = time.Duration(us) * time.Microsecond
	}
	return n
}

// say sends lines in one datagram. What goes wrong with it is nothing that sitrep could
// mend, and a manager that hears nothing says so itself.
func (n notice) say(lines ...string) {
	if n.socket == "" {
		return
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: n.socket, Net: "unixgram"})
	if err != nil {
		return
	}
	defer c.Close()
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	_, _ = c.Write([]byte(strings.Join(lines, "\n")))
}

func (n notice) ready(status string)    { n.say("READY=1", "STATUS="+status) }
func (n notice) stopping(status string) { n.say("STOPPING=1", "STATUS="+status) }

// reloading says that a reload begins, and when, by the clock that the manager goes by.
func (n notice) reloading() {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	n.say("RELOADING=1", fmt.Sprintf("MONOTONIC_USEC=%d", now.Nano()/1000), "STATUS=reading the configuration again")
}

// guard tells that sitrep goes on, until ctx ends, while it does: a process whose router
// is stuck is killed and started again. A store that takes no write is no reason: a start
// would not mend it.
func (n notice) guard(ctx context.Context, goesOn func() bool) {
	if n.socket == "" || n.within == 0 {
		return
	}
	ticker := time.NewTicker(n.within / 2)
	defer ticker.Stop()
	for {
		if goesOn() {
			n.say("WATCHDOG=1")
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}
