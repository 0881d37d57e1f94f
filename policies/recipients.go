package policies

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// roster collects the recipients of one audience or team, each address once.
type roster struct {
	*loader
	owner    string // `audience "staff"`
	channels []string
	defaults Recipient // language and time zone
	people   []Recipient
	taken    map[string]string // address to where it stands
}

// recipients returns the people of an audience or team: those in the
// configuration, then those of its files.
func (l *loader) recipients(o object, what, name string, channels []string, language string, zone *time.Location) []Recipient {
	r := &roster{
		loader: l, owner: fmt.Sprintf("%s %q", what, name), channels: channels,
		defaults: Recipient{Language: language, TimeZone: zone.String()}, taken: map[string]string{},
	}
	before := len(l.problems)
	for _, item := range l.list(o.get("recipients")) {
		r.inline(item)
	}
	files, elsewhere := map[string]bool{}, false
	for _, item := range l.someOf(o.get("recipients_files"), "name a file, or remove the key") {
		p, ok := l.text(item)
		if !ok {
			continue
		}
		path := l.resolvePath(p)
		if files[path] {
			l.fail(item.at, "name it once", "recipients file %q appears twice", p)
			continue
		}
		files[path] = true
		if elsewhere = l.isElsewhere(item); elsewhere {
			continue
		}
		if !slices.Contains(l.cfg.RecipientsFiles, path) {
			l.cfg.RecipientsFiles = append(l.cfg.RecipientsFiles, path)
		}
		data, err := l.read(path)
		if err != nil {
			l.fail(item.at, "relative paths start at the configuration's folder", "cannot read the recipients file %q: %s", p, reason(err))
			continue
		}
		r.file(path, data)
	}
	if len(r.people) == 0 && len(l.problems) == before && !elsewhere {
		l.fail(o.at, "add recipients, or a file of them under recipients_files", "%s has no recipients", r.owner)
	}
	return r.people
}

// inline adds a recipient of the configuration itself.
func (r *roster) inline(v value) {
	o, ok := r.object(v, "name", "email", "phone", "language", "time_zone")
	if !ok {
		return
	}
	before := len(r.problems)
	p := r.defaults
	p.Name, _ = r.text(o.get("name"))
	if a, ok := r.mailbox(o.get("email")); ok {
		p.Email = a.Address
	}
	p.Phone, _ = r.phone(o.get("phone"))
	if s := r.language(o.get("language")); s != "" {
		p.Language = s
	}
	if z := r.zone(o.get("time_zone")); z != nil {
		p.TimeZone = z.String()
	}
	if len(r.problems) > before {
		return
	}
	spot := func(key string) place { return o.get(key).at }
	r.add(p, r.decoder.file, spot, r.fail)
}

// add takes a recipient in who can be reached and is not there yet.
func (r *roster) add(p Recipient, file string, spot func(key string) place, fail func(place, string, string, ...any)) {
	reachable := func(channel string) bool {
		return channel == channelEmail && p.Email != "" || channel == channelSMS && p.Phone != ""
	}
	if len(r.channels) > 0 && !slices.ContainsFunc(r.channels, reachable) {
		fail(spot(""), "add an address, or use another channel", "the recipient has no address for %s of %s", strings.Join(r.channels, " or "), r.owner)
		return
	}
	twice := false
	for _, a := range []struct{ key, address string }{{"email", p.Email}, {"phone", p.Phone}} {
		if a.address == "" {
			continue
		}
		at := spot(a.key)
		same := strings.ToLower(a.address) // no mail server tells people apart by capitals
		if first, taken := r.taken[same]; taken {
			fail(at, "keep one of the two", "line %d has the same %s as %s, in %s", at.line, a.key, first, r.owner)
			twice = true
			continue
		}
		r.taken[same] = fmt.Sprintf("line %d of %s", at.line, file)
	}
	if !twice {
		r.people = append(r.people, p)
	}
}

var columns = []string{"name", "email", "phone", "language", "time_zone"}

