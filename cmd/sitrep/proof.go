package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"time"

	"sitrep/channels"
	"sitrep/channels/email"
	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/casebook"
	"sitrep/router/rehearse"
	"sitrep/router/web"
)

// reader is somebody who reads messages: an audience, a team, or nobody in
// particular who reads as they do.
type reader struct {
	words.Reader
	name     string
	audience *policies.Audience // nil: none of the configuration
	team     bool
	named    bool // the configuration has it
}

// reader finds who is meant. Without a name it is whoever may read it.
func (s *studio) reader(o renderOptions, readers []string) (reader, error) {
	r := reader{name: o.audience, Reader: words.Reader{Language: s.cfg.Global.Language, Zone: s.cfg.Global.TimeZone, Informal: s.cfg.Global.Informal}}
	if r.name == "" {
		r.name = readers[0]
	}
	for _, a := range s.cfg.Audiences {
		if a.Name == o.audience {
			r.audience, r.named, r.Reads, r.Informal = a, true, string(a.Reads), a.Informal
			if a.Language != "" {
				r.Language = a.Language
			}
			if a.TimeZone != nil {
				r.Zone = a.TimeZone
			}
		}
	}
	for _, t := range s.cfg.Teams {
		if t.Name == r.name {
			r.named, r.Informal = true, t.Informal
		}
	}
	if r.Reads == "" && slices.Contains(words.Readers(), r.name) {
		r.Reads = r.name
	}
	r.team = r.Reads == "communication" || r.Reads == "resolution"
	if r.Reads == "" {
		return reader{}, misused("there are "+strings.Join(append(s.audiences(), words.Readers()...), ", "), "no audience, no team and no kind of reader is called %q", o.audience)
	}
	r.Language = cmp.Or(o.language, r.Language)
	if err := s.speaks(r.Language); err != nil {
		return reader{}, err
	}
	if o.zone != "" {
		zone, err := zoneOf(o.zone)
		if err != nil {
			return reader{}, err
		}
		r.Zone = zone
	}
	return r, nil
}

// speaks reports whether there are messages in a language.
func (s *studio) speaks(language string) error {
	if all := s.pack.Languages(); !slices.Contains(all, language) {
		return misused("there are "+strings.Join(all, ", "), "there are no messages in the language %q", language)
	}
	return nil
}

func (s *studio) audiences() []string {
	var all []string
	for _, a := range s.cfg.Audiences {
		all = append(all, a.Name)
	}
	return all
}

// proof is one message to one reader.
type proof struct {
	to     reader
	pieces []words.Piece
	at     time.Time
	kind   words.Kind
	number int // among those of a rehearsal, from 1
}

