package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"sitrep/policies/words"
)

//go:embed gallery.html
var galleryPage string

var galleryTemplate = template.Must(template.New("gallery").Parse(galleryPage))

// maxGallery is how many bytes one page has at most: a browser on a phone is to
// open it. Beyond that each language has a page of its own.
var maxGallery = 15 << 20

// exhibit is a message that hangs in the gallery: under a name, with others of that
// name for other readers.
type exhibit struct {
	name string
	proof
}

// wall is a page of the gallery.
type wall struct {
	Organisation string
	Of           string // whose messages they are, where they are no examples
	Count        int
	Languages    []*wing
	Others       []doorway // the other pages
	Kinds        []string
	Readers      []string
}

type doorway struct{ File, Name string }

// wing is a language.
type wing struct {
	Code, Name string
	Rooms      []*room
}

// room is a message to all its readers.
type room struct {
	ID, Name, Kind, About string
	Frames                []frame
}

// frame is a message to one reader.
type frame struct {
	ID, Kind, Reader, Language string
	Part                       string // what the names of templates for it alone begin with
	From, Subject, Preheader   string
	Text, HTML, SMS            string
	Septets, Segments          int
	File                       string // of the whole message
	Said                       []words.Said
	Number                     int
	Lapse                      string // why it is not said in the operator's own words
}

// hang writes the gallery: a page, and each email beside it as its own file.
func (s *studio) hang(o renderOptions, stdout, stderr io.Writer) error {
	all, of, err := s.exhibits(o, stderr)
	if err != nil {
		return err
	}
	mails := filepath.Join(o.dir, "eml")
	if err := os.MkdirAll(mails, 0o755); err != nil {
		return fmt.Errorf("make the folder of the gallery: %w", err)
	}
	w := &wall{Organisation: s.cfg.Global.Organisation, Of: of}
	for _, e := range all {
		f, raw, err := s.frame(e, o)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(o.dir, filepath.FromSlash(f.File)), raw, 0o644); err != nil {
			return fmt.Errorf("write a message of the gallery: %w", err)
		}
		w.add(e.name, f)
	}
	pages, err := w.pages()
	if err != nil {
		return err
	}
	for _, p := range pages {
		file := filepath.Join(o.dir, p.File)
		if err := os.WriteFile(file, p.text, 0o644); err != nil {
			return fmt.Errorf("write the page of the gallery: %w", err)
		}
		fmt.Fprintf(stdout, "%s: %d messages\n", file, p.count)
	}
	return nil
}

// exhibits are the messages to be shown: the examples, or those of --data.
func (s *studio) exhibits(o renderOptions, stderr io.Writer) (all []exhibit, of string, err error) {
	if o.data == "" {
		for _, language := range s.languages() {
			examples, err := s.examplesIn(language)
			if err != nil {
				return nil, "", err
			}
			for _, e := range examples {
				all = append(all, s.toEach(e, language)...)
			}
		}
		return all, "", nil
	}
	data, err := readFile("--data", o.data)
	if err != nil {
		return nil, "", err
	}
	of = filepath.Base(o.data)
	if isSheet(data) {
		views, err := factSheet(o.data, data, "")
		for _, language := range s.languages() {
			if err == nil {
				e := words.Example{Views: views}
				e.Name = string(e.Kind())
				all = append(all, s.toEach(e, language)...)
			}
		}
		return all, of, err
	}
	updates, err := s.rehearse(o.data, string(data), stderr)
	if err != nil {
		return nil, "", err
	}
	for _, name := range slices.Concat(s.audiences(), []string{"communication", "resolution"}) {
		to, err := s.reader(renderOptions{audience: name}, nil)
		if err != nil {
			return nil, "", err
		}
		for _, p := range to.among(updates) {
			at := p.at.In(to.Zone).Format("Mon 2006-01-02 15.04")
			all = append(all, exhibit{name: fmt.Sprintf("%s, %d: %s", at, p.number, p.kind), proof: p})
		}
	}
	order := s.languages()
	slices.SortStableFunc(all, func(a, b exhibit) int {
		return cmp.Or(slices.Index(order, a.to.Language)-slices.Index(order, b.to.Language), a.at.Compare(b.at))
	})
	return all, of, nil
}

