package web

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/incident"
	"sitrep/router/intake"
)

// Desk answers reads and takes overrides; the router does.
type Desk interface {
	Incidents() []*router.Page
	Incident(id string) *router.Page
	// Strays are firing alerts that belong to no service.
	Strays() []incident.Observation
	Submit(ctx context.Context, in incident.Input) (router.Decision, error)
}

// Inbox stores inputs durably.
type Inbox interface {
	Put(ctx context.Context, inputs ...incident.Input) error
}

// Prober writes to the store, to see whether it can.
type Prober interface {
	Probe(ctx context.Context) error
}

// Options are what the server is made of.
type Options struct {
	Desk      Desk
	Inbox     Inbox
	Store     Prober
	Audiences []string // names, for words that are said to them
	// Severities are the configuration's, low to high.
	Severities []string
	Services   map[string]policies.Texts
	// Access lists the tokens; nil means that callers on this machine may do
	// everything, and nobody else anything.
	Access  *policies.Access
	Metrics http.Handler // GET /metrics; may be nil
	Version string
	Log     *slog.Logger
	Watch   Watch
}

// Watch is told what came in. Nil functions are not called.
type Watch struct {
	// Webhook is told each webhook's answer, how many alerts it held, and how
	// many of those were worth storing.
	Webhook func(status, alerts, stored int, truncated uint64)
}

// Server is the HTTP interface. It is an http.Handler.
type Server struct {
	o      Options
	mux    *http.ServeMux
	door   *door
	memory intake.Memory
	ready  readiness
}

// New returns the server with all its routes.
func New(o Options) *Server {
	s := &Server{o: o, mux: http.NewServeMux(), door: newDoor(o.Access, o.Log)}
	s.ready = readiness{probe: o.Store.Probe, turn: make(chan struct{}, 1)}

	config := huma.DefaultConfig("sitrep", o.Version)
	config.Info.Description = "Tells people what is going on while a service is out."
	config.DocsPath = ""    // its page loads scripts from elsewhere
	config.SchemasPath = "" // the description holds them
	config.CreateHooks = nil
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token of the configuration's `access` block. Without that block, callers on the same machine need none."},
	}
	api := humago.New(s.mux, config)
	api.UseMiddleware(s.authorise(api))
	s.routes(api)
	s.webhookRoute(api)
	s.plainRoutes(api)
	return s
}

// plainRoutes adds what machines ask for that watch sitrep. It needs no token.
func (s *Server) plainRoutes(api huma.API) {
	route := func(id, path, summary string, h http.Handler, answers map[string]string) {
		s.mux.Handle("GET "+path, h)
		op := &huma.Operation{
			OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
			Security: []map[string][]string{}, Responses: map[string]*huma.Response{},
		}
		for status, text := range answers {
			op.Responses[status] = &huma.Response{Description: text, Content: map[string]*huma.MediaType{"text/plain": {Schema: &huma.Schema{Type: "string"}}}}
		}
		api.OpenAPI().AddOperation(op)
	}
	route("get-healthy", "/-/healthy", "Whether the process runs", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		plain(w, http.StatusOK, "healthy")
	}), map[string]string{"200": "It runs"})
	route("get-ready", "/-/ready", "Whether the store takes a write now", http.HandlerFunc(s.answerReady),
		map[string]string{"200": "It does", "503": "It does not; the log says why"})
	if s.o.Metrics != nil {
		route("get-metrics", "/metrics", "Metrics of sitrep itself, for Prometheus", s.o.Metrics, map[string]string{"200": "The metrics"})
	}
}

// Handle adds a page beside the API.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if strings.HasPrefix(r.URL.Path, "/api/") {
		w.Header().Set("Cache-Control", "no-store")
		if h, pattern := s.mux.Handler(r); pattern == "" {
			s.noRoute(w, r, h)
			return
		}
	}
	s.mux.ServeHTTP(w, r)
}

// noRoute answers as the mux would where nothing of the API is there, or not
// with this method, but with a problem.
func (s *Server) noRoute(w http.ResponseWriter, r *http.Request, h http.Handler) {
	v := verdict{header: http.Header{}}
	h.ServeHTTP(&v, r)
	if allow := v.header.Get("Allow"); allow != "" {
		w.Header().Set("Allow", allow)
		s.refuse(w, http.StatusMethodNotAllowed, "this takes "+allow)
		return
	}
	s.refuse(w, http.StatusNotFound, "there is nothing at this path; GET /openapi.json lists what there is")
}

// verdict is a response of which nobody reads the text.
type verdict struct{ header http.Header }

func (v *verdict) Header() http.Header         { return v.header }
func (v *verdict) WriteHeader(int)             {}
func (v *verdict) Write(b []byte) (int, error) { return len(b), nil }

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write([]byte(text + "\n"))
}

func (s *Server) answerReady(w http.ResponseWriter, r *http.Request) {
	if err := s.ready.check(r.Context()); err != nil {
		s.o.Log.Warn("not ready", "err", err)
		plain(w, http.StatusServiceUnavailable, "not ready: the store takes no writes; see the log, and the space on its disk")
		return
	}
	plain(w, http.StatusOK, "ready")
}

// readiness is whether the store took a write within the last second.
type readiness struct {
	probe func(context.Context) error
	turn  chan struct{} // holds one thing while somebody looks or writes below

	at  time.Time
	err error
}

func (r *readiness) check(ctx context.Context) error {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-r.turn }()
	if r.at.IsZero() || time.Since(r.at) > time.Second {
		// A caller that hangs up does not make the store unready.
		r.err = r.probe(context.WithoutCancel(ctx))
		r.at = time.Now()
	}
	return r.err
}
