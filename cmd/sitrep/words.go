package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sitrep/policies"
	"sitrep/policies/words"
	"sitrep/router/web"
)

// messages reads the message templates: those that ship, and the configuration's
// own over them.
func messages(cfg *policies.Config) (*words.Pack, error) {
	files, err := fs.Sub(policies.Default, "default/words")
	if err != nil {
		return nil, err
	}
	o := words.Options{Hosts: clickable(cfg.Global)}
	if cfg.SMS != nil {
		o.Segments = cfg.SMS.MaxSegments
	}
	var problems policies.Problems
	if o.Own, problems = ownWords(cfg.Templates); len(problems) > 0 {
		return nil, problems
	}
	return o.Parse(files)
}

// clickable are the hosts whose addresses people may follow: sitrep's own is one.
func clickable(g policies.Global) []string {
	hosts := slices.Clone(g.LinkHosts)
	if u, err := url.Parse(g.ExternalURL); err == nil && u.Hostname() != "" && !slices.Contains(hosts, strings.ToLower(u.Hostname())) {
		hosts = append(hosts, strings.ToLower(u.Hostname()))
	}
	return hosts
}

// ownWords reads the files that patterns name, each once.
func ownWords(patterns []policies.Template) ([]words.Source, policies.Problems) {
	var all []words.Source
	var problems policies.Problems
	for _, t := range patterns {
		files, err := filepath.Glob(t.Pattern)
		if err != nil || len(files) == 0 {
			problems = append(problems, t.Problem(fmt.Sprintf("no file matches %q", t.Pattern), "patterns start at the configuration's folder; * does not reach into folders below"))
		}
		for _, file := range files {
			if slices.ContainsFunc(all, func(s words.Source) bool { return s.File == file }) {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				problems = append(problems, t.Problem(fmt.Sprintf("cannot read %s: %s", file, reason(err)), "end the pattern in .tmpl, and let sitrep read the files"))
				continue
			}
			all = append(all, words.Source{File: file, Folder: folderOf(t, file), Text: string(text)})
		}
	}
	return all, problems
}

// ownLexicons reads the lint.txt beside own words, in the folder of a language.
func ownLexicons(own []words.Source) ([]words.Source, error) {
	var all []words.Source
	for _, s := range own {
		file := words.LexiconIn(s.File)
		if _, is := words.LanguageOf(s.Folder); !is || slices.ContainsFunc(all, func(l words.Source) bool { return l.File == file }) {
			continue
		}
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("cannot read %s: %s", file, reason(err))
		}
		all = append(all, words.Source{File: file, Folder: s.Folder, Text: string(text)})
	}
	return all, nil
}

// folderOf is the name of the folder that a file stands in, below the
// configuration's: what that one is called means nothing.
func folderOf(t policies.Template, file string) string {
	if filepath.IsAbs(t.Folder) == filepath.IsAbs(file) {
		if below, err := filepath.Rel(t.Folder, file); err == nil {
			file = below
		}
	}
	return filepath.Base(filepath.Dir(file))
}

// brought are the languages of the files that patterns name.
func brought(patterns []policies.Template) ([]string, policies.Problems) {
	own, problems := ownWords(patterns)
	var languages []string
	for _, s := range own {
		if code, ok := words.LanguageOf(s.Folder); ok {
			languages = append(languages, code)
		}
	}
	return languages, problems
}

// reason is why a file cannot be read, without its path.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// leaving is what the page to take oneself off a list says.
func leaving(all []words.Leaving) []web.Leaving {
	var out []web.Leaving
	for _, l := range all {
		out = append(out, web.Leaving{
			Language: l.Language,
			Ask:      web.Notice(l.Ask), Done: web.Notice(l.Done), Failed: web.Notice(l.Failed), Unknown: web.Notice(l.Unknown),
		})
	}
	return out
}
