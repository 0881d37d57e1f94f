package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"sitrep/policies"
	"sitrep/policies/words"
)

type renderOptions struct {
	config   string // "": the one that ships
	audience string
	channel  string
	kind     string // or the name of an example
	language string
	zone     string
	data     string // "": an example
	number   int
	late     bool
	missed   int
	out      string
	example  bool
	all      bool
	dir      string
}

// renderCommand adds the command.
func renderCommand(app *kingpin.Application) (*kingpin.CmdClause, *renderOptions) {
	o := &renderOptions{}
	c := app.Command("render", "Show what a reader would get: of an example, of a fact sheet, or of a rehearsal's script. Nothing is sent.")
	c.Flag("config.file", "The configuration file; without it the one that ships.").StringVar(&o.config)
	c.Flag("audience", "Who reads it: an audience or a team of the configuration, or a kind of reader: "+strings.Join(words.Readers(), ", ")+".").StringVar(&o.audience)
	c.Flag("channel", "By which channel: email or sms.").EnumVar(&o.channel, "email", "sms")
	c.Flag("kind", "Which kind of message: first, holding, closing, …; or which example, as holding-late.").StringVar(&o.kind)
	c.Flag("language", "In which language, where it is to be another than the audience's.").StringVar(&o.language)
	c.Flag("time-zone", "In which time zone, likewise.").StringVar(&o.zone)
	c.Flag("data", "A fact sheet in JSON (--example prints one), or a script of sitrep rehearse: all that the audience gets in it.").PlaceHolder("FILE").StringVar(&o.data)
	c.Flag("number", "Of a rehearsal: the message with this number alone. Otherwise which update to this audience it is: phrasings take turns by it.").IntVar(&o.number)
	c.Flag("late", "It comes later than was promised.").BoolVar(&o.late)
	c.Flag("missed", "So many updates before it were not sent.").IntVar(&o.missed)
	c.Flag("out", "What to print: html, text, sms, or eml, the whole message as it goes over the wire.").EnumVar(&o.out, "html", "text", "sms", "eml")
	c.Flag("example", "Print the fact sheet, to begin one of your own with, and not the message.").BoolVar(&o.example)
	c.Flag("all", "Write a page that shows every message to every reader in every language, to --out-dir.").BoolVar(&o.all)
	c.Flag("out-dir", "Where --all writes to; made where it is missing.").PlaceHolder("DIR").StringVar(&o.dir)
	return c, o
}

// wire reports whether what is printed is for a program: a browser, or one for mail.
func (o renderOptions) wire() bool { return !o.all && (o.out == "html" || o.out == "eml") }

func runRender(o renderOptions, stdout, stderr io.Writer) int {
	return ended(render(o, stdout, stderr), stderr)
}

// ended says what went wrong, and returns the exit code.
func ended(err error, stderr io.Writer) int {
	if err == nil {
		return exitOK
	}
	var file noFile
	var problems policies.Problems
	if errors.As(err, &file) || errors.As(err, &problems) {
		fmt.Fprintln(stderr, err) // these begin with a file's name
	} else {
		fmt.Fprintln(stderr, "sitrep:", err)
	}
	if errors.As(err, &file) {
		return exitUsage
	}
	return exitError
}

// misused is an error about the flags.
func misused(hint, format string, args ...any) error {
	return noFile{fmt.Errorf("sitrep: %s\nhint: %s", fmt.Sprintf(format, args...), hint)}
}

func render(o renderOptions, stdout, stderr io.Writer) error {
	if err := o.settle(); err != nil {
		return err
	}
	s, err := openStudio(o.config)
	if err != nil {
		return err
	}
	if o.all {
		if err := s.hang(o, stdout, stderr); err != nil {
			return err
		}
		return s.lapsed()
	}
	p, err := s.proofs(o, stderr)
	if err != nil {
		return err
	}
	if o.example {
		return p[0].sheet(stdout)
	}
	if err := s.write(stdout, o, p); err != nil {
		return err
	}
	return s.lapsed()
}

