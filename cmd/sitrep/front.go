package main

import (
	"net/http"
	"sync/atomic"

	"sitrep/router/web"
)

// front is what callers reach: the server of the configuration in force.
type front struct {
	server atomic.Pointer[web.Server]
	pages  []page
}

// page is one beside the API.
type page struct {
	pattern string
	handler http.Handler
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.server.Load().ServeHTTP(w, r) }

// Handle adds a page. It is called before anybody calls.
func (f *front) Handle(pattern string, h http.Handler) {
	f.pages = append(f.pages, page{pattern, h})
	f.server.Load().Handle(pattern, h)
}

// put lets a server take the place of the one before.
func (f *front) put(s *web.Server, back *aftermath) {
	back.mount(s)
	for _, p := range f.pages {
		s.Handle(p.pattern, p.handler)
	}
	f.server.Store(s)
}