// file adds the recipients of a CSV file, whose first line names the columns in
// any order.
func (r *roster) file(path string, data []byte) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	fail := func(at place, hint, format string, args ...any) {
		p := Problem{File: path, Line: at.line, Column: at.column, Text: fmt.Sprintf(format, args...), Hint: hint}
		if at.line >= 1 && at.line <= len(lines) {
			p.Source = maskAll(strings.ToValidUTF8(lines[at.line-1], "?"), r.secrets)
		}
		r.problems = append(r.problems, p)
	}
	if !utf8.Valid(data) {
		for i, line := range lines {
			if !utf8.ValidString(line) {
				fail(place{i + 1, 1}, "save the file as UTF-8", "the line is not valid UTF-8")
				return
			}
		}
	}
	in := csv.NewReader(bytes.NewReader(data))
	in.FieldsPerRecord = -1 // counted below, so that all wrong lines are found
	in.TrimLeadingSpace = true
	var header []string
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			fail(place{bad.Line, bad.Column}, "check the quotes", "the line cannot be read: %s", bad.Err)
			return
		}
		spot := func(i int) place {
			line, column := in.FieldPos(i) // in bytes
			source := lines[line-1]
			return place{line, 1 + utf8.RuneCountInString(source[:min(column-1, len(source))])}
		}
		switch {
		case header == nil:
			if header = r.header(row, spot, fail); header == nil {
				return
			}
		case len(row) != len(header):
			fail(spot(0), "leave an unknown one empty, but write its comma", "the line has %d columns, the header %d", len(row), len(header))
		case strings.TrimSpace(strings.Join(row, "")) != "":
			r.row(path, header, row, spot, fail)
		}
	}
	if header == nil {
		fail(place{1, 1}, "the first line is name,email,phone,language", "the recipients file is empty")
	}
}

// header returns the columns of a file; nil where they are wrong.
func (r *roster) header(row []string, spot func(int) place, fail func(place, string, string, ...any)) []string {
	if len(row) == 1 && strings.Contains(row[0], ";") {
		fail(spot(0), "separate the columns with commas: name,email,phone,language", "the columns are separated by semicolons")
		return nil
	}
	header, ok := make([]string, len(row)), true
	for i, name := range row {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !slices.Contains(columns, name):
			fail(spot(i), hintFor(name, columns), "unknown column %q", name)
			ok = false
		case slices.Contains(header, name):
			fail(spot(i), "keep one", "column %q appears twice", name)
			ok = false
		}
		header[i] = name
	}
	if ok && !slices.Contains(header, "email") && !slices.Contains(header, "phone") {
		fail(spot(0), "the first line is name,email,phone,language", "there is neither a column email nor phone")
		ok = false
	}
	if !ok {
		return nil
	}
	return header
}

// row adds one line of a file.
func (r *roster) row(path string, header, row []string, spot func(int) place, fail func(place, string, string, ...any)) {
	p := r.defaults
	good := true
	for i, column := range header {
		field := strings.TrimSpace(row[i])
		if field == "" {
			continue
		}
		if text, hint := p.column(column, field, r.languages, r.knownZone); text != "" {
			fail(spot(i), hint, "%s", text)
			good = false
		}
	}
	if good {
		at := func(key string) place { return spot(max(0, slices.Index(header, key))) }
		r.add(p, path, at, fail)
	}
}

// column takes a field of a recipient in. What is wrong with it, and what to do, is said
// without it: it may be an address.
func (p *Recipient) column(column, field string, languages []string, zone func(string) bool) (text, hint string) {
	ok := true
	switch column {
	case "name":
		p.Name = strings.Join(strings.Fields(field), " ")
		ok = !strings.ContainsFunc(p.Name, unicode.IsControl)
		text, hint = "the name has a control character in it", "write it anew"
	case "email":
		a, is := parseEmail(field)
		if ok = is; ok {
			p.Email = a.Address
		}
		text, hint = "this is no email address", emailHint
	case "phone":
		p.Phone, ok = parsePhone(field)
		text, hint = "this is no international phone number", phoneHint
	case "language":
		p.Language, ok = field, slices.Contains(languages, field)
		text, hint = "unknown language", languageHint(languages)
	case "time_zone":
		p.TimeZone, ok = field, zone(field)
		text, hint = "unknown time zone", zoneHint
	}
	if ok {
		return "", ""
	}
	return text, hint
}

func (l *loader) knownZone(name string) bool {
	loc, seen := l.zones[name]
	if !seen {
		loc, _ = loadZone(name)
		l.zones[name] = loc
	}
	return loc != nil
}
