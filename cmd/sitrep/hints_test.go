package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// What ships has none. Hints at own words are there when they are asked for, each once,
// and never fail the check; a lint.txt beside them is read.
func TestCheckConfigWords(t *testing.T) {
	code, out, errs := sitrepSays("check-config", "--config.file="+filepath.Join("..", "..", "policies", "default", "sitrep.yml"), "--words")
	if code != exitOK || !strings.Contains(out, "is valid") || !strings.HasSuffix(errs, "words: 0 hints; they are advice, and no errors\n") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	own := site(t, storyConfig+folders, map[string]string{
		"words/nl/board.tmpl": `{{define "closing.customer.body"}}Dit incident is voorbij. Het zaaksysteem doet het weer.{{end}}`,
		"words/nl/lint.txt":   "[jargon]\nzaaksysteem = zeg wat mensen weer kunnen\n",
	})
	code, _, errs = sitrepSays("check-config", "--config.file="+own, "--words")
	if code != exitOK {
		t.Errorf("exit code %d\n%s", code, errs)
	}
	for _, want := range []string{
		"words/nl/board.tmpl: closing.customer.body (closing for customer): jargon \"incident\"\n    Dit incident is voorbij.\n    better: \"storing\"\n",
		"jargon \"zaaksysteem\"\n    Het zaaksysteem doet het weer.\n    zeg wat mensen weer kunnen\n",
		"words: 2 hints; they are advice, and no errors\n",
	} {
		if strings.Count(errs, want) != 1 {
			t.Errorf("it does not say %q once:\n%s", want, errs)
		}
	}
	own = site(t, storyConfig+folders, map[string]string{"words/nl/board.tmpl": `{{define "closing.customer.body"}}{{end}}`, "words/nl/lint.txt": "\n[jargn]\n"})
	if code, _, errs = sitrepSays("check-config", "--config.file="+own, "--words"); code == exitOK || !strings.Contains(errs, "words/nl/lint.txt:2: no heading is called [jargn]") {
		t.Errorf("a typo in lint.txt: exit code %d\n%s", code, errs)
	}
}

// What a service is called is looked at too.
func TestCheckConfigWordsLooksAtTitles(t *testing.T) {
	cfg, err := loadConfig(configWith(t, `{nl: "e-mail", en: "email"}`, `{nl: "de berichtenuitwisselingsvoorziening", en: "email"}`))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	err = hints(cfg, &out)
	if want := `long word "berichtenuitwisselingsvoorziening"`; err != nil || strings.Count(out.String(), want) != 1 {
		t.Errorf("%v, not once %s:\n%s", err, want, out.String())
	}
}
