package rehearse

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
)

// wellDrawn fails where the drawing of a transcript is no XML, or could do
// anything.
func wellDrawn(t *testing.T, tr *Transcript) {
	t.Helper()
	var b bytes.Buffer
	if err := tr.Draw(&b); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(b.Bytes()))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the drawing is no XML: %v\n%s", err, &b)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		switch e.Name.Local {
		case "svg", "title", "style", "rect", "line", "circle", "polygon", "text":
		default:
			t.Errorf("the drawing has an element %s", e.Name.Local)
		}
		for _, a := range e.Attr {
			if strings.HasPrefix(a.Name.Local, "on") || strings.Contains(a.Value, "NaN") || strings.Contains(a.Value, "Inf") {
				t.Errorf("%s has %s=%q", e.Name.Local, a.Name.Local, a.Value)
			}
		}
	}
}

func TestADrawingTakesAnyText(t *testing.T) {
	tr := played(t, stage(t, ""), "x", `# <script>alert(1)</script> & "quotes"
start 2026-05-12T09:00Z
0s fire MailDown x3 service=mail severity=critical summary="</text><script>"
20m say "<b>\x00\x1b[31m]]> & more" phase=identified
30m end "</svg>"
`)
	wellDrawn(t, tr)
}

// TestTheDrawingOfTheReadme is that of the script that ships.
func TestTheDrawingOfTheReadme(t *testing.T) {
	const script, drawing = "../../policies/default/scripts/change-weekend.script", "../../policies/default/scripts/change-weekend.svg"
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := played(t, stage(t, ""), "change-weekend.script", string(text)).Draw(&b); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(drawing, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(drawing); err != nil || !bytes.Equal(want, b.Bytes()) {
		t.Errorf("it is another (rewrite with -update): %v", err)
	}
}

// TestADrawingNamesWhatPeopleDo: each thing that somebody did, what a change was planned
// for before, and when it is decided; in one language, and each mark for what it stands.
func TestADrawingNamesWhatPeopleDo(t *testing.T) {
	drawing, err := os.ReadFile("../../policies/default/scripts/change-weekend.svg") // see above
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		">planned: Moving the storage<", ">later<", ">extended by 2h<", "Two of the three arrays are done.", ">a person sets estimate in 2h<", ">completed<",
		`<line class="was"`, `<polygon class="decide"`, ">planned end before<", ">decision time<", ">first, announced, started<", ">the network<", ">22h<",
	} {
		if !bytes.Contains(drawing, []byte(want)) {
			t.Errorf("it has no %s", want)
		}
	}
	if bytes.Contains(drawing, []byte("netwerk")) {
		t.Error("services are named in another language than the rest")
	}
}
