package web

import (
	"net"
	"net/http"
	"strings"
)

// fromHere reports whether a request comes from this machine and was meant for
// it: a page elsewhere that makes a browser here call does not count, nor a name
// that was bent to point here, nor whoever comes through a proxy here.
func fromHere(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err == nil && !loopback(host) { // an address without a port is a socket file's
		return false
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	if !loopback(strings.Trim(name, "[]")) {
		return false
	}
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return false
		}
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin") // of every post that a browser makes
	return origin == "" || origin == "http://"+r.Host || origin == "https://"+r.Host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