// languages are those that messages can be told in, the configuration's first.
func (s *studio) languages() []string {
	all := s.pack.Languages()
	slices.SortStableFunc(all, func(a, b string) int {
		rank := map[bool]int{true: 0, false: 1}
		return rank[a == s.cfg.Global.Language] - rank[b == s.cfg.Global.Language]
	})
	return all
}

// toEach is a message to each who may read it, in one language.
func (s *studio) toEach(e words.Example, language string) []exhibit {
	var all []exhibit
	for _, reads := range e.Readers() {
		forms := s.called(reads)
		for _, informal := range forms {
			to := reader{name: reads, Reader: words.Reader{Reads: reads, Language: language, Zone: s.cfg.Global.TimeZone, Informal: informal}}
			if len(forms) > 1 && informal {
				to.name += ", informal"
			}
			to.team = reads == "communication" || reads == "resolution"
			all = append(all, exhibit{e.Name, proof{to: to, pieces: e.Pieces(to.Reader), at: e.Views[0].Now, kind: e.Kind(), number: e.Views[0].Number}})
		}
	}
	return all
}

// called returns the forms of address by which a kind of reader is called: those of
// the audiences that read so, or of the team; else that of all.
func (s *studio) called(reads string) []bool {
	var all []bool
	for _, a := range s.cfg.Audiences {
		if string(a.Reads) == reads && !slices.Contains(all, a.Informal) {
			all = append(all, a.Informal)
		}
	}
	for _, t := range s.cfg.Teams {
		if t.Name == reads {
			all = []bool{t.Informal}
		}
	}
	if len(all) == 2 {
		return []bool{false, true}
	}
	if len(all) == 0 {
		return []bool{s.cfg.Global.Informal}
	}
	return all
}

// frame puts a message into words, and composes its email.
func (s *studio) frame(e exhibit, o renderOptions) (frame, []byte, error) {
	before := len(s.lapses)
	t, err := s.say(e.proof, o.late, o.missed)
	if err != nil {
		return frame{}, nil, err
	}
	said, err := s.pack.Said(e.pieces, e.to.Reader)
	why := ""
	if len(s.lapses) > before { // what its own templates say is not what people get
		said, err, why = nil, nil, s.lapses[before].Err.Error()
	}
	if err != nil {
		return frame{}, nil, err
	}
	raw, err := s.wire(e.proof, t)
	if err != nil {
		return frame{}, nil, err
	}
	id := strings.Trim(mailboxName.ReplaceAllString(strings.ToLower(e.to.Language+"-"+e.name+"-"+e.to.name), "-"), "-")
	f := frame{
		ID: id, Kind: string(e.kind), Reader: e.to.name, Language: e.to.Language, From: s.sender(),
		Subject: t.Subject, Text: t.Text, HTML: t.HTML, SMS: t.SMS, Septets: words.Septets(t.SMS), Segments: words.Segments(t.SMS),
		File: "eml/" + id + ".eml", Said: said, Number: e.pieces[0].View.Number, Lapse: why,
	}
	for _, one := range said {
		switch one.Part {
		case "headline":
			f.Part = strings.TrimSuffix(strings.ReplaceAll(one.Own, "..", "."), "."+one.Part)
		case "preheader":
			f.Preheader = one.Text
		}
	}
	return f, raw, nil
}

// sender is who an inbox shows.
func (s *studio) sender() string {
	if e := s.cfg.Email; e != nil && e.From.Name != "" {
		return e.From.Name
	}
	return s.cfg.Global.Organisation
}

