package bus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"sitrep/channels"
)

// Records returns a part's records in order and the number of the last; none
// and 0 where nobody claimed it yet. Of a finished part it returns only the
// record that says so. Where some cannot be read, that is an error: taken for
// less than it was, a part would be sent again.
func (b *Bus) Records(ctx context.Context, part string) ([]channels.Record, uint64, error) {
	s, subject := b.streams[streamLedger], subjectLedger+part
	fail := func(err error) ([]channels.Record, uint64, error) {
		return nil, 0, fmt.Errorf("read the ledger of %s: %w", part, err)
	}
	last, err := s.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		// The engine says so too of one whose file is damaged.
		n, err := b.count(ctx, streamLedger, subject)
		if err == nil && n > 0 {
			err = errors.New("its last record is damaged\nhint: restore the store from a backup")
		}
		if err != nil {
			return fail(err)
		}
		return nil, 0, nil
	}
	if err != nil {
		return fail(err)
	}
	r, err := readRecord(last)
	if err != nil {
		return fail(err)
	}
	if r.Done != nil {
		return []channels.Record{r}, last.Sequence, nil
	}
	var records []channels.Record
	for seq := uint64(0); seq < last.Sequence; {
		msg, err := s.GetMsg(ctx, seq+1, jetstream.WithGetMsgSubject(subject))
		if err != nil {
			return fail(err)
		}
		// What fenced it names the one before it.
		if before := msg.Header.Get(jetstream.ExpectedLastSubjSeqHeader); before != strconv.FormatUint(seq, 10) {
			return fail(fmt.Errorf("message %s, before message %d, is damaged\nhint: restore the store from a backup", before, msg.Sequence))
		}
		r, err := readRecord(msg)
		if err != nil {
			return fail(err)
		}
		records = append(records, r)
		seq = msg.Sequence
	}
	return records, last.Sequence, nil
}

func readRecord(msg *jetstream.RawStreamMsg) (r channels.Record, err error) {
	if err := json.Unmarshal(msg.Data, &r); err != nil {
		return r, fmt.Errorf("message %d: %w", msg.Sequence, err)
	}
	return r, nil
}

// Record appends a record to a part's ledger, and refuses where another came
// after the one numbered last.
func (b *Bus) Record(ctx context.Context, part string, r channels.Record, last uint64) (uint64, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return 0, fmt.Errorf("encode a record of %s: %w", part, err)
	}
	subject := subjectLedger + part
	seq, err := b.publish(ctx, subject, data, jetstream.WithExpectLastSequencePerSubject(last))
	if outOfTurn(err) {
		// It may be this very record, whose answer was lost.
		var msg *jetstream.RawStreamMsg
		msg, err = b.streams[streamLedger].GetLastMsgForSubject(ctx, subject)
		switch {
		case err == nil && bytes.Equal(msg.Data, data):
			return msg.Sequence, nil
		case err == nil, errors.Is(err, jetstream.ErrMsgNotFound):
			return 0, channels.ErrFenced
		}
	}
	if err != nil {
		return 0, fmt.Errorf("store a record of %s: %w", part, err)
	}
	return seq, nil
}

// Spent returns how many attempts of a channel since a moment were or may have been
// accepted, as the ledger has it: for one incident, or for all where it is empty.
// What a crash left attempting is among them.
func (b *Bus) Spent(ctx context.Context, channel, incident string, since time.Time) (int, error) {
	if incident == "" {
		incident = "*"
	}
	type row struct {
		part string
		n    int
	}
	spent := map[row]int{}
	err := b.scan(ctx, streamLedger, subjectLedger+incident+".*.*."+channel, since, func(subject string, data []byte) error {
		var r channels.Record
		if err := json.Unmarshal(data, &r); err != nil {
			return err
		}
		for _, t := range r.Steps {
			n := t.Maybe
			if t.State == channels.Attempting {
				n++
			}
			spent[row{subject, t.Row}] = n
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("count what was spent by %s: %w", channel, err)
	}
	sum := 0
	for _, n := range spent {
		sum += n
	}
	return sum, nil
}

// scan hands over what a stream holds now under a subject, from a moment on.
func (b *Bus) scan(ctx context.Context, stream, subject string, since time.Time, take func(subject string, data []byte) error) error {
	from := jetstream.OrderedConsumerConfig{FilterSubjects: []string{subject}, DeliverPolicy: jetstream.DeliverAllPolicy}
	if !since.IsZero() {
		from.DeliverPolicy, from.OptStartTime = jetstream.DeliverByStartTimePolicy, &since
	}
	c, err := b.js.OrderedConsumer(ctx, stream, from)
	if err != nil {
		return err
	}
	info, err := c.Info(ctx)
	if err != nil || info.NumPending == 0 {
		return err
	}
	// The engine says nothing of a message that it cannot read: none comes.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stalled := time.AfterFunc(readTimeout, cancel)
	defer stalled.Stop()
	next, stop, err := b.arrivals(c, 500)
	if err != nil {
		return err
	}
	defer stop()
	for {
		msg, err := next(ctx)
		if err != nil {
			return err
		}
		stalled.Reset(readTimeout)
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if strings.HasSuffix(msg.Subject(), "."+padding) {
			err = nil
		} else {
			err = take(msg.Subject(), msg.Data())
		}
		if err != nil {
			return fmt.Errorf("message %d: %w", meta.Sequence.Stream, err)
		}
		if meta.NumPending == 0 {
			return nil
		}
	}
}
