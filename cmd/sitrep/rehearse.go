package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"sitrep/router/rehearse"
)

type rehearseOptions struct {
	config  string
	format  string
	expect  string // a golden transcript; "": print this one
	svg     string // "": no drawing
	scripts []string
}

// errUnlike is a transcript that is not the expected one.
var errUnlike = errors.New("the rehearsal does not go as expected")

func runRehearse(o rehearseOptions, stdout, stderr io.Writer) int {
	return ended(playRehearsal(o, stdout, stderr), stderr)
}

// playRehearsal plays the scripts one after another and writes, or compares,
// their transcripts.
func playRehearsal(o rehearseOptions, stdout, stderr io.Writer) error {
	if o.svg != "" && len(o.scripts) > 1 {
		return noFile{errors.New("sitrep: --svg draws one script\nhint: draw the scripts one at a time")}
	}
	stage, err := rehearsalStage(o.config)
	if err != nil {
		return err
	}
	if o.format == "table" && o.svg == "" {
		stage.Words = nil // nobody would read them, and they take most of the time
	}
	var out bytes.Buffer
	for n, name := range o.scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			return noFile{fmt.Errorf("sitrep: read the script: %w", err)}
		}
		script, err := rehearse.Parse(name, string(text))
		if err != nil {
			return err
		}
		t, err := rehearse.Play(stage, script)
		if err != nil {
			return err
		}
		for _, w := range t.Warnings {
			fmt.Fprintln(stderr, "warning:", w)
		}
		if err := writeTranscript(&out, t, o, n); err != nil {
			return err
		}
		if o.svg != "" {
			if err := drawTranscript(t, o.svg); err != nil {
				return err
			}
		}
	}
	if o.expect != "" {
		return compare(out.String(), o.expect, stdout)
	}
	_, err = stdout.Write(out.Bytes())
	return err
}

// rehearsalStage reads what the scripts are played against.
func rehearsalStage(file string) (rehearse.Stage, error) {
	cfg, err := loadConfig(file)
	if err != nil {
		return rehearse.Stage{}, err
	}
	pack, err := messages(cfg)
	if err != nil {
		return rehearse.Stage{}, err
	}
	return rehearse.Stage{
		Global: cfg.Global, Words: pack,
		Policy: judgement(cfg), Languages: pack.Languages(),
	}, nil
}

// writeTranscript writes one of the scripts' transcripts, under a heading where
// there are several.
func writeTranscript(out *bytes.Buffer, t *rehearse.Transcript, o rehearseOptions, n int) error {
	name := ""
	if len(o.scripts) > 1 {
		name = filepath.Base(o.scripts[n]) // a golden file is for every machine
	}
	if o.format == "json" {
		return t.Lines(out, name)
	}
	if name != "" {
		if n > 0 {
			out.WriteString("\n")
		}
		fmt.Fprintf(out, "== %s ==\n\n", name)
	}
	if o.format == "timeline" {
		return t.Story(out)
	}
	return t.Table(out)
}

func drawTranscript(t *rehearse.Transcript, file string) error {
	var out bytes.Buffer
	if err := t.Draw(&out); err != nil {
		return err
	}
	if err := os.WriteFile(file, out.Bytes(), 0o644); err != nil {
		return fmt.Errorf("write the drawing: %w", err)
	}
	return nil
}

// compare says whether a transcript is the one that a golden file holds, and if
// not, where they first differ.
func compare(got, file string, stdout io.Writer) error {
	golden, err := os.ReadFile(file)
	if err != nil {
		return noFile{fmt.Errorf("sitrep: read what is expected: %w\nhint: without --expect the transcript is printed; keep that", err)}
	}
	lines := func(s string) []string {
		return strings.Split(strings.TrimRight(strings.ReplaceAll(s, "\r\n", "\n"), "\n"), "\n")
	}
	want, have := lines(string(golden)), lines(got)
	for n := range max(len(want), len(have)) {
		line := func(all []string) string {
			if n < len(all) {
				return all[n]
			}
			return "(nothing more)"
		}
		if w, h := line(want), line(have); w != h {
			return fmt.Errorf("%w: %s:%d\n  expected: %s\n  now:      %s\nhint: where the new one is right, keep it: print it without --expect", errUnlike, file, n+1, w, h)
		}
	}
	fmt.Fprintf(stdout, "as expected: %s, %d lines\n", file, len(have))
	return nil
}
