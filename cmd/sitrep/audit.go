package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// auditCommand shows who did what.
type auditCommand struct {
	clientOptions
	storage, config, verifies string
	limit                     int
}

// auditLine is a line as the API has it, which is also how one is printed as JSON.
type auditLine struct {
	Number   uint64    `json:"number"`
	Prev     string    `json:"prev"`
	At       time.Time `json:"at"`
	Kind     string    `json:"kind"`
	By       *string   `json:"by"`
	Role     *string   `json:"role"`
	From     *string   `json:"from"`
	Incident *string   `json:"incident"`
	Refused  bool      `json:"refused"`
	Count    int       `json:"count"`
	Text     string    `json:"text"`
}

type auditPage struct {
	Lines []auditLine `json:"lines"`
	Next  *string     `json:"next"`
}

// auditCommands adds the audit, and returns what runs it; false where the command is
// none of it.
func auditCommands(app *kingpin.Application) func(ctx context.Context, command string, stdout, stderr io.Writer) (int, bool) {
	o := &auditCommand{}
	group := app.Command("audit", "Who did what: overrides, reloads, erasures, and who was refused.")
	list := group.Command("list", "The lines, newest first, of a running sitrep, or of a stopped one's store.").Default()
	o.flags(list)
	list.Flag("storage.path", "Read them from the store of a sitrep that is stopped instead.").PlaceHolder("DIR").StringVar(&o.storage)
	list.Flag("config.file", "Read them from the NATS servers that this configuration names, while sitrep is stopped.").PlaceHolder("FILE").StringVar(&o.config)
	list.Flag("limit", "How many at most.").Default("50").IntVar(&o.limit)
	check := group.Command("verify", "Read all lines, and say which were removed, changed, put in or moved. sitrep must be stopped.")
	check.Flag("storage.path", "The folder of the durable log.").Default("data/").StringVar(&o.verifies)
	check.Flag("config.file", "The configuration file, where it has nats.url: then the store is there.").PlaceHolder("FILE").StringVar(&o.config)
	return func(ctx context.Context, command string, stdout, stderr io.Writer) (int, bool) {
		switch command {
		case list.FullCommand():
			return o.list(ctx, stdout, stderr), true
		case check.FullCommand():
			return told(stderr, func() error { return verifyAudit(ctx, storeAt{o.verifies, o.config}, stdout, stderr) }), true
		}
		return 0, false
	}
}

func (o *auditCommand) list(ctx context.Context, stdout, stderr io.Writer) int {
	if o.limit < 1 || o.limit > 1000 {
		fmt.Fprintln(stderr, "sitrep: --limit is 1 to 1000")
		return exitUsage
	}
	c, err := o.open()
	if err != nil {
		fmt.Fprintln(stderr, "sitrep:", err)
		return exitUsage
	}
	return told(stderr, func() error {
		var page auditPage
		if o.storage != "" || o.config != "" {
			page, err = storedAudit(ctx, storeAt{o.storage, o.config}, o.limit)
		} else {
			_, err = c.call(ctx, http.MethodGet, "/api/v1/audit?"+url.Values{"limit": {strconv.Itoa(o.limit)}}.Encode(), nil, &page)
		}
		if err != nil {
			return err
		}
		if c.asJSON {
			raw, err := json.Marshal(page)
			if err != nil {
				return err
			}
			return printJSON(stdout, raw)
		}
		return tellAudit(stdout, page, time.Now())
	})
}

// storedAudit reads the lines of a stopped sitrep.
func storedAudit(ctx context.Context, at storeAt, limit int) (page auditPage, err error) {
	store, err := offline(ctx, at)
	if err != nil {
		return page, err
	}
	defer store.Close()
	lines, err := store.AuditLines(ctx, 0, limit+1)
	if err != nil {
		return page, err
	}
	if len(lines) > limit {
		lines = lines[:limit]
		next := strconv.FormatUint(lines[limit-1].Number, 10)
		page.Next = &next
	}
	page.Lines = []auditLine{}
	some := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	for _, l := range lines {
		page.Lines = append(page.Lines, auditLine{
			Number: l.Number, Prev: l.Prev, At: l.At.UTC(), Kind: string(l.Kind), By: some(l.By), Role: some(l.Role), From: some(l.From), Incident: some(l.Incident),
			Refused: l.Refused, Count: max(l.Count, 1), Text: l.Text,
		})
	}
	return page, nil
}

func tellAudit(w io.Writer, page auditPage, now time.Time) error {
	if len(page.Lines) == 0 {
		_, err := fmt.Fprintln(w, "There are no lines.")
		return err
	}
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(t, "LINE\tAT\tKIND\tBY\tINCIDENT\tWHAT")
	or := func(all ...*string) string {
		for _, s := range all {
			if s != nil {
				return plainly(*s)
			}
		}
		return "-"
	}
	for _, l := range page.Lines {
		text := plainly(l.Text)
		if l.Count > 1 {
			text += fmt.Sprintf(" (%d times)", l.Count)
		}
		if l.By != nil && l.From != nil {
			text += ", from " + plainly(*l.From)
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%s\t%s\t%s\n", l.Number, l.At.In(now.Location()).Format("2006-01-02 15:04:05"), plainly(l.Kind), or(l.By, l.From), or(l.Incident), text)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if page.Next != nil {
		_, err := fmt.Fprintln(w, "There are older ones; --limit shows more.")
		return err
	}
	return nil
}

// errAudit says that lines are not as they were written; each finding was said.
var errAudit = errors.New("the audit is not as it was written\nhint: nothing was changed; an older export of the store may hold what is missing")

func verifyAudit(ctx context.Context, at storeAt, stdout, stderr io.Writer) error {
	store, err := offline(ctx, at)
	if err != nil {
		return err
	}
	defer store.Close()
	check, err := store.CheckAudit(ctx, 0)
	if err != nil {
		return err
	}
	for _, f := range check.Findings {
		fmt.Fprintln(stderr, f)
	}
	if len(check.Findings) > 0 {
		return errAudit
	}
	fmt.Fprintf(stdout, "all is well: %s\n", plural(check.Lines, "line", "lines"))
	return nil
}
