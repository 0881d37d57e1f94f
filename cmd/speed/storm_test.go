package speed

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"sitrep/router/bus"
	"sitrep/router/incident"
)

// services of the storm, each with an audience of its own: what one person is due
// within a minute would be one message.
const services = 20

// weather is a configuration for the storm: the news goes to very many, and each
// service has somebody who hears of it every minute.
func weather(smarthost string) string {
	var c strings.Builder
	fmt.Fprintf(&c, "global: {organisation: Voorbeeld, language: en, time_zone: UTC}\nchannels: {email: {smarthosts: [%q], from: \"ICT <ict@voorbeeld.example>\", require_tls: false, sessions: 10}}\nservices:\n", smarthost)
	c.WriteString("  - {name: news, title: {en: news}, matchers: ['service=\"news\"']}\n")
	for n := range services {
		fmt.Fprintf(&c, "  - {name: s%d, title: {en: service %d}, matchers: ['service=\"s%d\"'], threshold: [{firing_for: 1s}]}\n", n, n, n)
	}
	c.WriteString("audiences:\n  - {name: staff, channels: [email], recipients_files: [staff.csv]}\n")
	for n := range services {
		fmt.Fprintf(&c, "  - {name: a%d, channels: [email], recipients: [{name: Reader, email: reader%d@voorbeeld.example, language: en}]}\n", n, n)
	}
	c.WriteString("policies:\n  - {name: news, matchers: ['service=\"news\"'], updates: [{audience: staff, cadence: [{from: 0s, every: 10h}]}]}\n")
	for n := range services {
		fmt.Fprintf(&c, "  - {name: p%d, matchers: ['service=\"s%d\"'], updates: [{audience: a%d, cadence: [{from: 0s, every: 1m}]}]}\n", n, n, n)
	}
	return c.String()
}

// cluster is one of Alertmanager's groups: a hundred alerts, of which one changes
// with each notification.
type cluster struct {
	service string
	first   int // number of its first alert
	visits  int
	texts   [][]byte // of its alerts, as they are
	fires   []bool
}

const perGroup = 100

// change is what was new in a webhook: one alert began or ended, at a moment that
// no other has.
type change struct {
	fingerprint string
	at          int64 // of its beginning or end, in Unix nanoseconds
	fires       bool
}

// next makes the group's next webhook and says what is new in it: with the first
// visit, all of it.
func (g *cluster) next(r *rand.Rand) (request []byte, news []change) {
	at := time.Now().UTC().Round(0)
	print := func(n int) string { return fmt.Sprintf("%016x", uint64(g.first+n)+1<<40) }
	if g.visits == 0 {
		g.texts, g.fires = make([][]byte, perGroup), make([]bool, perGroup)
		for n := range perGroup {
			var b bytes.Buffer
			firing(&b, r, g.service, g.first+n, at)
			g.texts[n], g.fires[n] = b.Bytes(), true
			news = append(news, change{print(n), at.UnixNano(), true})
		}
	} else {
		n := g.visits % perGroup
		g.fires[n] = !g.fires[n]
		var b bytes.Buffer
		if firing(&b, r, g.service, g.first+n, at); !g.fires[n] {
			b.Reset()
			text := bytes.Replace(g.texts[n], []byte(`"status":"firing"`), []byte(`"status":"resolved"`), 1)
			b.Write(bytes.Replace(text, []byte("0001-01-01T00:00:00Z"), []byte(at.Format(time.RFC3339Nano)), 1))
		}
		g.texts[n] = bytes.Clone(b.Bytes())
		news = append(news, change{print(n), at.UnixNano(), g.fires[n]})
	}
	g.visits++
	return webhook(g.service, fmt.Sprint("g", g.first), bytes.Join(g.texts, []byte{','})), news
}

// gale is what came of the storm.
type gale struct {
	mu       sync.Mutex
	accepted int
	retried  int
	took     []time.Duration
	news     []change
	behind   time.Duration // how late the latest webhook was posted
}

