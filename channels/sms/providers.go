package sms

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"sitrep/channels"
)

// Providers sends by the first of several that works; a channels.Sender.
//
// Its order of side effects: what may have been sent before is looked for at
// every provider, before anything is sent by any; and the next provider is used
// only where the one before certainly took nothing.
type Providers struct {
	each []*provider
}

type provider struct {
	*Sender
	breaker breaker
}

var _ channels.Sender = (*Providers)(nil)

// NewProviders takes one or more, the one to be preferred first. They are
// Providers' from then on: Close closes them.
func NewProviders(senders ...*Sender) *Providers {
	p := new(Providers)
	for _, s := range senders {
		p.each = append(p.each, &provider{Sender: s})
	}
	return p
}

// Send sends one SMS. Where there are several providers the id in what it returns
// says which of them took it ("2:SM…"), counted from one.
func (p *Providers) Send(ctx context.Context, d channels.Delivery) (channels.Accepted, error) {
	if d.Again {
		switch first, err := p.find(ctx, d); {
		case err != nil:
			return channels.Accepted{}, err
		case first != "":
			return channels.Accepted{At: time.Now(), Provider: first, Before: true}, nil
		case d.Sought == 0:
			return channels.Accepted{}, notShown()
		}
	}

	var failure error      // of one that was tried
	var wait time.Duration // until one that was not tried may be
	var code string
	for n, one := range p.each {
		round, left := one.breaker.enter()
		if left > 0 {
			if wait == 0 || left < wait {
				wait, code = left, one.breaker.last()
			}
			continue
		}
		got, err := one.send(ctx, d)
		o := said(ctx, err)
		one.breaker.leave(round, o, channels.Classify(err).Code)
		switch {
		case err == nil:
			got.Provider = p.name(n, got.Provider)
			return got, nil
		case o != failed:
			return channels.Accepted{}, p.by(n, err)
		case failure == nil || channels.Classify(err).Class == channels.ClassDown:
			failure = p.by(n, err)
		}
	}
	if failure != nil {
		return channels.Accepted{}, failure
	}
	return channels.Accepted{}, channels.DownFor(wait, code, errors.New("sending sms: no provider works; they are tried again from time to time"))
}

// send is one attempt; what may have been sent before is no question any more.
func (p *provider) send(ctx context.Context, d channels.Delivery) (channels.Accepted, error) {
	c, err := p.call(ctx, sending)
	if err != nil {
		return channels.Accepted{}, err
	}
	return p.post(c, d)
}

// said is what the end of an attempt says about its provider. Only failed says
// that it certainly took nothing, and another one is worth a try.
func said(ctx context.Context, err error) outcome {
	var no *refused
	var away *unreached
	switch {
	case err == nil:
		return answered
	case channels.Classify(err).Class == channels.ClassDown:
		return failed
	case errors.As(err, &no) && no.status >= 500 && channels.Classify(err).Class == channels.ClassTemporary:
		return failed // it is sent again here without a look into its list, so it may be by another
	case errors.As(err, &no):
		return answered
	case errors.As(err, &away) && ctx.Err() == nil:
		return failed
	}
	return unclear
}

// find looks for a delivery at every provider, also at one whose breaker is open:
// where it cannot be known that none of them has it, it is not sent.
func (p *Providers) find(ctx context.Context, d channels.Delivery) (id string, err error) {
	for n, one := range p.each {
		c, err := one.call(ctx, "looking for the first sms")
		if err == nil {
			id, err = one.Sender.find(c, d)
		}
		switch {
		case err != nil && len(p.each) == 1:
			return "", err
		case err != nil:
			// The channel is not down where only this one is.
			f := channels.Classify(err)
			return "", &channels.Failure{Class: channels.ClassTemporary, After: f.After, Code: f.Code, Err: p.by(n, f.Err)}
		case id != "":
			return p.name(n, id), nil
		}
	}
	return "", nil
}

// Ask returns what became of a message, by the id that Send returned; see
// Sender's. An id that names no provider, or one that was another when it was
// sent, is asked for at each.
func (p *Providers) Ask(ctx context.Context, id string) (channels.Fate, error) {
	named, sid := -1, id
	if number, rest, ok := strings.Cut(id, ":"); ok {
		if n, err := strconv.Atoi(number); err == nil && n >= 1 && n <= len(p.each) {
			named = n - 1
		}
		sid = rest
	}
	order := make([]int, 0, len(p.each))
	if named >= 0 {
		order = append(order, named)
	}
	for n := range p.each {
		if n != named {
			order = append(order, n)
		}
	}
	err := channels.Down("", errors.New("asking for an sms: there is no provider"))
	for _, n := range order {
		var f channels.Fate
		if f, err = p.each[n].Ask(ctx, sid); err == nil {
			return f, nil
		}
		err = p.by(n, err)
		if channels.Classify(err).Class != channels.ClassPermanent {
			break // it may be there
		}
	}
	return channels.Fate{}, err
}

// Close closes all of them.
func (p *Providers) Close() error {
	var all []error
	for _, one := range p.each {
		all = append(all, one.Close())
	}
	return errors.Join(all...)
}

// name makes an id of a provider's own.
func (p *Providers) name(n int, sid string) string {
	if len(p.each) == 1 {
		return sid
	}
	return strconv.Itoa(n+1) + ":" + sid
}

// by says whose error it is.
func (p *Providers) by(n int, err error) error {
	if len(p.each) == 1 {
		return err
	}
	return fmt.Errorf("provider %d: %w", n+1, err)
}
