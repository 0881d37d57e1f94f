package router

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// Whom a person adds to an audience for one incident stands where addresses stand: in
// a chunk of a roster, alone. It is stored before the override is, so that neither the
// inbox nor a fact ever holds his address: they name the chunk, and him by keyed ids.
// Erasing finds him there as it finds everybody, and the chunk goes when nothing needs
// it any more: see needs.

// lent are chunks that an override may name which is not decided yet: they must not be
// removed by their age before it is.
type lent struct {
	mu  sync.Mutex
	all map[string]time.Time
}

// lentFor is how long a chunk that no fact names is kept for the override that does.
const lentFor = 24 * time.Hour

// put stores a chunk; whoever asks what is needed finds it among the others.
func (l *lent) put(store func() (string, error)) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	hash, err := store()
	if err == nil {
		l.all[hash] = time.Now()
	}
	return hash, err
}

// hashes returns those that are not forgotten.
func (l *lent) hashes(now time.Time) (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for hash, at := range l.all {
		if now.Sub(at) > lentFor {
			delete(l.all, hash)
			continue
		}
		all = append(all, hash)
	}
	return all
}

// Recipient names one whom an override is to add to an audience, and stores him; with
// keep false, for a preview or to remove him, only names him.
func (r *Router) Recipient(ctx context.Context, audience string, who policies.Recipient, keep bool) (incident.Recipient, error) {
	out := incident.Recipient{Audience: audience, Person: r.o.Key.Person(who.Email, who.Phone)}
	for _, address := range []string{who.Email, who.Phone} {
		if address != "" {
			out.Names = append(out.Names, named(r.o.Key, address))
		}
	}
	if !keep {
		return out, nil
	}
	var err error
	out.Roster, err = r.lent.put(func() (string, error) { return r.o.Library.PutRoster(ctx, r.persons([]policies.Recipient{who})) })
	if err != nil {
		return out, fmt.Errorf("store a recipient: %w", err)
	}
	return out, nil
}

// named is the keyed id of an address.
func named(key channels.Key, address string) string { return key.Person(strings.ToLower(address), "") }

// guests are those who were added to incidents, by their chunk. Only the loop asks.
type guests struct {
	key channels.Key
	all map[string]policies.Recipient
}

func (g *guests) Name(address string) string { return named(g.key, address) }

func (g *guests) Recipient(roster string) policies.Recipient { return g.all[roster] }

// welcome looks up who was added to a case, unless he is known.
func (r *Router) welcome(c *casebook.Case, read func(hash string) ([]channels.Person, error)) error {
	for _, l := range c.State.Added {
		if _, known := r.guests.all[l.Roster]; known || l.Roster == "" { // of a preview, nobody is stored
			continue
		}
		people, err := read(l.Roster)
		if err != nil {
			return err
		}
		var who policies.Recipient
		if len(people) > 0 {
			p := people[0]
			who = policies.Recipient{Name: p.Name, Email: p.Email, Phone: p.Phone, Language: p.Language, TimeZone: p.Zone}
		}
		r.guests.all[l.Roster] = who
	}
	return nil
}

// recall looks up who was added to what is remembered at a start. Of what is over for
// good, the chunks may be gone: nobody hears of that any more.
func (r *Router) recall(ctx context.Context, now time.Time) error {
	for _, c := range r.cases.Cases() {
		err := r.welcome(c, func(hash string) ([]channels.Person, error) { return r.o.Library.Roster(ctx, hash) })
		if err != nil && !c.State.Detached(now) {
			return fmt.Errorf("read who was added to %s: %w", c.State.ID, err)
		}
	}
	return nil
}
