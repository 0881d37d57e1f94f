package rehearse

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
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
