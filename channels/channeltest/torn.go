package channeltest

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
)

// Torn is a handler whose answers to some requests are torn: what was asked for
// is done, the status and half of the body are sent, and the connection is reset.
func Torn(h http.Handler, tear func(*http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !tear(r) {
			h.ServeHTTP(w, r)
			return
		}
		whole := &answer{ResponseWriter: w, status: http.StatusOK}
		h.ServeHTTP(whole, r)
		w.Header().Set("Content-Length", strconv.Itoa(whole.body.Len()))
		w.WriteHeader(whole.status)
		w.Write(whole.body.Bytes()[:whole.body.Len()/2])
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		buffered.Flush()
		if c, ok := conn.(*net.TCPConn); ok {
			c.SetLinger(0) // closes by a reset
		}
		conn.Close()
	})
}

// answer keeps an answer back.
type answer struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
