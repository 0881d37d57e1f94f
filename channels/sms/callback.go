package sms

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/twilio/twilio-go/client"

	"sitrep/channels"
)

// Where Twilio posts to, below the external address.
const (
	StatusPath  = "/twilio/status"
	InboundPath = "/twilio/inbound"
)

const (
	// formLimit bounds what is read of a request, in bytes: Twilio's forms are
	// far below it.
	formLimit = 64 << 10
	// storePatience is for one fate or reply to be taken. Twilio waits 15 s.
	storePatience = 10 * time.Second
)

// Account is one of Twilio's that may post. Its token signs.
type Account struct {
	SID       string
	AuthToken func() (string, error) // called for each request
}

// CallbackConfig is what Callbacks need to know.
type CallbackConfig struct {
	Accounts []Account
	// ExternalURL is under which address Twilio reaches sitrep, as it was told:
	// with a path where there is one. It is part of what is signed; what a proxy
	// made of host and path is not.
	ExternalURL string
	// Fate is given what is known for good of a message that was sent with a
	// reference, as often as Twilio says it, in any order. An error says that it
	// was not stored; a reference that names nothing is no error.
	Fate func(context.Context, channels.Fate) error
	// Reply is given what somebody wrote to one of the account's numbers, and says
	// what he is answered by SMS; empty: nothing.
	Reply func(context.Context, Reply) (answer string, err error)
	Log   *slog.Logger
}

// Reply is a message that came in.
type Reply struct {
	// SID is Twilio's id of it, the same when Twilio posts it once more.
	SID      string
	From, To string // E.164
	Body     string
	Word     Word
}

// Callbacks takes what Twilio posts, and believes what is signed with an
// account's token:
//
//	over 64 KiB                                 413
//	unsigned, forged, altered, unknown account  403
//	what nobody asked for, or under way         204, and that is all
//	taken                                       204; of a message 200, with what answers it
//	not taken, or the token cannot be read      503
//
// It keeps no state: Twilio may post things twice and in any order, and who takes
// them must bear that. What is not taken comes again where the address asks
// Twilio for it, and is asked for otherwise.
type Callbacks struct {
	config CallbackConfig
	base   string
}

var _ http.Handler = (*Callbacks)(nil)

// NewCallbacks returns handlers; it starts nothing.
func NewCallbacks(c CallbackConfig) *Callbacks {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	base, _, _ := strings.Cut(c.ExternalURL, "#")
	return &Callbacks{config: c, base: strings.TrimRight(base, "/")}
}

// ServeHTTP is both handlers, wherever they are mounted.
func (c *Callbacks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.HasSuffix(r.URL.Path, StatusPath):
		c.Status(w, r)
	case strings.HasSuffix(r.URL.Path, InboundPath):
		c.Inbound(w, r)
	default:
		http.NotFound(w, r)
	}
}

// Status handles what became of a message.
func (c *Callbacks) Status(w http.ResponseWriter, r *http.Request) {
	form, ok := c.signed(w, r, StatusPath)
	if !ok {
		return
	}
	code := form["ErrorCode"]
	if n, err := strconv.Atoi(code); err != nil || n <= 0 {
		code = ""
	}
	f := fate(form["MessageStatus"], code)
	f.Ref, f.At = r.URL.Query().Get(refParam), time.Now()
	if f.State != "" && f.Ref != "" && !c.taken(w, r, StatusPath, func(ctx context.Context) error { return c.config.Fate(ctx, f) }) {
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// Inbound handles a message that somebody sent. Twilio itself answers to STOP,
// START and HELP; what is said to another goes back in TwiML, by which the number
// answers that he wrote to.
func (c *Callbacks) Inbound(w http.ResponseWriter, r *http.Request) {
	form, ok := c.signed(w, r, InboundPath)
	if !ok {
		return
	}
	reply := Reply{
		SID: form["MessageSid"], From: form["From"], To: form["To"], Body: form["Body"],
		Word: word(form["Body"], form["OptOutType"]),
	}
	var answer twiML
	if !c.taken(w, r, InboundPath, func(ctx context.Context) (err error) {
		answer.Message, err = c.config.Reply(ctx, reply)
		return err
	}) {
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	xml.NewEncoder(w).Encode(answer)
}

// twiML is what Twilio does about a message that came in.
type twiML struct {
	XMLName xml.Name `xml:"Response"`
	Message string   `xml:",omitempty"`
}

// taken hands something on, and answers where it was not taken.
func (c *Callbacks) taken(w http.ResponseWriter, r *http.Request, path string, give func(context.Context) error) bool {
	ctx, cancel := context.WithTimeout(r.Context(), storePatience)
	defer cancel()
	if err := give(ctx); err != nil {
		c.config.Log.Error("what twilio posted could not be stored", "path", path, "err", err)
		http.Error(w, "not stored", http.StatusServiceUnavailable)
		return false
	}
	return true
}

// signed returns the form of a request that is Twilio's, and answers any other.
func (c *Callbacks) signed(w http.ResponseWriter, r *http.Request, path string) (form map[string]string, ok bool) {
	refuse := func(status int, why string) {
		c.config.Log.Warn("a request was refused that says that it is twilio's", "path", path, "why", why)
		http.Error(w, http.StatusText(status), status)
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post only", http.StatusMethodNotAllowed)
		return nil, false
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, formLimit))
	if err != nil {
		if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) {
			refuse(http.StatusRequestEntityTooLarge, "it is too long")
		} else {
			refuse(http.StatusBadRequest, "it broke off")
		}
		return nil, false
	}
	signature := r.Header.Get("X-Twilio-Signature")
	if signature == "" {
		refuse(http.StatusForbidden, "it is not signed")
		return nil, false
	}
	form, ok = readForm(string(body))
	if !ok {
		refuse(http.StatusForbidden, "it is no form")
		return nil, false
	}
	address := c.base + path
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	known := false
	for _, a := range c.config.Accounts {
		if a.SID == "" || a.SID != form["AccountSid"] {
			continue
		}
		known = true
		token, err := a.AuthToken()
		if err != nil {
			c.config.Log.Error("reading the auth token to check a callback", "path", path, "err", err)
			http.Error(w, "not checked", http.StatusServiceUnavailable)
			return nil, false
		}
		// With and without the standard port: Twilio signs either.
		if v := client.NewRequestValidator(token); token != "" && v.Validate(address, form, signature) {
			return form, true
		}
	}
	if !known {
		refuse(http.StatusForbidden, "it is not of an account that is used here")
	} else {
		refuse(http.StatusForbidden, "its signature fits no token of the account, or another external address")
	}
	return nil, false
}

// readForm reads a form in which nothing is said twice: of that, a signature
// would cover one.
func readForm(body string) (form map[string]string, ok bool) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return nil, false
	}
	form = make(map[string]string, len(values))
	for name, said := range values {
		if len(said) != 1 {
			return nil, false
		}
		form[name] = said[0]
	}
	return form, true
}
