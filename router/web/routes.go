package web

import "net/http"

// routes is a mux that knows what it answers, so that a list of that can be held
// against it.
type routes struct {
	*http.ServeMux
	patterns []string
}

// Handle adds a page.
func (m *routes) Handle(pattern string, h http.Handler) {
	m.patterns = append(m.patterns, pattern)
	m.ServeMux.Handle(pattern, h)
}

// HandleFunc is Handle for a function.
func (m *routes) HandleFunc(pattern string, f func(http.ResponseWriter, *http.Request)) {
	m.Handle(pattern, http.HandlerFunc(f))
}
