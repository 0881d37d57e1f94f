package agenda

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestGet: what goes wrong is said without the address, which may be a secret.
func TestGet(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("/hush/good", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept") != "text/calendar" {
			w.WriteHeader(http.StatusNotAcceptable)
		}
		_, _ = w.Write([]byte("BEGIN"))
	})
	mux.HandleFunc("/hush/loop", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/hush/loop", http.StatusFound) })
	mux.HandleFunc("/hush/large", func(w http.ResponseWriter, r *http.Request) {
		for range maxSize>>20 + 1 {
			_, _ = w.Write(make([]byte, 1<<20))
		}
	})
	mux.HandleFunc("/hush/cut", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte("BEGIN"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	get := func(address string) (string, error) {
		data, err := Get(server.Client(), func() (string, error) { return address, nil }, "text/calendar")(context.Background())
		if err == nil && len(data) > maxSize { // as its reader finds
			err = errTooLarge
		}
		if err != nil && strings.Contains(err.Error(), "hush") {
			t.Errorf("the address is said: %v", err)
		}
		return string(data), err
	}
	if text, err := get(server.URL + "/hush/good"); err != nil || text != "BEGIN" {
		t.Errorf("%q, %v", text, err)
	}
	if _, err := get(server.URL + "/hush/none"); !errors.Is(err, Answer(404)) {
		t.Errorf("404 is %v", err)
	}
	for _, address := range []string{server.URL + "/hush/loop", server.URL + "/hush/large", server.URL + "/hush/cut", "http://127.0.0.1:1/hush", "://hush", "hush"} {
		if _, err := get(address); err == nil {
			t.Errorf("%s is read", address)
		}
	}
	if _, err := Get(server.Client(), func() (string, error) { return "", errors.New("no file") }, "")(context.Background()); err == nil {
		t.Error("without an address something is read")
	}
}
