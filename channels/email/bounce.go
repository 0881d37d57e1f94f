package email

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/textproto"
	"regexp"
	"slices"
	"strings"
	"time"

	"sitrep/channels"
)

// Bounce is what a delivery status notification (RFC 3464) says about one
// recipient of a delivery. A message that was expanded on its way, to the
// members of a group, may have several.
type Bounce struct {
	// Ref is the delivery's. Who made it up is not checked here: channels.Key is
	// asked for that.
	Ref string
	// Action is failed, delayed, delivered, relayed or expanded.
	Action string
	// Status is the enhanced code ("5.1.1", RFC 3463); may be empty.
	Status string
}

// Fate is what the bounce says of the delivery.
func (b Bounce) Fate(at time.Time) channels.Fate {
	f := channels.Fate{Ref: b.Ref, Code: b.Status, At: at}
	switch b.Action {
	case "failed":
		f.State, f.Again = channels.Failed, strings.HasPrefix(b.Status, "4")
	case "delivered", "relayed":
		f.State = channels.Delivered
	}
	return f
}

var (
	// ErrNoReport is that a message is no delivery status notification: an
	// absence note, spam, a person's answer.
	ErrNoReport = errors.New("the message is no delivery status notification")
	// ErrNoRef is that a notification is about no delivery that was sent with a
	// reference.
	ErrNoRef = errors.New("the notification names no delivery")
)

// What is read of a message at most. Ours are small, and what a bounce is about
// stands before the message that it returns.
const (
	bounceLimit  = 1 << 20
	partLimit    = 16
	reportLimit  = 100 // recipients
	fieldsToRead = 5000
)

// actions are those of RFC 3464, section 2.3.3.
var actions = []string{"failed", "delayed", "delivered", "relayed", "expanded"}

var (
	aStatus = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)
	// aDiagnosis is a reply in a diagnostic code: "smtp; 550 5.1.1 unknown".
	aDiagnosis = regexp.MustCompile(`(?:^|[\s;])([45])\d\d[ -](?:#?([245]\.\d{1,3}\.\d{1,3})\b)?`)
)

// ReadBounce reads a message that came to the address for bounces. Its errors are
// ErrNoReport and ErrNoRef, which hold nothing of the message, and those of
// address and of raw itself.
func ReadBounce(raw io.Reader, address string) ([]Bounce, error) {
	returned, err := newReturned(address)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(raw, bounceLimit))
	if err != nil {
		return nil, fmt.Errorf("reading a bounce: %w", err)
	}
	in := textproto.NewReader(bufio.NewReader(bytes.NewReader(text)))
	head := readFields(in)
	media, params, err := mime.ParseMediaType(head.first("content-type"))
	if err != nil || media != "multipart/report" || !strings.EqualFold(params["report-type"], "delivery-status") || params["boundary"] == "" {
		return nil, ErrNoReport
	}
	bounces, inside := readReport(multipart.NewReader(in.R, params["boundary"]))
	if len(bounces) == 0 {
		return nil, ErrNoReport
	}
	// By whom it came is surest; what is inside was copied by somebody.
	ref := ""
	for _, f := range slices.Concat(head.all("delivered-to", "x-original-to", "envelope-to", "to"), inside) {
		if m := returned.FindStringSubmatch(f); m != nil {
			ref = strings.ToLower(m[1]) // relays may change its case
			break
		}
	}
	if ref == "" {
		return nil, ErrNoRef
	}
	for i := range bounces {
		bounces[i].Ref = ref
	}
	return bounces, nil
}

// readReport reads the parts of a notification: what became of each recipient,
// and the fields inside that may hold the address that the message went out by.
// Parts that are broken, or inside others, are passed over.
func readReport(parts *multipart.Reader) (bounces []Bounce, inside []string) {
	var original []string
	for range partLimit {
		p, err := parts.NextRawPart()
		if err != nil {
			break
		}
		media, _, _ := mime.ParseMediaType(p.Header.Get("Content-Type")) // a bad parameter is no matter
		var body io.Reader = p
		switch strings.ToLower(strings.TrimSpace(p.Header.Get("Content-Transfer-Encoding"))) {
		case "quoted-printable":
			body = quotedprintable.NewReader(p)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, p)
		}
		in := textproto.NewReader(bufio.NewReader(body))
		switch media {
		case "message/delivery-status", "message/global-delivery-status": // the latter by RFC 6533
			b, ids := readStatus(in)
			bounces, inside = append(bounces, b...), append(inside, ids...)
		case "text/rfc822-headers", "message/rfc822", "message/global-headers", "message/global":
			original = append(original, readFields(in).all("return-path")...)
		}
	}
	return bounces[:min(len(bounces), reportLimit)], append(inside, original...)
}

// readStatus reads groups of fields: one about the message, then one for each
// recipient.
func readStatus(in *textproto.Reader) (bounces []Bounce, ids []string) {
	for empty := 0; len(bounces) < reportLimit && empty < fieldsToRead; {
		group := readFields(in)
		if group == nil {
			return bounces, ids
		}
		if len(group) == 0 {
			empty++
		}
		for _, id := range group.all("original-envelope-id") {
			ids = append(ids, strings.ReplaceAll(id, "+2B", "+")) // as it is written there (RFC 3461, section 4)
		}
		action, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(group.first("action"))), " ")
		if !slices.Contains(actions, action) {
			continue
		}
		bounces = append(bounces, Bounce{Action: action, Status: status(group)})
	}
	return bounces, ids
}

// status is the enhanced code, or as much of one as the server's reply tells.
func status(group fieldList) string {
	if s := aStatus.FindString(strings.TrimSpace(group.first("status"))); s != "" {
		return s
	}
	m := aDiagnosis.FindStringSubmatch(group.first("diagnostic-code"))
	switch {
	case m == nil:
		return ""
	case m[2] != "":
		return m[2]
	}
	return m[1] + ".0.0"
}

// fieldList are the fields of a header, names in lower case.
type fieldList [][2]string

// readFields reads fields up to an empty line; nil: there is nothing more. Lines
// that are no field are passed over: senders of bounces are not careful.
func readFields(in *textproto.Reader) fieldList {
	var list fieldList
	for {
		line, err := in.ReadContinuedLine()
		if err != nil && line == "" {
			return list
		}
		if line == "" {
			if list == nil {
				list = fieldList{}
			}
			return list
		}
		name, value, ok := strings.Cut(line, ":")
		if ok && len(list) < fieldsToRead {
			list = append(list, [2]string{strings.ToLower(strings.TrimSpace(name)), value})
		}
		if err != nil {
			return list
		}
	}
}

func (l fieldList) first(name string) string {
	if all := l.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// all are the values of the fields named, in the order of names.
func (l fieldList) all(names ...string) (values []string) {
	for _, name := range names {
		for _, f := range l {
			if f[0] == name {
				values = append(values, f[1])
			}
		}
	}
	return values
}
