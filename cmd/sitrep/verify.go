package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"sitrep/channels"
	"sitrep/policies"
	"sitrep/router"
	"sitrep/router/audit"
	"sitrep/router/bus"
	"sitrep/router/casebook"
	"sitrep/router/incident"
)

// account is what a store came to when all of it was read.
type account struct {
	stock    *bus.Stock
	commits  uint64
	first    uint64 // the number of the first commit
	facts    int
	opened   map[string]bool
	highest  int // number of the last incident
	updates  int
	gone     int // planned, and old enough for their deliveries to be removed
	flying   int // parts that are on their way
	erased   int // recipients
	audit    *audit.Check
	findings []string
}

func (a *account) find(format string, args ...any) {
	a.findings = append(a.findings, fmt.Sprintf(format, args...))
}

// offline opens a store that must be there, for a command that works while sitrep
// is stopped. What the engine has to say is not for this command's reader.
func offline(ctx context.Context, at storeAt) (*bus.Bus, error) {
	o := bus.Options{Dir: at.dir, Existing: true, Log: slog.New(slog.DiscardHandler)}
	var err error
	if o.Cluster, err = at.cluster(); err != nil {
		return nil, err
	}
	if o.Cluster == nil {
		return bus.Open(ctx, o)
	}
	o.Reader, o.Name = true, processName()
	store, err := bus.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	if others, err := store.Others(ctx); err != nil || len(others) > 0 {
		store.Close()
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("sitrep is at work on this store: %s\nhint: stop all routers and workers first", strings.Join(others, ", "))
	}
	return store, nil
}

// storeAt is where a store is: in a folder, or where a configuration says.
type storeAt struct{ dir, config string }

// cluster is where the streams are; nil: in the folder.
func (at storeAt) cluster() (*bus.Cluster, error) {
	if at.config == "" {
		return nil, nil
	}
	if err := there(at.config); err != nil {
		return nil, err
	}
	elsewhere := func(key string) bool { return !strings.HasPrefix(key, "nats.") } // who looks needs no other file
	cfg, err := policies.LoadFor(elsewhere, at.config, os.ReadFile, nil)
	if err != nil {
		return nil, err
	}
	return clusterOf(cfg), nil
}

