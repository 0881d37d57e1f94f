package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"sitrep/router/incident"
)

// Asked is what every override may say of itself.
type Asked struct {
	IfMatch string `header:"If-Match" maxLength:"1000" doc:"The ETag of the incident as you saw it: where it was changed meanwhile, nothing happens, and the answer is 412"`
	Named
}

// Named is what also one that opens an incident may.
type Named struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"A name for this request, such as a UUID: the same request under the same name within a day happens once and is answered alike, also after a restart; another one under it is 409"`
}

// Why is the reason that any override may be given.
type Why struct {
	Reason string `json:"reason,omitempty" maxLength:"500" doc:"Why, for the timeline; no message holds it"`
}

func (w Why) reason() string { return cleanWords(w.Reason) }

// requestKey is where the context has the request that is answered.
type requestKey struct{}

type request struct{ id, what string }

// RequestID is the header by which a request is found in the log.
const RequestID = "X-Request-Id"

// identify names each request, by the name that its caller gave it, if that is a
// plain one, and says the name in the answer.
func identify(ctx huma.Context, next func(huma.Context)) {
	id := ctx.Header(RequestID)
	if id == "" || len(id) > 64 || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }) {
		id = uuid.NewString()
	}
	ctx.SetHeader(RequestID, id)
	u := ctx.URL()
	next(unbroken{huma.WithValue(ctx, requestKey{}, request{id: id, what: ctx.Method() + " " + u.Path})})
}

// unbroken is a request of which the body that breaks off is answered as one that is
// too slow: neither came to its end, and neither is a failure of ours.
type unbroken struct{ wrapped }

// wrapped has another name than the method of it that is called Context.
type wrapped huma.Context

// Unwrap is how an adapter finds its own.
func (u unbroken) Unwrap() huma.Context { return u.wrapped }

func (u unbroken) BodyReader() io.Reader {
	r := u.wrapped.BodyReader()
	if r == nil {
		return nil
	}
	return toItsEnd{r}
}

// toItsEnd is a body; that it ended too early is a time-out.
type toItsEnd struct{ io.Reader }

func (t toItsEnd) Read(b []byte) (int, error) {
	n, err := t.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = os.ErrDeadlineExceeded
	}
	return n, err
}

func (t toItsEnd) Close() error {
	if c, ok := t.Reader.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

func requestOf(ctx context.Context) request {
	r, _ := ctx.Value(requestKey{}).(request)
	return r
}

// address puts onto an input who asks for it, under which name, and for which
// version of its incident.
func (a Asked) address(ctx context.Context, id string, in *incident.Input) error {
	if a.Key != "" {
		if strings.ContainsFunc(a.Key, func(r rune) bool { return r < ' ' || r > '~' }) {
			return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "header.Idempotency-Key", Message: "it holds other than printable ASCII characters"})
		}
		in.Key = digest(in.By, a.Key)
		bare := *in
		bare.ID, bare.At, bare.By, bare.Role, bare.Key = "", time.Time{}, "", "", "" // not what is asked, but by whom
		said, err := json.Marshal(bare)
		if err != nil {
			return fmt.Errorf("write down what is asked: %w", err)
		}
		in.Asked = digest(requestOf(ctx).what, string(said))
	}
	versions, err := versionsOf(a.IfMatch, id)
	if err != nil {
		return huma.Error422UnprocessableEntity("validation failed", &huma.ErrorDetail{Location: "header.If-Match", Value: a.IfMatch, Message: err.Error()})
	}
	in.IfVersion = versions
	return nil
}

// problemFunc notes what is wrong with a field of a body, and with which value.
type problemFunc func(where string, value any, format string, args ...any)

// inBody adds what is wrong to others.
func inBody(problems *[]error) problemFunc {
	return func(where string, value any, format string, args ...any) {
		*problems = append(*problems, &huma.ErrorDetail{Location: strings.TrimSuffix("body."+where, "."), Value: value, Message: fmt.Sprintf(format, args...)})
	}
}

// digest is of several texts, none of which can run into the next.
func digest(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		fmt.Fprintf(h, "%d:%s", len(t), t)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// etag is an incident as it is at one of its versions.
func etag(id string, version int) string { return fmt.Sprintf("%q", id+"."+strconv.Itoa(version)) }

// never is a version that no incident has.
const never = -1

// versionsOf reads If-Match (RFC 9110, section 13.1.1): which versions of an
// incident it is for; none where that does not matter. A weak one, or another
// incident's, matches nothing.
func versionsOf(header, id string) ([]int, error) {
	header = strings.TrimSpace(header)
	if header == "" || header == "*" {
		return nil, nil
	}
	var out []int
	for _, tag := range strings.Split(header, ",") {
		tag = strings.TrimSpace(tag)
		bare, weak := strings.CutPrefix(tag, "W/")
		name, ok := strings.CutPrefix(bare, `"`)
		name, closed := strings.CutSuffix(name, `"`)
		if !ok || !closed || len(bare) < 2 {
			return nil, fmt.Errorf("write an ETag as it was given, in its quotes")
		}
		of, number, _ := strings.Cut(name, ".")
		n, err := strconv.Atoi(number)
		if err != nil || weak || of != id || n < 0 {
			n = never
		}
		out = append(out, n)
	}
	return out, nil
}

// stale is the answer to an override that was meant for another version of the
// incident: it says how that is now.
type stale struct {
	huma.ErrorModel
	Incident IncidentBody `json:"incident" doc:"The incident as it is now"`
	etag     string
}

func (s *Server) stale(id, why string) error {
	e := &stale{ErrorModel: huma.ErrorModel{Status: http.StatusPreconditionFailed, Title: http.StatusText(http.StatusPreconditionFailed), Detail: why}}
	if p := s.o.Desk.Incident(id); p != nil {
		e.Incident, e.etag = s.incidentBody(p), etag(p.ID, p.Version)
	}
	return e
}

// GetHeaders says which version there is now.
func (e *stale) GetHeaders() http.Header { return http.Header{"Etag": {e.etag}} }