// sheet writes the fact sheet as JSON: a list where the message says several.
func (p proof) sheet(out io.Writer) error {
	var sheet any = p.pieces[0].View
	if len(p.pieces) > 1 {
		var all []words.View
		for _, one := range p.pieces {
			all = append(all, one.View)
		}
		sheet = all
	}
	text, err := json.MarshalIndent(sheet, "", "  ")
	if err != nil {
		return fmt.Errorf("write the fact sheet: %w", err)
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

// proofs returns the messages that the flags ask for.
func (s *studio) proofs(o renderOptions, stderr io.Writer) ([]proof, error) {
	if o.data == "" {
		language := cmp.Or(o.language, s.cfg.Global.Language)
		if err := s.speaks(language); err != nil {
			return nil, err
		}
		e, err := s.example(cmp.Or(o.kind, string(words.First)), language)
		if err != nil {
			return nil, err
		}
		return s.one(o, e.Views)
	}
	data, err := readFile("--data", o.data)
	if err != nil {
		return nil, err
	}
	if isSheet(data) {
		views, err := factSheet(o.data, data, words.Kind(o.kind))
		if err != nil {
			return nil, err
		}
		return s.one(o, views)
	}
	return s.rehearsed(o, string(data), stderr)
}

// isSheet reports whether a file holds fact sheets, and no script.
func isSheet(data []byte) bool {
	start := bytes.TrimSpace(bytes.TrimPrefix(data, byteOrderMark))
	return bytes.HasPrefix(start, []byte("{")) || bytes.HasPrefix(start, []byte("["))
}

// one is a message of one fact sheet, or of several that it says together.
func (s *studio) one(o renderOptions, views []words.View) ([]proof, error) {
	e := words.Example{Views: views}
	readers := e.Readers()
	to, err := s.reader(o, readers)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(readers, to.Reads) {
		return nil, misused("it is for "+strings.Join(readers, ", "), "a message of kind %q is not for %s, who reads as %s", e.Kind(), to.name, to.Reads)
	}
	p := proof{to: to, pieces: e.Pieces(to.Reader), at: views[0].Now, kind: e.Kind(), number: 1}
	if o.number > 0 {
		p.pieces[0].View.Number = o.number
	}
	return []proof{p}, nil
}

// rehearse plays a script, and returns what reaches somebody.
func (s *studio) rehearse(file, text string, stderr io.Writer) ([]rehearse.Update, error) {
	script, err := rehearse.Parse(file, text)
	if err != nil {
		return nil, err
	}
	t, err := rehearse.Play(rehearse.Stage{Global: s.cfg.Global, Words: s.pack, Policy: judgement(s.cfg)}, script)
	if err != nil {
		return nil, err
	}
	for _, w := range t.Warnings {
		fmt.Fprintln(stderr, "warning:", w)
	}
	return slices.DeleteFunc(t.Shown(), func(u rehearse.Update) bool { return len(u.Sheets) == 0 }), nil
}

// among are the updates that somebody gets.
func (r reader) among(all []rehearse.Update) []proof {
	var got []proof
	for _, u := range all {
		if u.Team == r.team && slices.Contains(strings.Split(u.Audience, ", "), r.name) {
			got = append(got, proof{to: r, pieces: u.Sheets, at: u.At, kind: words.Kind(u.Kind), number: 1 + len(got)})
		}
	}
	return got
}

// rehearsed are the messages that an audience gets in a rehearsal.
func (s *studio) rehearsed(o renderOptions, text string, stderr io.Writer) ([]proof, error) {
	updates, err := s.rehearse(o.data, text, stderr)
	if err != nil {
		return nil, err
	}
	var told []string
	for _, u := range updates {
		for _, name := range strings.Split(u.Audience, ", ") {
			if !slices.Contains(told, name) {
				told = append(told, name)
			}
		}
	}
	to, err := s.reader(o, []string{""})
	if o.audience == "" || err == nil && !to.named {
		return nil, misused("in this rehearsal there is something for "+strings.Join(told, ", "), "--audience has to name an audience or a team of the configuration")
	}
	if err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(to.among(updates), func(p proof) bool { return o.kind != "" && string(p.kind) != o.kind })
	switch {
	case len(all) == 0:
		return nil, fmt.Errorf("%s gets no such message in %s\nhint: there is something for %s; sitrep rehearse says when and why", o.audience, o.data, strings.Join(told, ", "))
	case o.number > len(all):
		return nil, misused(fmt.Sprintf("there are 1 to %d", len(all)), "%s gets no message %d in %s", o.audience, o.number, o.data)
	case o.number > 0:
		return all[o.number-1 : o.number], nil
	}
	return all, nil
}

// say puts a message into words, as a worker would send it.
func (s *studio) say(p proof, late bool, missed int) (channels.Text, error) {
	out, err := casebook.Say(s.pack, p.pieces, p.to.Reader)
	if err != nil {
		return channels.Text{}, err
	}
	if out.Lapse != nil {
		s.lapses = append(s.lapses, lapse{p, out.Lapse})
	}
	t := channels.Text{
		Language: out.Language, Zone: out.Zone, Subject: out.Subject, Text: out.Text, HTML: out.HTML,
		SMS: out.SMS, SMSMissed: out.SMSMissed, Phrases: out.Phrases,
	}
	if e := out.Event; e != nil {
		t.Event = (*channels.Event)(e)
	}
	return t.Told(late, missed), nil
}

// write prints messages, one after the other.
func (s *studio) write(out io.Writer, o renderOptions, all []proof) error {
	for i, p := range all {
		t, err := s.say(p, o.late, o.missed)
		if err != nil {
			return err
		}
		text, err := s.form(p, t, o.out)
		if err != nil {
			return err
		}
		if len(all) > 1 {
			text = parted(o.out, i, p, text)
		}
		if _, err := io.WriteString(out, text); err != nil {
			return err
		}
	}
	return nil
}

// form is a message in one of the forms that it can be printed in.
func (s *studio) form(p proof, t channels.Text, form string) (string, error) {
	switch form {
	case "html":
		return t.HTML, nil
	case "sms":
		return t.SMS + "\n", nil
	case "eml":
		raw, err := s.wire(p, t)
		return string(raw), err
	}
	return "Subject: " + t.Subject + "\n\n" + t.Text, nil
}

var startsAsBox = regexp.MustCompile(`(?m)^(>*From )`)

// parted sets a message off from the others. Several in a row as they go over the
// wire are a mailbox, which mail programs open (RFC 4155).
func parted(form string, n int, p proof, text string) string {
	at := p.at.In(p.to.Zone)
	head := fmt.Sprintf("%d: %s, %s", p.number, at.Format("Mon 2006-01-02 15:04"), p.kind)
	switch form {
	case "html":
		return "<!-- " + head + " -->\n" + text + "\n"
	case "eml":
		text = startsAsBox.ReplaceAllString(strings.ReplaceAll(text, "\r\n", "\n"), ">$1")
		return "From sitrep@example.org " + p.at.UTC().Format(time.ANSIC) + "\n" + text + "\n"
	}
	if n > 0 {
		head = "\n" + head
	}
	return strings.Replace(head, ": ", "  ", 1) + "\n\n" + text
}

var mailboxName = regexp.MustCompile(`[^a-z0-9]+`)

// wire is a message as the email sender would put it on the wire: from whom the
// configuration says, to nobody who exists.
func (s *studio) wire(p proof, t channels.Text) ([]byte, error) {
	c := email.Config{From: mail.Address{Name: s.cfg.Global.Organisation, Address: "sitrep@example.org"}, Organisation: s.cfg.Global.Organisation}
	if e := s.cfg.Email; e != nil {
		c.From, c.DKIM = e.From, signing(e.DKIM)
	}
	local := strings.Trim(mailboxName.ReplaceAllString(strings.ToLower(p.to.name), "-"), "-")
	if local == "" {
		local = "somebody"
	}
	v := p.pieces[0].View
	id := func(number int) string { return fmt.Sprintf("example-%s-%d-%s", v.Incident, number, local) }
	d := channels.Delivery{
		ID: id(v.Number), To: local + "@example.org", Name: p.to.name, Language: t.Language, Since: p.at,
		Subject: t.Subject, Text: t.Text, HTML: t.HTML, Event: t.Event,
	}
	if !p.to.team {
		d.Topic = p.to.name
	}
	if v.Number > 1 {
		d.Thread = append(d.Thread, id(1))
	}
	if v.Number > 2 {
		d.Thread = append(d.Thread, id(v.Number-1))
	}
	if a := p.to.audience; a != nil && a.Unsubscribe {
		d.Unsubscribe = below(s.cfg.Global, web.UnsubscribePath) + "example"
	}
	sender := email.New(c)
	defer sender.Close()
	return sender.Raw(d)
}
