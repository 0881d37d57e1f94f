package bus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"sitrep/channels"
)

// Blueprint is what an operator needs who makes streams, consumers and users himself.
type Blueprint struct {
	Streams   []Design // for nats stream add --config
	Consumers []Design // for nats consumer add --config
	Users     []Permissions
}

// Design is one stream or consumer.
type Design struct {
	Stream, Name string
	Config       json.RawMessage // indented
}

// Permissions are what a part of sitrep publishes and subscribes to.
type Permissions struct {
	User       string
	Publish    []string
	Subscribe  []string
	AllowReply bool // answers go to whoever asked
}

// Plan returns the blueprint, with so many copies of each stream. Managed says that
// sitrep makes the streams and consumers that are missing.
func Plan(replicas int, names []string, managed bool) (p Blueprint, err error) {
	for _, c := range wanted {
		c.Replicas, c.AllowDirect = replicas, replicas == 1
		// What the server fills in, so that both read alike.
		c.MaxMsgs, c.MaxBytes, c.MaxConsumers = -1, -1, -1
		if c.MaxMsgsPerSubject == 0 {
			c.MaxMsgsPerSubject = -1
		}
		data, err := plainJSON(c)
		if err != nil {
			return p, err
		}
		p.Streams = append(p.Streams, Design{c.Name, c.Name, data})
	}
	seat := seatConfig()
	seat.Name = seat.Durable
	data, err := plainJSON(seat)
	if err != nil {
		return p, err
	}
	p.Consumers = append(p.Consumers, Design{streamMeta, seat.Durable, data})
	for _, channel := range names {
		for _, critical := range []bool{true, false} {
			c := consumerConfig(channel, critical)
			c.Name = c.Durable
			data, err := plainJSON(c)
			if err != nil {
				return p, err
			}
			p.Consumers = append(p.Consumers, Design{streamOutbox, c.Durable, data})
		}
	}
	p.Users = append(p.Users, routerPermissions(managed))
	for _, channel := range names {
		p.Users = append(p.Users, workerPermissions(channel, managed))
	}
	return p, nil
}

// plainJSON leaves > as it is: it is to be read.
func plainJSON(v any) (json.RawMessage, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return bytes.TrimSpace(out.Bytes()), err
}

const (
	api     = "$JS.API."
	inboxes = "_INBOX.sitrep.>"
)

// common is what reading takes. Ordered consumers have names of their own, made up
// each time.
func common(read []string) (publish []string) {
	publish = []string{api + "INFO"}
	for _, s := range read {
		publish = append(publish, api+"STREAM.INFO."+s, api+"STREAM.MSG.GET."+s)
	}
	return publish
}

func follows(streams []string) (publish []string) {
	for _, s := range streams {
		publish = append(publish, api+"CONSUMER.CREATE."+s+".>", api+"CONSUMER.INFO."+s+".*", api+"CONSUMER.MSG.NEXT."+s+".*", api+"CONSUMER.DELETE."+s+".*")
	}
	return publish
}

func routerPermissions(managed bool) Permissions {
	var all []string
	for _, c := range wanted {
		all = append(all, c.Name)
	}
	p := Permissions{User: "router", Publish: append(common(all), follows(all)...), Subscribe: []string{inboxes, subjectAlive, subjectTold}, AllowReply: true}
	for _, s := range all {
		p.Publish = append(p.Publish, api+"STREAM.PURGE."+s)
		if managed {
			p.Publish = append(p.Publish, api+"STREAM.CREATE."+s)
		}
	}
	p.Publish = append(p.Publish, api+"CONSUMER.UNPIN."+streamMeta+"."+consumerSeat)
	p.Publish = append(p.Publish, subjectInbox, subjectFacts, subjectTexts+"*", subjectRosters+"*", subjectOutbox+">", subjectLedger+">", subjectAudit+"*", subjectMeta+">")
	p.Publish = append(p.Publish, subjectAlive) // who looks at a stopped store asks whether it is
	slices.Sort(p.Publish)
	return p
}

func workerPermissions(channel string, managed bool) Permissions {
	// The others only to see that they are there.
	read := []string{streamTexts, streamRosters, streamOutbox, streamLedger, streamMeta}
	p := Permissions{User: channel + " worker", Publish: common(read), Subscribe: []string{inboxes, subjectAlive, subjectHolds + "*." + channel, subjectHere + channel}, AllowReply: true}
	for _, s := range []string{streamInbox, streamFacts, streamAudit} {
		p.Publish = append(p.Publish, api+"STREAM.INFO."+s)
	}
	p.Publish = append(p.Publish, follows([]string{streamLedger, streamMeta})...)
	for _, critical := range []bool{true, false} {
		c := consumerConfig(channel, critical)
		at := streamOutbox + "." + c.Durable
		p.Publish = append(p.Publish, api+"CONSUMER.INFO."+at, api+"CONSUMER.MSG.NEXT."+at, fmt.Sprintf("$JS.ACK.%s.>", at))
		if managed {
			p.Publish = append(p.Publish, api+"CONSUMER.CREATE."+at+".>")
		}
	}
	p.Publish = append(p.Publish,
		subjectInbox, // what became of parts
		subjectLedger+"*.*.*."+channel, subjectLedger+"*.*.*."+channel+later,
		subjectMeta+"probe", subjectSuppressed+">",
		subjectTold, subjectHere+channel, subjectHolds+"*."+channel)
	if channel == channels.Email {
		p.Publish = append(p.Publish, subjectMeta+"bookmark.>") // of bounces
	}
	slices.Sort(p.Publish)
	return p
}
