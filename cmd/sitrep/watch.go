package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// deaf is after how long without a sign the connection counts as lost: sitrep
	// gives one every fifteen seconds.
	deaf = 45 * time.Second
	// How long to wait before it is tried again, at first and at most.
	firstPause, longestPause = time.Second, 15 * time.Second
	maxEvent                 = 1 << 20
)

// watcher follows an incident in a terminal, and prints each fact once.
type watcher struct {
	o     *incidentCommand
	c     *client
	w     io.Writer
	seen  map[string]bool // facts that were printed, or are too old to be
	begun bool
	last  string // the last event, to go on after it
}

// watch prints what happens to an incident, as it happens, until it is over. While
// sitrep cannot be heard it says so, and goes on after what it heard last.
func (o *incidentCommand) watch(ctx context.Context, c *client, _ io.Reader, out io.Writer) error {
	w := &watcher{o: o, c: c, w: out, seen: map[string]bool{}}
	lost, pause := false, firstPause
	for {
		err := w.follow(ctx, func() {
			if lost {
				w.note("connected again")
			}
			lost, pause = false, firstPause
		})
		var no *refused
		switch {
		case err == nil: // it is over
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case !w.begun, errors.As(err, &no) && no.status/100 == 4 && no.status != http.StatusTooManyRequests:
			return err
		}
		if !lost {
			w.note("connection lost: " + err.Error())
		}
		lost = true
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

// note says something that is no fact of the incident.
func (w *watcher) note(text string) {
	if w.c.asJSON {
		return // each line of that is a fact
	}
	fmt.Fprintf(w.w, "%s  %s\n", time.Now().Format("15:04"), plainly(text))
}

// follow listens for as long as the connection lasts; nil: the incident is over.
// heard is called once it does.
func (w *watcher) follow(ctx context.Context, heard func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(deaf, cancel)
	defer quiet.Stop()
	events, err := w.c.events(ctx, w.o.id, w.last)
	if err != nil {
		return err
	}
	defer events.Close()
	if !w.begun { // after an event sitrep says itself whether something was missed
		if over, err := w.look(ctx); err != nil || over {
			return err
		}
	}
	heard()
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, maxEvent)
	e := event{}
	for lines.Scan() {
		quiet.Reset(deaf)
		if line := lines.Text(); line != "" {
			e.read(line)
			continue
		}
		over, err := w.take(ctx, e)
		if err != nil || over {
			return err
		}
		e = event{}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("follow what happens: %w", err)
	}
	return errors.New("sitrep ended it")
}

// take prints what an event tells. A gap, and the end, are looked up.
func (w *watcher) take(ctx context.Context, e event) (over bool, err error) {
	if e.id != "" {
		w.last = e.id
	}
	switch e.name {
	case "missed":
		return w.look(ctx)
	case "fact":
		var f factView
		if err := json.Unmarshal([]byte(e.data), &f); err != nil {
			return false, fmt.Errorf("an event is not understood: %w", err)
		}
		if w.print(f); f.Fact == "resolved" {
			return w.look(ctx)
		}
	}
	return false, nil
}

// look reads the incident, and prints what was not printed yet: at first only the
// end of its timeline.
func (w *watcher) look(ctx context.Context) (over bool, err error) {
	var i incidentView
	if _, err := w.c.call(ctx, http.MethodGet, w.o.path(), nil, &i); err != nil {
		return false, err
	}
	if !w.begun && !w.c.asJSON {
		i.head(w.w, time.Now())
		fmt.Fprintln(w.w)
	}
	for n, f := range i.Timeline {
		if !w.begun && n < len(i.Timeline)-lastFacts {
			w.seen[f.key()] = true
		}
		w.print(f)
	}
	w.begun = true
	return i.State == "resolved", nil
}

func (f factView) key() string { return f.At.UTC().Format(time.RFC3339Nano) + " " + f.Text }

func (w *watcher) print(f factView) {
	if w.seen[f.key()] {
		return
	}
	w.seen[f.key()] = true
	if w.c.asJSON {
		if line, err := json.Marshal(f); err == nil {
			fmt.Fprintf(w.w, "%s\n", line)
		}
		return
	}
	f.print(w.w, time.Now())
}

// event is one of a stream of server-sent events.
type event struct{ id, name, data string }

// read takes in one line of it (HTML, section 9.2.6). A comment is none.
func (e *event) read(line string) {
	field, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch field {
	case "id":
		e.id = value
	case "event":
		e.name = value
	case "data":
		if e.data != "" {
			e.data += "\n"
		}
		e.data += value
	}
}

// events opens the stream of what happens to an incident, after an event or from now
// on.
func (c *client) events(ctx context.Context, incident, after string) (io.ReadCloser, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1/events?"+url.Values{"incident": {incident}}.Encode(), nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "text/event-stream, application/problem+json")
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	stream := *c.http
	stream.Timeout = 0 // it lasts for as long as the incident does
	answer, err := stream.Do(r)
	if err != nil {
		return nil, fmt.Errorf("sitrep cannot be reached: %w\nhint: --url says where it is", err)
	}
	if answer.StatusCode != http.StatusOK {
		defer answer.Body.Close()
		raw, _ := io.ReadAll(io.LimitReader(answer.Body, maxEvent))
		return nil, problem(answer.StatusCode, raw)
	}
	return answer.Body, nil
}
