package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Streams and consumers on a cluster may be made, and changed, by others. Where they
// are not as sitrep wants them, that is said and counted, and nothing is changed: who
// made them so may have had a reason, and some changes cost data.

// Drift is one thing that is not as it is wanted.
type Drift struct {
	What string // the stream, or stream and consumer, or "servers"
	Text string
}

func (d Drift) String() string { return d.What + ": " + d.Text }

// Drifts looks at all of them. Nil where the server is this process' own.
func (b *Bus) Drifts(ctx context.Context, consumers ...string) (all []Drift, err error) {
	if b.cluster == nil {
		return nil, nil
	}
	for _, c := range wanted {
		s, err := b.js.Stream(ctx, c.Name)
		if errors.Is(err, jetstream.ErrStreamNotFound) {
			all = append(all, Drift{c.Name, "it is missing: stop all of sitrep, and restore it from a backup"})
			continue
		}
		if err != nil {
			return all, fmt.Errorf("read stream %s: %w", c.Name, err)
		}
		all = append(all, streamDrift(b.config(c), s.CachedInfo().Config)...)
	}
	c, err := b.js.Consumer(ctx, streamMeta, consumerSeat)
	switch {
	case errors.Is(err, jetstream.ErrConsumerNotFound) && b.cluster.Unmanaged:
		all = append(all, Drift{streamMeta + " " + consumerSeat, "it is missing, and no router can be the active one: sitrep nats print shows how to make it"})
	case err == nil: // else there is none yet, and a router makes it
		is, want := c.CachedInfo().Config, seatConfig()
		if is.FilterSubject != want.FilterSubject || is.PriorityPolicy != want.PriorityPolicy || is.PinnedTTL != want.PinnedTTL || !slices.Equal(is.PriorityGroups, want.PriorityGroups) {
			all = append(all, Drift{streamMeta + " " + consumerSeat, "it does not pin one router as it should: sitrep nats print shows it"})
		}
	}
	for _, channel := range consumers {
		for _, critical := range []bool{true, false} {
			want := consumerConfig(channel, critical)
			c, err := b.js.Consumer(ctx, streamOutbox, want.Durable)
			if err != nil {
				continue // the worker that makes it says so, or there is none yet
			}
			all = append(all, consumerDrift(want, c.CachedInfo().Config)...)
		}
	}
	return append(all, b.unsynced(ctx)...), nil
}

// streamDrift compares what matters to what rests on a stream.
func streamDrift(want, is jetstream.StreamConfig) (all []Drift) {
	say := func(f string, v ...any) { all = append(all, Drift{want.Name, fmt.Sprintf(f, v...)}) }
	differ := func(what string, want, is any) {
		if fmt.Sprint(want) != fmt.Sprint(is) {
			say("%s is %v, and %v is wanted", what, is, want)
		}
	}
	differ("subjects", want.Subjects, is.Subjects)
	differ("retention", want.Retention, is.Retention)
	differ("storage", want.Storage, is.Storage)
	differ("discard", want.Discard, is.Discard)
	differ("replicas", want.Replicas, is.Replicas)
	differ("max_msgs_per_subject", unbounded(want.MaxMsgsPerSubject), unbounded(is.MaxMsgsPerSubject))
	for what, n := range map[string]int64{"max_msgs": is.MaxMsgs, "max_bytes": is.MaxBytes, "max_age": int64(is.MaxAge)} {
		if n > 0 {
			say("%s is set: what is beyond it is refused, or removed before its time", what)
		}
	}
	if is.MaxMsgSize > 0 && is.MaxMsgSize < want.MaxMsgSize {
		say("max_msg_size is %d, and %d is wanted", is.MaxMsgSize, want.MaxMsgSize)
	}
	for what, set := range map[string]bool{
		"no_ack": is.NoAck, "sealed": is.Sealed, "deny_purge": is.DenyPurge, "mirror": is.Mirror != nil,
		"sources": len(is.Sources) > 0, "subject_transform": is.SubjectTransform != nil,
	} {
		if set {
			say("%s is set", what)
		}
	}
	slices.SortFunc(all, func(a, b Drift) int { return strings.Compare(a.Text, b.Text) })
	return all
}

// unbounded is how both no bound and 0 read.
func unbounded(n int64) int64 { return max(n, 0) }

func consumerDrift(want, is jetstream.ConsumerConfig) (all []Drift) {
	differ := func(what string, want, got any) {
		if want != got {
			all = append(all, Drift{streamOutbox + " " + is.Durable, fmt.Sprintf("%s is %v, and %v is wanted", what, got, want)})
		}
	}
	differ("filter_subject", want.FilterSubject, is.FilterSubject)
	differ("ack_policy", want.AckPolicy, is.AckPolicy)
	differ("ack_wait", want.AckWait, is.AckWait)
	differ("max_deliver", want.MaxDeliver, is.MaxDeliver)
	differ("deliver_policy", want.DeliverPolicy, is.DeliverPolicy)
	return all
}

// unsynced says which servers answer before they wrote to the disk. A client is not
// told; the servers' monitoring tells.
func (b *Bus) unsynced(ctx context.Context) (all []Drift) {
	for _, address := range b.cluster.Monitoring {
		always, err := syncsAlways(ctx, address)
		switch {
		case err != nil:
			all = append(all, Drift{"servers", fmt.Sprintf("whether %s writes to the disk before it answers is not known: %v", address, err)})
		case !always:
			all = append(all, Drift{"servers", fmt.Sprintf("%s answers before it wrote to the disk: what was accepted is lost when the power fails. Set sync_interval: always in its jetstream block", address)})
		}
	}
	return all
}

// monitoringTime is how long a server's monitoring may take.
const monitoringTime = 3 * time.Second

func syncsAlways(ctx context.Context, address string) (always bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, monitoringTime)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/jsz", nil)
	if err != nil {
		return false, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return false, fmt.Errorf("it answers %d", answer.StatusCode)
	}
	var jsz struct {
		Config *struct {
			SyncAlways bool `json:"sync_always"` // left out where it does not
		} `json:"config"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&jsz); err != nil || jsz.Config == nil {
		return false, fmt.Errorf("it tells nothing of JetStream")
	}
	return jsz.Config.SyncAlways, nil
}
