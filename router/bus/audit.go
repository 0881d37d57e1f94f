package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/router/audit"
)

// auditing is where the chain of lines ends.
type auditing struct {
	mu     sync.Mutex
	known  bool
	number uint64 // of the last line
	hash   string
	// doubt is a line of which nobody knows whether it was stored, and landed one of
	// which its caller does not know yet that it was.
	doubt, landed *audit.Line
}

// subjectNoted is where the last line is noted, with its hash: no line comes after it
// that would say whether it was changed.
const subjectNoted = subjectMeta + "audit"

type noted struct {
	Number uint64 `json:"number"`
	Hash   string `json:"hash"`
}

// The lines that follow from facts have a subject of their own, so that the last of
// them is found at once.
func auditSubject(l audit.Line) string {
	if l.Derived() {
		return subjectAudit + "fact"
	}
	return subjectAudit + "event"
}

// auditTries is how often a line is put behind another one that came first: several
// routers write what is not of their facts.
const auditTries = 20

// Audit appends a line; its number and the hash of the one before are filled in. An
// error may be tried again with the same line: it is stored once.
func (b *Bus) Audit(ctx context.Context, l audit.Line) error {
	a := &b.audit
	a.mu.Lock()
	defer a.mu.Unlock()
	for range auditTries {
		if err := b.auditEnd(ctx); err != nil {
			return err
		}
		if a.landed != nil && audit.Same(*a.landed, l) {
			a.landed = nil
			return nil
		}
		l.Number, l.Prev = a.number+1, a.hash
		data, err := json.Marshal(l)
		if err != nil {
			return fmt.Errorf("encode a line of the audit: %w", err)
		}
		_, err = b.publish(ctx, auditSubject(l), data, jetstream.WithExpectLastSequence(a.number))
		switch {
		case err == nil:
			a.number, a.hash = l.Number, audit.Hash(data)
			b.note(ctx)
			return nil
		case outOfTurn(err): // an earlier try was stored, and only its answer lost
			a.known = false
		default:
			a.doubt, a.known = &l, false
			return fmt.Errorf("store line %d of the audit: %w", l.Number, err)
		}
	}
	return errors.New("store a line of the audit: others write it too")
}

// note notes the last line. It is a help: the next line says the same.
func (b *Bus) note(ctx context.Context) {
	data, err := json.Marshal(noted{b.audit.number, b.audit.hash})
	if err == nil {
		_, err = b.publish(ctx, subjectNoted, data)
	}
	if err != nil {
		b.log.Warn("the end of the audit could not be noted", "err", err)
	}
}

// auditEnd finds out where the chain ends, where that is not known, and whether the
// line in doubt is its end.
func (b *Bus) auditEnd(ctx context.Context) error {
	a := &b.audit
	if a.known {
		return nil
	}
	state, err := b.info(ctx, streamAudit)
	if err != nil {
		return err
	}
	a.number, a.hash = state.LastSeq, ""
	if state.LastSeq > 0 {
		msg, err := b.streams[streamAudit].GetMsg(ctx, state.LastSeq)
		switch {
		case unreadable(err): // CheckAudit finds it
		case err != nil:
			return fmt.Errorf("read line %d of the audit: %w", state.LastSeq, err)
		default:
			a.hash = audit.Hash(msg.Data)
			var l audit.Line
			if a.doubt != nil && json.Unmarshal(msg.Data, &l) == nil && l.Number == a.doubt.Number && audit.Same(l, *a.doubt) {
				a.landed = a.doubt
			}
		}
	}
	a.doubt, a.known = nil, true
	return nil
}

// unreadable reports whether the engine answered that it has no such message, for
// whatever reason.
func unreadable(err error) bool {
	var api *jetstream.APIError
	return errors.Is(err, jetstream.ErrMsgNotFound) || errors.As(err, &api)
}

// Audited returns the last line that followed from facts; the zero one where there
// is none.
func (b *Bus) Audited(ctx context.Context) (l audit.Line, err error) {
	msg, err := b.streams[streamAudit].GetLastMsgForSubject(ctx, subjectAudit+"fact")
	switch {
	case unreadable(err):
		return l, nil
	case err != nil:
		return l, fmt.Errorf("read the last line of the audit: %w", err)
	case json.Unmarshal(msg.Data, &l) != nil:
		return audit.Line{}, nil // CheckAudit says so
	}
	return l, nil
}

// AuditLines returns at most so many lines before a number, the newest first; 0: from
// the last on. What cannot be read is left out: CheckAudit says so.
func (b *Bus) AuditLines(ctx context.Context, before uint64, most int) (all []audit.Line, err error) {
	state, err := b.info(ctx, streamAudit)
	if err != nil {
		return nil, err
	}
	place := state.LastSeq
	if before > 0 {
		place = min(place, before-1)
	}
	for ; place >= max(state.FirstSeq, 1) && len(all) < most; place-- {
		msg, err := b.streams[streamAudit].GetMsg(ctx, place)
		if unreadable(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read line %d of the audit: %w", place, err)
		}
		var l audit.Line
		if json.Unmarshal(msg.Data, &l) == nil {
			all = append(all, l)
		}
	}
	return all, nil
}

// CheckAudit reads all lines, or the last so many, and says which are not as they
// were written; 0: all.
func (b *Bus) CheckAudit(ctx context.Context, most uint64) (*audit.Check, error) {
	state, err := b.info(ctx, streamAudit)
	if err != nil {
		return nil, err
	}
	gone, err := b.purged(ctx, streamAudit)
	if err != nil {
		return nil, err
	}
	c := &audit.Check{After: gone.To, Hash: gone.Hash}
	from := gone.To + 1
	if most > 0 && state.LastSeq > gone.To+most {
		from = state.LastSeq - most + 1
		c.After, c.Hash = from-1, ""
		if msg, err := b.streams[streamAudit].GetMsg(ctx, from-1); err == nil {
			c.Hash = audit.Hash(msg.Data)
		}
	}
	for place := from; place <= state.LastSeq; place++ {
		msg, err := b.streams[streamAudit].GetMsg(ctx, place)
		switch {
		case unreadable(err):
		case err != nil:
			return nil, fmt.Errorf("read line %d of the audit: %w", place, err)
		default:
			c.Take(place, msg.Data)
		}
	}
	var n noted
	msg, err := b.streams[streamMeta].GetLastMsgForSubject(ctx, subjectNoted)
	switch {
	case unreadable(err):
	case err != nil:
		return nil, fmt.Errorf("read where the audit ends: %w", err)
	case json.Unmarshal(msg.Data, &n) != nil:
		n = noted{}
	}
	c.End(max(b.marks.get(streamAudit), state.LastSeq), n.Number, n.Hash)
	return c, nil
}

// ExpireAudit removes the lines of before a moment; the newest stays.
func (b *Bus) ExpireAudit(ctx context.Context, before time.Time) error {
	state, err := b.info(ctx, streamAudit)
	if err != nil {
		return err
	}
	gone := cut{Before: before}
	for place := max(state.FirstSeq, 1); place < state.LastSeq; place++ {
		msg, err := b.streams[streamAudit].GetMsg(ctx, place)
		if unreadable(err) {
			continue // somebody removed it, which was said
		}
		if err != nil {
			return fmt.Errorf("read line %d of the audit: %w", place, err)
		}
		if !msg.Time.Before(before) {
			break
		}
		gone.To, gone.Hash = place, audit.Hash(msg.Data)
	}
	if gone.To == 0 {
		return nil
	}
	return b.purge(ctx, streamAudit, gone)
}
