package channeltest

import (
	"io"
	"net"
	"sync"
)

// Door is a listener that can be shut: whoever connects then hears one line, in
// place of the server's greeting, and is out again. So a mail server is too
// busy, or is not there although its port is.
type Door struct {
	net.Listener

	mu     sync.Mutex
	shut   bool
	saying string
	turned int
}

// NewDoor returns an open one.
func NewDoor(l net.Listener) *Door { return &Door{Listener: l} }

// Shut turns away whoever connects from now on, with a line such as
// "421 4.3.2 too busy", or without a word.
func (d *Door) Shut(saying string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut, d.saying = true, saying
}

// Open lets connections in again.
func (d *Door) Open() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shut = false
}

// Turned returns how many were turned away.
func (d *Door) Turned() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.turned
}

// Accept returns the next connection that is let in.
func (d *Door) Accept() (net.Conn, error) {
	for {
		c, err := d.Listener.Accept()
		if err != nil {
			return nil, err
		}
		d.mu.Lock()
		shut, saying := d.shut, d.saying
		if shut {
			d.turned++
		}
		d.mu.Unlock()
		if !shut {
			return c, nil
		}
		if saying != "" {
			io.WriteString(c, saying+"\r\n")
		}
		c.Close()
	}
}
