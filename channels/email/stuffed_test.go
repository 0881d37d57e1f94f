package email

import (
	"bufio"
	"bytes"
	"io"
	"net/textproto"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStuffed: what goes over the wire is read again as the message that it was.
func TestStuffed(t *testing.T) {
	for raw, want := range map[string]string{
		"a\r\n":               "a\r\n",
		"a":                   "a\r\n",
		".a\r\n.\r\nb.\r\n..": "..a\r\n..\r\nb.\r\n...\r\n",
		"a\n.b\r\nc\n":        "a\r\n..b\r\nc\r\n",
		"":                    "\r\n",
	} {
		if got := string(stuffed([]byte(raw))); got != want {
			t.Errorf("%q: %q, want %q", raw, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.Join(rapid.SliceOf(rapid.SampledFrom([]string{".", "..", "a", "\r\n", "\r\n.", "é", " "})).Draw(t, "raw"), "")
		wire := append(stuffed([]byte(raw)), ".\r\nrest"...)
		got, err := io.ReadAll(textproto.NewReader(bufio.NewReader(bytes.NewReader(wire))).DotReader())
		want := strings.ReplaceAll(raw, "\r\n", "\n")
		if !strings.HasSuffix(want, "\n") {
			want += "\n"
		}
		if err != nil || !bytes.Equal(got, []byte(want)) {
			t.Fatalf("%q came as %q, %v", want, got, err)
		}
	})
}