// verify reads all of a store, and changes nothing in it.
func verify(ctx context.Context, store *bus.Bus) (*account, error) {
	a := &account{opened: map[string]bool{}}
	var err error
	if a.stock, err = store.Stock(ctx); err != nil {
		return nil, fmt.Errorf("read the store: %w", err)
	}
	a.findings = a.stock.Damage
	orders := []order{}
	reported := map[string]incident.Delivered{}
	err = store.Replay(ctx, func(c incident.Commit) error {
		if a.first == 0 {
			a.first = c.Number
		}
		a.commits = c.Number
		for _, f := range c.Facts {
			a.facts++
			switch {
			case f.Opened() != nil:
				a.opened[f.Incident] = true
				a.highest = max(a.highest, casebook.Number(f.Incident))
			case f.Planned() != nil:
				orders = append(orders, order{f, router.Parts(f.Incident, *f.Planned(), f.At)})
			case f.Delivered() != nil:
				reported[f.Delivered().Part] = *f.Delivered()
			case f.Forgotten() != nil:
				a.highest = f.Forgotten().Highest
			case f.Erased() != nil:
				a.erased += f.Erased().Recipients
			}
		}
		return nil
	})
	if err != nil {
		a.find("%v", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	if a.audit, err = store.CheckAudit(ctx, 0); err != nil {
		return nil, err
	}
	for _, f := range a.audit.Findings {
		a.find("audit: %s", f)
	}
	for _, o := range orders {
		a.order(o, reported)
	}
	for id, p := range a.stock.Parts {
		a.part(id, p)
	}
	slices.Sort(a.findings[len(a.stock.Damage):])
	return a, nil
}

// order is an update that was planned, and what it is cut into.
type order struct {
	fact  incident.Fact
	parts []channels.Part
}

// order looks for the parts of an update, and for what became of them.
func (a *account) order(o order, reported map[string]incident.Delivered) {
	a.updates++
	if o.fact.At.Before(a.stock.Before) {
		a.gone++
		return
	}
	ahead := o.fact.Planned().DueAt.After(o.fact.At) // it may have been superseded before it was cut
	for _, p := range o.parts {
		id := p.ID()
		_, stored := a.stock.Parts[id]
		d, landed := reported[id]
		went := d.Accepted+d.Failed+d.Unreached+d.Possible > 0
		switch {
		case !landed:
			a.flying++
			continue
		case !stored && ahead && !went:
			continue
		case !stored:
			a.find("part %s was reported as sent, and is not in the outbox", id)
			continue
		}
		l := a.stock.Ledgers[id]
		if l == nil || l.Done == nil {
			a.find("part %s was reported as finished, and its ledger does not say so", id)
			continue
		}
		if r := l.Done; r.Accepted != d.Accepted || r.Failed != d.Failed || r.Unreached != d.Unreached || r.Superseded != d.Superseded || r.Possible != d.Possible || !r.LastAt.Equal(d.LastAt) {
			a.find("part %s: the facts say %d accepted, %d failed, %d given up, %d superseded; its ledger %d, %d, %d, %d",
				id, d.Accepted, d.Failed, d.Unreached, d.Superseded, r.Accepted, r.Failed, r.Unreached, r.Superseded)
		}
	}
}

// part looks for what a part in the outbox needs, and adds up its ledger.
func (a *account) part(id string, p channels.Part) {
	rows, there := a.stock.Rosters[p.Roster]
	if !there {
		a.find("part %s: its roster %s is missing", id, p.Roster)
	}
	if !a.stock.Texts[p.Texts] {
		a.find("part %s: its texts %s are missing", id, p.Texts)
	}
	l := a.stock.Ledgers[id]
	if l == nil {
		return
	}
	sum := map[channels.State]int{}
	for row, t := range l.Steps {
		if there && (row < 0 || row >= rows) {
			a.find("part %s: its ledger has a row %d, and its roster %d rows", id, row, rows)
		}
		sum[t.State]++
	}
	if r := l.Done; r != nil && l.Whole && (r.Accepted != sum[channels.Got] || r.Failed != sum[channels.Failed] || r.Superseded != sum[channels.Superseded] || r.Unreached != sum[channels.Unknown]+sum[channels.GivenUp]) {
		a.find("part %s: its ledger does not add up: %d accepted, and %d of its rows", id, r.Accepted, sum[channels.Got])
	}
}

// table says what was read.
func (a *account) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	numbered := "none"
	if a.commits > 0 {
		numbered = fmt.Sprintf("%d to %d, with %d facts", a.first, a.commits, a.facts)
	}
	chunks, rows := len(a.stock.Rosters)-a.stock.Blanked, 0
	for _, n := range a.stock.Rosters {
		rows = max(rows, n)
	}
	records := 0
	for _, l := range a.stock.Ledgers {
		records += l.Records
	}
	fmt.Fprintf(w, "streams\t%d\n", len(a.stock.Streams))
	fmt.Fprintf(w, "commits\t%s\n", numbered)
	fmt.Fprintf(w, "incidents\t%d, the last SR-%d\n", len(a.opened), a.highest)
	fmt.Fprintf(w, "inputs\t%d, not removed yet\n", a.stock.Inputs)
	fmt.Fprintf(w, "updates\t%d, the deliveries of %d removed by their age\n", a.updates, a.gone)
	fmt.Fprintf(w, "parts\t%d, %d on their way\n", len(a.stock.Parts), a.flying)
	fmt.Fprintf(w, "ledgers\t%d, with %d records\n", len(a.stock.Ledgers), records)
	fmt.Fprintf(w, "audit\t%d lines\n", a.audit.Lines)
	fmt.Fprintf(w, "texts\t%d\n", len(a.stock.Texts))
	fmt.Fprintf(w, "rosters\t%d chunks, the largest of %d recipients; %d erased\n", chunks, rows, a.erased)
	return w.Flush()
}

// errFindings says that a store is not as it should be; each finding was said.
var errFindings = errors.New("the store is not whole\nhint: nothing was changed; restore the store from a back-up")

// checked verifies a store and says each finding.
func checked(ctx context.Context, store *bus.Bus, stderr io.Writer) (*account, error) {
	a, err := verify(ctx, store)
	if err != nil {
		return nil, err
	}
	for _, f := range a.findings {
		fmt.Fprintln(stderr, f)
	}
	if len(a.findings) > 0 {
		return a, errFindings
	}
	return a, nil
}

func runStateVerify(ctx context.Context, at storeAt, stdout, stderr io.Writer) int {
	return told(stderr, func() error {
		store, err := offline(ctx, at)
		if err != nil {
			return err
		}
		defer store.Close()
		a, err := checked(ctx, store, stderr)
		if a != nil {
			if e := a.table(stdout); e != nil {
				return e
			}
		}
		if err == nil {
			fmt.Fprintln(stdout, "all is well")
		}
		return err
	})
}

// told runs a command, and says its error.
func told(stderr io.Writer, do func() error) int {
	err := do()
	if err == nil {
		return exitOK
	}
	fmt.Fprintln(stderr, "sitrep:", err)
	if errors.As(err, new(noFile)) {
		return exitUsage
	}
	return exitError
}
