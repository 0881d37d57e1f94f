package channeltest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestDoor(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	door := NewDoor(l)
	s := NewSMTP(door, SMTPOptions{})
	defer s.Close()
	hears := func(want string) {
		t.Helper()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		line, _ := bufio.NewReader(c).ReadString('\n')
		if !strings.HasPrefix(line, want) || want == "" && line != "" {
			t.Errorf("heard %q, want %q", line, want)
		}
	}
	hears("220 ")
	door.Shut("421 4.3.2 too busy")
	hears("421 4.3.2 too busy\r\n")
	door.Shut("")
	hears("")
	door.Open()
	hears("220 ")
	if door.Turned() != 2 {
		t.Errorf("%d were turned away", door.Turned())
	}
}

func TestTorn(t *testing.T) {
	whole := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		io.WriteString(w, "the whole answer")
	})
	server := httptest.NewServer(Torn(whole, func(r *http.Request) bool { return r.URL.Path == "/torn" }))
	defer server.Close()
	for path, want := range map[string]bool{"/": true, "/torn": false} {
		r, err := server.Client().Get(server.URL + path)
		if err != nil {
			if want {
				t.Error(err)
			}
			continue // the reset overtook the status
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != http.StatusCreated || (err == nil) != want || want != (string(body) == "the whole answer") {
			t.Errorf("%s: %d %q, %v", path, r.StatusCode, body, err)
		}
	}
}
