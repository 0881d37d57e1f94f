package web

import "net/http"

// Patterns are what a server answers, as its mux has them.
func Patterns(s *Server) []string { return s.mux.patterns }

// PatternOf returns by which of them a request is answered; empty: by none.
func PatternOf(s *Server, r *http.Request) string {
	_, pattern := s.mux.Handler(r)
	return pattern
}

// Crowd lets as many passwords wait as may, until the function that it returns is
// called.
func Crowd(s *Server) (leave func()) {
	for range manyWaiting {
		s.door.users.line <- struct{}{}
	}
	return func() {
		for range manyWaiting {
			<-s.door.users.line
		}
	}
}