// add hangs a message up, beside those of the same name.
func (w *wall) add(name string, f frame) {
	w.Count++
	n := slices.IndexFunc(w.Languages, func(g *wing) bool { return g.Code == f.Language })
	if n < 0 {
		n, w.Languages = len(w.Languages), append(w.Languages, &wing{Code: f.Language, Name: languageName(f.Language)})
	}
	g := w.Languages[n]
	n = slices.IndexFunc(g.Rooms, func(r *room) bool { return r.Name == name })
	if n < 0 {
		id := strings.TrimSuffix(f.ID, "-"+f.Reader)
		n, g.Rooms = len(g.Rooms), append(g.Rooms, &room{ID: id, Name: name, Kind: f.Kind, About: aboutKind[words.Kind(f.Kind)]})
	}
	g.Rooms[n].Frames = append(g.Rooms[n].Frames, f)
	if !slices.Contains(w.Kinds, f.Kind) {
		w.Kinds = append(w.Kinds, f.Kind)
	}
	if !slices.Contains(w.Readers, f.Reader) {
		w.Readers = append(w.Readers, f.Reader)
	}
}

// languageName is what a language is called by those who read it.
func languageName(code string) string {
	tag, err := language.Parse(code)
	if err != nil {
		return code
	}
	if name := display.Self.Name(tag); name != "" {
		return name
	}
	return code
}

// galleryFile is a page as it is written.
type galleryFile struct {
	File  string
	text  []byte
	count int
}

// pages are the one page, or where that would be too large one for each language:
// the first is index.html.
func (w *wall) pages() ([]galleryFile, error) {
	text, err := w.page()
	if err != nil {
		return nil, err
	}
	if len(text) <= maxGallery || len(w.Languages) < 2 {
		return []galleryFile{{"index.html", text, w.Count}}, nil
	}
	file := func(n int) string {
		if n == 0 {
			return "index.html"
		}
		return "index." + w.Languages[n].Code + ".html"
	}
	var all []galleryFile
	for n, g := range w.Languages {
		part := *w
		part.Languages, part.Count = []*wing{g}, 0
		for _, r := range g.Rooms {
			part.Count += len(r.Frames)
		}
		for m, other := range w.Languages {
			if m != n {
				part.Others = append(part.Others, doorway{file(m), other.Name})
			}
		}
		if text, err = part.page(); err != nil {
			return nil, err
		}
		all = append(all, galleryFile{file(n), text, part.Count})
	}
	return all, nil
}

// scriptHash stands in the template for the hash of the page's one script, by which
// the page allows that and no other.
const scriptHash = "sha256-SCRIPT"

func (w *wall) page() ([]byte, error) {
	var out bytes.Buffer
	if err := galleryTemplate.Execute(&out, w); err != nil {
		return nil, fmt.Errorf("write the gallery: %w", err)
	}
	text := out.Bytes()
	_, rest, _ := bytes.Cut(text, []byte("<script>"))
	script, _, _ := bytes.Cut(rest, []byte("</script>"))
	sum := sha256.Sum256(script)
	return bytes.Replace(text, []byte(scriptHash), []byte("sha256-"+base64.StdEncoding.EncodeToString(sum[:])), 1), nil
}

// aboutKind says what each kind of message is for.
var aboutKind = map[words.Kind]string{
	words.First:       "Somebody hears of it for the first time.",
	words.Reopened:    "It was said to be over, and is not.",
	words.Progress:    "There is news: words of a person, another phase, an estimate.",
	words.Holding:     "There is no news, and the promised update comes all the same.",
	words.Unknown:     "No measurement comes any more: nobody knows whether it is over.",
	words.Overdue:     "It takes longer than people expect, or than was agreed.",
	words.Correction:  "An earlier message was wrong.",
	words.Closing:     "It is over.",
	words.Announced:   "Maintenance is planned.",
	words.Moved:       "Maintenance comes at another time.",
	words.Cancelled:   "Maintenance does not come.",
	words.Started:     "Maintenance has begun.",
	words.Overrunning: "Maintenance takes longer than planned.",
	words.Completed:   "Maintenance is done, or was stopped.",
	words.Combined:    "Several of these in one message.",
	words.Nudge:       "A team is asked for words before updates go out.",
	words.Question:    "The teams are asked whether it is over: no measurement says.",
	words.Alarm:       "The monitoring itself is silent, or is heard again.",
	words.Ailing:      "Something of sitrep itself does not work, or does again.",
}
