package channeltest

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fetch shows one message.
func (t *Twilio) fetch(w http.ResponseWriter, r *http.Request) {
	sid, _ := strings.CutSuffix(r.PathValue("file"), ".json")
	var found SMS
	for _, s := range t.Messages() {
		if s.SID == sid {
			found = s
		}
	}
	act := t.act(r, found.To, sid)
	if act.Status != 0 {
		act.answer(w)
		return
	}
	act.Fate.hold(r)
	if found.SID == "" {
		refuse(w, refusal{404, 20404, "The requested resource " + r.URL.Path + " was not found"})
		return
	}
	reply(w, http.StatusOK, found.resource(r.PathValue("sid")))
}

// list shows the newest first, as Twilio does, filtered by To, From, DateSent,
// DateSent< and DateSent>: days, or moments by RFC 3339.
func (t *Twilio) list(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	act := t.act(r, q.Get("To"), "")
	if act.Status != 0 {
		act.answer(w)
		return
	}
	act.Fate.hold(r)

	found := []map[string]any{}
	all := t.Messages()
	slices.Reverse(all)
	for _, s := range all {
		fits, err := s.fits(q)
		if err != nil {
			refuse(w, refusal{400, 20001, "Invalid DateSent"})
			return
		}
		if fits {
			found = append(found, s.resource(r.PathValue("sid")))
		}
	}

	size := number(q.Get("PageSize"), 50, 1, 1000)
	page := number(q.Get("Page"), 0, 0, len(found))
	start := min(page*size, len(found))
	end := min(start+size, len(found))
	link := func(page int) string {
		q.Set("Page", strconv.Itoa(page))
		q.Set("PageSize", strconv.Itoa(size))
		return r.URL.Path + "?" + q.Encode()
	}
	body := map[string]any{
		"messages": found[start:end], "page": page, "page_size": size, "start": start, "end": max(end-1, 0),
		"uri": r.URL.RequestURI(), "first_page_uri": link(0), "next_page_uri": nil, "previous_page_uri": nil,
	}
	if end < len(found) {
		body["next_page_uri"] = link(page + 1)
	}
	if page > 0 {
		body["previous_page_uri"] = link(page - 1)
	}
	reply(w, http.StatusOK, body)
}

// fits says whether the message passes a list's filters.
func (s SMS) fits(q url.Values) (bool, error) {
	if to := q.Get("To"); to != "" && to != s.To {
		return false, nil
	}
	if from := q.Get("From"); from != "" && from != s.From {
		return false, nil
	}
	for _, filter := range []string{"DateSent", "DateSent<", "DateSent>"} {
		value := q.Get(filter)
		if value == "" {
			continue
		}
		from, err := time.Parse(time.DateOnly, value)
		until := from.AddDate(0, 0, 1)
		if err != nil {
			if from, err = time.Parse(time.RFC3339, value); err != nil {
				return false, err
			}
			until = from.Add(time.Second)
		}
		if filter != "DateSent<" && s.At.Before(from) || filter != "DateSent>" && !s.At.Before(until) {
			return false, nil
		}
	}
	return true, nil
}

// number reads s, or takes the default, and keeps it between low and high.
func number(s string, standard, low, high int) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		n = standard
	}
	return max(low, min(n, high))
}
