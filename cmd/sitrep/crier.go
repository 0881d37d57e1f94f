package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/policies/words"
)

// crier tells the team that mends things what cannot be told by the store, since
// that is what does not work.
type crier struct {
	pack   *words.Pack
	key    channels.Key
	log    *slog.Logger
	global policies.Global
	ways   []way
}

// way is a channel to the team.
type way struct {
	channel  string
	sender   channels.Sender
	people   []policies.Recipient
	informal bool
}

// cryTime is how long one message may take: nothing is tried again.
const cryTime = time.Minute

// add takes in a channel that works; whoever of the team it reaches is told by it.
func (c *crier) add(cfg *policies.Config, channel string, sender channels.Sender) {
	for _, t := range cfg.Teams {
		if t.Name == "resolution" {
			c.ways = append(c.ways, way{channel, sender, t.Recipients, t.Informal})
		}
	}
}

// store tells that the store takes nothing since a moment, or does again.
func (c *crier) store(ctx context.Context, since time.Time, over bool) {
	ctx, cancel := context.WithTimeout(ctx, cryTime)
	defer cancel()
	now := time.Now()
	v := words.View{
		Organisation: c.global.Organisation, Kind: words.Ailing, Number: 1, Now: now, Since: since, Returned: over,
		Ailment: words.Ailment{What: "store"},
	}
	var all sync.WaitGroup
	for _, w := range c.ways {
		for _, p := range w.people {
			to := p.Address(w.channel)
			if to == "" {
				continue
			}
			all.Go(func() {
				d, err := c.say(v, w, p)
				if err == nil {
					d.ID, d.To, d.Name, d.Since = c.key.Delivery("store", int(now.Unix()), w.channel, to), to, p.Name, now
					_, err = w.sender.Send(ctx, d)
				}
				if err != nil {
					c.log.Error("somebody of the team could not be told that the store takes nothing", "channel", w.channel, "err", err)
				}
			})
		}
	}
	all.Wait()
}

// say puts it into words for one person.
func (c *crier) say(v words.View, w way, p policies.Recipient) (channels.Delivery, error) {
	zone, err := time.LoadLocation(p.TimeZone)
	if err != nil {
		zone = c.global.TimeZone
	}
	out, err := c.pack.Render(v, words.Reader{Reads: "resolution", Language: p.Language, Zone: zone, Informal: w.informal})
	if err != nil {
		return channels.Delivery{}, err
	}
	if out.Lapse != nil {
		c.log.Warn("a template of your own could not be said; the one that ships goes out instead. sitrep check-config says more", "part", out.Lapse.Part, "err", out.Lapse.Err)
	}
	if w.channel == channels.SMS {
		return channels.Delivery{Language: out.Language, Text: channels.Fill(out.SMS, nil)}, nil
	}
	return channels.Delivery{Language: out.Language, Subject: out.Subject, Text: channels.Fill(out.Text, nil), HTML: channels.Fill(out.HTML, nil)}, nil
}
