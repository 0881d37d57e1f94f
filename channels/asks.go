package channels

import (
	"context"
	"time"
)

// ask is a delivery of which nothing was heard yet.
type ask struct {
	channel, provider string
	next              time.Time
	n                 int
}

// patience are the waits before a provider is asked; after the last nothing more is
// expected.
var patience = []time.Duration{2 * time.Minute, 8 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour}

// Accepted is told of each delivery that a provider took, so that it can be asked
// for what nobody tells.
func (f *Fates) Accepted(channel, ref, provider string, at time.Time) {
	if f.o.Ask[channel] == nil || provider == "" || ref == "" {
		return
	}
	f.asking.Lock()
	defer f.asking.Unlock()
	f.asks[ref] = ask{channel: channel, provider: provider, next: at.Add(patience[0])}
}

// heard asks no more for what was told.
func (f *Fates) heard(ref string) {
	f.asking.Lock()
	defer f.asking.Unlock()
	delete(f.asks, ref)
}

// ask asks for what nobody told.
func (f *Fates) ask(ctx context.Context) {
	now := time.Now()
	var due []string
	f.asking.Lock()
	for ref, a := range f.asks {
		if !a.next.After(now) {
			due = append(due, ref)
		}
	}
	f.asking.Unlock()
	for _, ref := range due {
		f.asking.Lock()
		a, still := f.asks[ref]
		f.asking.Unlock()
		if !still {
			continue // told meanwhile
		}
		fate, err := f.o.Ask[a.channel](ctx, a.provider)
		fate.Ref = ref
		if err == nil {
			err = f.Take(ctx, fate)
		}
		if ctx.Err() != nil {
			return
		}
		class := ClassPermanent // it knows no such message
		if err != nil {
			if class = Classify(err).Class; class == ClassPermanent {
				f.heard(ref)
			}
			f.o.Log.Warn("what became of a delivery is not known yet", "channel", a.channel, "err", err)
		}
		f.asking.Lock()
		if a, still := f.asks[ref]; still {
			if a.n++; a.n >= len(patience) {
				delete(f.asks, ref)
			} else {
				a.next = now.Add(patience[a.n])
				f.asks[ref] = a
			}
		}
		f.asking.Unlock()
		if class != ClassPermanent { // it does not answer: the others are asked in the next round
			return
		}
	}
}