// storm: what everything else is for. Webhooks come at a pace, whether the ones
// before are answered or not, as far as so many connections go; one that is refused
// comes again, as from Alertmanager.
func storm(b *bench) {
	var mu sync.Mutex
	heard := map[string]time.Time{} // when each reader had the first mail
	server := b.sink(func(s *sink) {
		s.told = func(to []byte, m arrival) {
			if bytes.HasPrefix(to, []byte("reader")) {
				mu.Lock()
				if _, known := heard[string(to)]; !known {
					heard[string(to)] = time.Now()
				}
				mu.Unlock()
			}
		}
	})
	s := b.sitrep(weather(server.addr))
	s.roster("staff.csv", *people, person)
	s.start()
	s.post("/api/v1/incidents", map[string]any{"service": "news", "severity": "critical"})
	server.await(b, int64(*people), time.Minute)

	var most int64
	watching, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-tick.C:
				if now, _ := s.rss(); now > most {
					most = now
				}
			case <-watching:
				return
			}
		}
	}()
	fan := int64(*people)
	before := server.count.Load()
	began := time.Now()
	var fanned time.Duration
	var told sync.WaitGroup
	told.Go(func() { // once the storm is well under way
		time.Sleep(*stormFor / 12)
		at := time.Now()
		s.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": news})
		for server.count.Load() < before+fan && time.Since(at) < 5*time.Minute {
			time.Sleep(10 * time.Millisecond)
		}
		fanned = time.Since(at)
	})
	g := b.blow(s.addr, began)
	lasted := time.Since(began)
	told.Wait()
	b.until("every service was told of once", 5*time.Minute, func() bool { mu.Lock(); defer mu.Unlock(); return len(heard) == services })
	var slowest time.Duration
	for _, at := range heard {
		slowest = max(slowest, at.Sub(began))
	}
	broken := 0.0
	for n := range services {
		broken += s.metric(fmt.Sprintf(`sitrep_promises_total{audience="a%d",fate="broken"}`, n))
	}
	close(watching)
	<-watched
	s.stop()
	lost := b.missing(filepath.Join(s.dir, "data"), g.news)
	if lost > 0 {
		b.Errorf("seed %d: of %d changes in accepted webhooks %d are neither facts nor in the inbox", b.seed, len(g.news), lost)
	}
	rate := float64(g.accepted) / lasted.Seconds()
	b.add(line{
		fmt.Sprintf("storm: %d webhooks a second, %d alerts each, for %s, and a fan-out to %d", *stormy, perGroup, *stormFor, *people),
		fmt.Sprintf("%s accepted, p99 %s, %d sent again, the latest %s behind", perSecond(rate), ms(share(g.took, .99)), g.retried, g.behind.Round(time.Millisecond)),
		fmt.Sprintf("fan-out over after %s", fanned.Round(10*time.Millisecond)), two(rate / float64(*stormy)), "all of it in its minute", rate >= .99*float64(*stormy),
	})
	b.add(line{"the same: accepted and lost", fmt.Sprintf("%d of %d changes", lost, len(g.news)), "", "", "0", lost == 0})
	b.add(line{"the same: the slowest first update of a service, from the storm's first webhook", slowest.Round(10 * time.Millisecond).String(), fmt.Sprintf("%.0f promises broken", broken), "", "within a minute, 0 broken", slowest < time.Minute && broken == 0})
	b.add(line{"the same: memory (RSS) at most", mib(most), "", "", "under 512 MiB", most < 512<<20})
}

// blow posts the storm. A group's webhooks go over one connection, one after the
// other, as from one Alertmanager.
func (b *bench) blow(addr string, began time.Time) *gale {
	g := &gale{}
	lines := min(32, *groups)
	var wg sync.WaitGroup
	for l := range lines {
		r := rand.New(rand.NewPCG(b.seed, uint64(l)))
		var own []*cluster
		for n := l; n < *groups; n += lines {
			own = append(own, &cluster{service: fmt.Sprint("s", n%services), first: n * perGroup})
		}
		wg.Go(func() {
			c, err := call(addr)
			if err != nil {
				b.Error(err)
				return
			}
			defer c.conn.Close()
			every := time.Second * time.Duration(lines) / time.Duration(*stormy)
			for i := 0; ; i++ {
				due := time.Duration(i)*every + time.Duration(l)*every/time.Duration(lines)
				if due >= *stormFor || time.Since(began) >= *stormFor { // what it cannot take in its time, nobody posts
					return
				}
				time.Sleep(due - time.Since(began))
				request, news := own[i%len(own)].next(r)
				behind := time.Since(began) - due
				at := time.Now()
				status, again := 0, 0
				for ; status != 202; again++ {
					if status != 0 {
						time.Sleep(time.Second)
					}
					if status, err = c.post(request); err != nil || status/100 == 4 {
						b.Errorf("seed %d: a webhook was answered %d, %v", b.seed, status, err)
						return
					}
				}
				g.mu.Lock()
				g.accepted++
				g.retried += again - 1
				g.took = append(g.took, time.Since(at))
				g.news = append(g.news, news...)
				g.behind = max(g.behind, behind)
				g.mu.Unlock()
			}
		})
	}
	wg.Wait()
	return g
}

// missing returns how many changes are neither in the facts of a store nor in its inbox.
func (b *bench) missing(data string, news []change) int {
	b.Helper()
	store, err := bus.Open(b.Context(), bus.Options{Dir: data, Existing: true, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	known := map[change]bool{}
	judged := uint64(0)
	err = store.Commits(b.Context(), 0, func(c incident.Commit) error {
		judged = c.Inbox
		for _, f := range c.Facts {
			switch {
			case f.Fired() != nil:
				known[change{f.Fired().Alert.Fingerprint, f.Fired().Alert.StartsAt.UnixNano(), true}] = true
			case f.Ceased() != nil:
				known[change{f.Ceased().Fingerprint, f.Ceased().EndsAt.UnixNano(), false}] = true
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	// What the stop found waiting is judged by the next start.
	all := errors.New("all of it")
	err = store.Inputs(b.Context(), judged, func(_ uint64, inputs []incident.Input, last bool) error {
		for _, in := range inputs {
			for _, o := range in.Alerts {
				at := o.StartsAt
				if !o.Firing {
					at = o.EndsAt
				}
				known[change{o.Fingerprint, at.UnixNano(), o.Firing}] = true
			}
		}
		if last {
			return all
		}
		return nil
	})
	if !errors.Is(err, all) {
		b.Fatal(err)
	}
	lost := 0
	for _, c := range news {
		if !known[c] {
			lost++
		}
	}
	return lost
}