// settle checks the flags against each other, and fills in what follows from
// others.
func (o *renderOptions) settle() error {
	switch {
	case o.all && o.dir == "":
		return misused("write --all --out-dir=DIR", "--all writes files, and no folder is named")
	case o.dir != "" && !o.all:
		return misused("write --all too, or > FILE", "--out-dir is for --all alone")
	case o.all && *o != (renderOptions{config: o.config, data: o.data, late: o.late, missed: o.missed, all: true, dir: o.dir}):
		return misused("the page has a choice of reader, language and kind", "--all shows every message: of the other flags it takes --config.file, --data, --late, --missed and --out-dir")
	case o.example && o.data == "" && *o != (renderOptions{config: o.config, kind: o.kind, language: o.language, number: o.number, example: true}):
		return misused("give them when you look at it, with --data", "--example prints a fact sheet, which is for every reader: of the other flags it takes --config.file, --kind, --language and --number")
	case o.example && o.data != "":
		return misused("leave out one of the two", "--example prints the fact sheet of an example, not of --data")
	case o.number < 0 || o.missed < 0:
		return misused("count from 1", "--number and --missed are not negative")
	}
	if o.channel == "" && o.out == "sms" {
		o.channel = "sms"
	}
	o.channel = cmp.Or(o.channel, "email")
	if o.out == "" {
		o.out = map[string]string{"email": "text", "sms": "sms"}[o.channel]
	}
	if (o.channel == "sms") != (o.out == "sms") {
		return misused("leave out --channel or --out", "by %s nobody gets %s", o.channel, o.out)
	}
	return nil
}

// studio is what messages are made with.
type studio struct {
	cfg      *policies.Config
	pack     *words.Pack
	examples map[string][]words.Example // by language
	lapses   []lapse
}

// lapse is a message that was asked for, and could not be told in the operator's
// own words.
type lapse struct {
	proof
	*words.Lapse
}

// lapsed is an error that lists what was told in the words that ship instead of
// the operator's own; nil where nothing was. The messages are printed all the same:
// they are what people would get.
func (s *studio) lapsed() error {
	if len(s.lapses) == 0 {
		return nil
	}
	var reasons []string
	told := map[string][]string{} // by reason
	for _, l := range s.lapses {
		why, what := l.Err.Error(), fmt.Sprintf("%s for %s in %s", l.kind, l.to.name, l.to.Language)
		if told[why] == nil {
			reasons = append(reasons, why)
		}
		if !slices.Contains(told[why], what) {
			told[why] = append(told[why], what)
		}
	}
	var text strings.Builder
	for _, why := range reasons {
		fmt.Fprintf(&text, "%s:\n    %s\n", strings.Join(told[why], ", "), why)
	}
	return fmt.Errorf("not told in your own words, but in those that ship: %shint: sitrep check-config lists all that is wrong with your own words", text.String())
}

func openStudio(file string) (*studio, error) {
	var cfg *policies.Config
	var err error
	if file == "" {
		cfg, err = policies.Load("default/sitrep.yml", policies.Default.ReadFile)
	} else {
		cfg, err = loadConfig(file)
	}
	if err != nil {
		return nil, err
	}
	pack, err := messages(cfg)
	if err != nil {
		return nil, err
	}
	return &studio{cfg: cfg, pack: pack, examples: map[string][]words.Example{}}, nil
}

// examplesIn returns the examples as they would be at the configuration's
// organisation. In a language there are quotes.
func (s *studio) examplesIn(language string) ([]words.Example, error) {
	if all := s.examples[language]; all != nil {
		return all, nil
	}
	scene := words.Scene{
		Organisation: s.cfg.Global.Organisation, Titles: map[string]map[string]string{}, Address: s.cfg.Global.ExternalURL,
		Quoted: words.Reader{Language: language, Zone: s.cfg.Global.TimeZone, Informal: s.cfg.Global.Informal},
	}
	for _, svc := range s.cfg.Services {
		scene.Titles[svc.Name] = svc.Title
	}
	all, err := s.pack.Examples(scene)
	if err != nil {
		return nil, fmt.Errorf("make the examples: %w", err)
	}
	s.examples[language] = all
	return all, nil
}

// example returns one by its name.
func (s *studio) example(name, language string) (words.Example, error) {
	all, err := s.examplesIn(language)
	if err != nil {
		return words.Example{}, err
	}
	i := slices.IndexFunc(all, func(e words.Example) bool { return e.Name == name })
	if i < 0 {
		var names []string
		for _, e := range all {
			names = append(names, e.Name)
		}
		return words.Example{}, misused("there are "+strings.Join(names, ", "), "no kind and no example is called %q", name)
	}
	return all[i], nil
}

// zoneOf reads a time zone as the configuration does.
func zoneOf(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, misused("zones look like Europe/Amsterdam, or UTC", "there is no time zone %q", name)
	}
	return zone, nil
}

// readFile reads what a flag names.
func readFile(flag, file string) ([]byte, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, noFile{fmt.Errorf("sitrep: read the file of %s: %w", flag, err)}
	}
	if len(bytes.TrimSpace(data)) == 0 {
		return nil, misused("--example prints a fact sheet to begin with", "%s, the file of %s, is empty", file, flag)
	}
	return data, nil
}
