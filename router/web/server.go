package web

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
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
	Services  map[string]policies.Texts
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
	s.ready.probe = o.Store.Probe

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

	s.mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, r *http.Request) { plain(w, http.StatusOK, "healthy") })
	s.mux.HandleFunc("GET /-/ready", s.answerReady)
	if o.Metrics != nil {
		s.mux.Handle("GET /metrics", o.Metrics)
	}
	return s
}

// Handle adds a page beside the API.
func (s *Server) Handle(pattern string, h http.Handler) { s.mux.Handle(pattern, h) }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	s.mux.ServeHTTP(w, r)
}

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

	mu  sync.Mutex
	at  time.Time
	err error
}

func (r *readiness) check(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at.IsZero() || time.Since(r.at) > time.Second {
		// A caller that hangs up does not make the store unready.
		r.err = r.probe(context.WithoutCancel(ctx))
		r.at = time.Now()
	}
	return r.err
}
