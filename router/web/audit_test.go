package web_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"sitrep/router/audit"
	"sitrep/router/web"
)

// kept answers with lines 1 to 5.
func kept(o *web.Options) {
	o.Audit = func(_ context.Context, before uint64, most int) (all []audit.Line, err error) {
		for n := uint64(5); n > 0; n-- {
			if (before == 0 || n < before) && len(all) < most {
				all = append(all, audit.Line{Number: n, At: time.Date(2026, 3, 2, 12, int(n), 0, 0, time.UTC), Kind: audit.Login, From: "192.0.2.1", Refused: true, Count: int(n), Text: fmt.Sprint("line ", n)})
			}
		}
		return all, nil
	}
}

func TestAuditByPages(t *testing.T) {
	inside(t, func(t *testing.T, h *house) {
		var seen []string
		path, pages := "/api/v1/audit?limit=2", 0
		for cursor := ""; ; pages++ {
			var page struct {
				Lines []struct {
					Number               uint64
					Kind, From, By, Text *string
					Count                int
				}
				Next *string
			}
			h.must(200, "GET", path+cursor, "").into(t, &page)
			for _, l := range page.Lines {
				seen = append(seen, *l.Text)
				if l.By != nil || *l.From != "192.0.2.1" || l.Count != int(l.Number) {
					t.Errorf("%+v", l)
				}
			}
			if page.Next == nil {
				break
			}
			cursor = "&cursor=" + *page.Next
		}
		if got := strings.Join(seen, ", "); got != "line 5, line 4, line 3, line 2, line 1" || pages != 2 {
			t.Errorf("%s, on %d pages", got, pages+1)
		}
		for _, c := range []struct{ query, field string }{{"cursor=x", "query.cursor"}, {"cursor=0", "query.cursor"}, {"limit=0", "query.limit"}, {"limit=1001", "query.limit"}, {"colour=red", "query.colour"}} {
			if _, fields := h.call("GET", "/api/v1/audit?"+c.query, "").problem(t, http.StatusUnprocessableEntity); fields[c.field] == "" {
				t.Errorf("%s: %v", c.query, fields)
			}
		}
	}, kept)
	inside(t, func(t *testing.T, h *house) {
		h.call("GET", "/api/v1/audit", "").problem(t, http.StatusServiceUnavailable)
	}, func(o *web.Options) {
		o.Audit = func(context.Context, uint64, int) ([]audit.Line, error) { return nil, errors.New("no answer") }
	})
}
