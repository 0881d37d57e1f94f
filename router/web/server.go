package web

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/audit"
	"sitrep/router/incident"
	"sitrep/router/intake"
)

// Desk answers reads and takes overrides; the router does.
type Desk interface {
	Incidents() []*router.Page
	Incident(id string) *router.Page
	// Abreast waits until what another router has committed is seen here, a little
	// while at most.
	Abreast(ctx context.Context)
	// Strays are firing alerts that belong to no service.
	Strays() []incident.Observation
	Submit(ctx context.Context, in incident.Input) (router.Decision, error)
	// Follow returns a follower of what happens from now on, or after an event.
	Follow(after string) *router.Follower
	// Preview says what would follow from an override, and does nothing.
	Preview(ctx context.Context, in incident.Input) (router.Preview, error)
	// Recipient names one who is to be added to an audience or removed from it; with
	// keep it stores him.
	Recipient(ctx context.Context, audience string, who policies.Recipient, keep bool) (incident.Recipient, error)
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
	// Recipient judges one who is to be added to an audience.
	Recipient func(audience string, given policies.Given) (policies.Recipient, []policies.Wrong)
	// Severities are the configuration's, low to high.
	Severities []string
	// Languages are those that messages can be told in.
	Languages []string
	Services  map[string]policies.Texts
	SMSPrice  SMSPrice // for previews
	// TooLong reports whether an SMS has no room for all of somebody's words; nil: there
	// is no SMS.
	TooLong func(words string) bool
	// Access lists the tokens; nil means that callers on this machine may do
	// everything, and nobody else anything.
	Access *policies.Access
	// WebConfig is the web configuration file, which has the passwords of users and
	// verifies certificates; empty where there is none.
	WebConfig string
	// ExternalURL is under which address people reach it; may be empty.
	ExternalURL string
	Metrics     http.Handler // GET /metrics; may be nil
	// Unsubscribe takes whoever a token was given to off a list; false where it is
	// not ours. Nil where nobody can.
	Unsubscribe func(ctx context.Context, token string) (bool, error)
	// Leaving is what its page says, in every language that readers have.
	Leaving []Leaving
	// RevokeLinks makes the links useless by which people of the teams answer.
	RevokeLinks func(ctx context.Context, by string) error
	// Bounce takes in a report of a mail server that something was not delivered;
	// ErrNoBounce where it is none, or not about anything of ours.
	Bounce func(ctx context.Context, mail io.Reader) error
	// Audit returns at most so many lines before a number, the newest first; 0: from
	// the last on. Nil where nobody keeps them.
	Audit func(ctx context.Context, before uint64, most int) ([]audit.Line, error)
	// Reload reads the configuration again; an *Unloaded says what is wrong with it.
	// Nil where there is nothing to read.
	Reload func(ctx context.Context, r Reload) (Reloaded, error)
	// Standing says what the router of this process is among those on its store: active,
	// or standby of another one.
	Standing func() string
	Version  string
	Log      *slog.Logger
	Watch    Watch
}

// SMSPrice is what a segment costs; no currency: nobody said.
type SMSPrice struct {
	PerSegment float64
	Currency   string
}

// Watch is told what came in. Nil functions are not called.
type Watch struct {
	// Webhook is told each webhook's answer, how many alerts it held, and how
	// many of those were worth storing.
	Webhook func(status, alerts, stored int, truncated uint64)
	// Alertmanager is told how one was answered that came from Alertmanager, as far
	// as one can see, and from which address it came.
	Alertmanager func(from string, status int)
	// Refused is told who was not let in, or not to do what he wanted.
	Refused func(Refusal)
}

// Server is the HTTP interface. It is an http.Handler.
type Server struct {
	o      Options
	mux    *routes
	door   *door
	memory intake.Memory
	ready  *Readiness

	following chan struct{} // holds one for each who follows what happens
	unknowns  unknowns
	retired   atomic.Bool // another took its place
}

// exactly sets, before anything is served, that a field is known by its own letters
// only: huma otherwise checks one of {"text": …, "TEXT": …}, and Go takes the other.
var exactly sync.Once

// New returns the server with all its routes.
func New(o Options) *Server {
	s := &Server{following: make(chan struct{}, follows), o: o, mux: &routes{ServeMux: http.NewServeMux()}, door: newDoor(o)}
	s.ready = NewReadiness(o.Store.Probe)

	config := huma.DefaultConfig("sitrep", o.Version)
	config.Info.Description = "Tells people what is going on while a service is out."
	config.DocsPath = ""    // its page loads scripts from elsewhere
	config.SchemasPath = "" // the description holds them
	config.OpenAPIPath = "" // huma writes it down when it is first asked, without a lock
	config.CreateHooks = nil
	exactly.Do(func() { huma.ValidateStrictCasing = true })
	config.RejectUnknownQueryParameters = true
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"token": {Type: "http", Scheme: "bearer", Description: "A token of the configuration's `access` block. A user of that block with `basic_auth` comes with a name and a password instead, and whom its proxy let in needs neither. Without that block, callers on the same machine need none."},
	}
	api := humago.New(s.mux, config)
	api.UseMiddleware(identify, s.authorise(api), s.abreast)
	s.routes(api)
	s.webhookRoute(api)
	s.plainRoutes(api)
	s.bounceRoute(api)
	s.eventsRoute(api)
	s.linksRoute(api)
	s.reloadRoute(api)
	s.factsRoute(api)
	s.auditRoute(api)
	s.descriptionRoute(api)
	if o.Unsubscribe != nil {
		s.mux.HandleFunc("GET "+UnsubscribePath+"{token}", s.askUnsubscribe)
		s.mux.HandleFunc("POST "+UnsubscribePath+"{token}", s.unsubscribe)
	}
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
	if s.o.Standing != nil {
		w.Header().Set("Sitrep-Router", s.o.Standing())
	}
	if err := s.ready.Check(r.Context()); err != nil {
		s.o.Log.Warn("not ready", "err", err)
		plain(w, http.StatusServiceUnavailable, "not ready: the store takes no writes; see the log, and the space on its disk")
		return
	}
	plain(w, http.StatusOK, "ready")
}
