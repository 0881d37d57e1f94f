package email

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

const (
	bounces = "bounces@voorbeeld.example"
	aRefOf  = "7l5v0q2c9k1m3n8t4hgprrak6dkj0c1g60o30bhecln6it35"
)

func bounced(t testing.TB, name string) []byte {
	text, err := os.ReadFile(filepath.Join("testdata", "bounces", name+".eml"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
}

func TestReadBounce(t *testing.T) {
	at := time.Date(2026, 7, 27, 8, 3, 0, 0, time.UTC)
	for name, want := range map[string][]channels.Fate{
		"postfix-unknown":  {{Ref: aRefOf, State: channels.Failed, Code: "5.1.1", At: at}},
		"postfix-delayed":  {{Ref: aRefOf, State: "", Code: "4.4.1", At: at}},
		"exchange-full":    {{Ref: aRefOf, State: channels.Failed, Code: "5.2.2", At: at}},
		"expired-in-queue": {{Ref: aRefOf, State: channels.Failed, Code: "4.4.7", Again: true, At: at}},
		"utf8-group":       {{Ref: aRefOf, State: channels.Delivered, Code: "2.1.5", At: at}, {Ref: aRefOf, State: channels.Failed, Code: "5.0.0", At: at}},
		"delivered":        {{Ref: aRefOf, State: channels.Delivered, Code: "2.0.0", At: at}},
	} {
		raw := bounced(t, name)
		for _, text := range [][]byte{raw, bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))} {
			got, err := ReadBounce(bytes.NewReader(text), bounces)
			var fates []channels.Fate
			for _, b := range got {
				fates = append(fates, b.Fate(at))
			}
			if err != nil || !slices.Equal(fates, want) {
				t.Errorf("%s: %+v, %v", name, got, err)
			}
		}
	}
	for name, want := range map[string]error{"absence": ErrNoReport, "complaint": ErrNoReport, "of-somebody-else": ErrNoRef} {
		got, err := ReadBounce(bytes.NewReader(bounced(t, name)), bounces)
		if !errors.Is(err, want) || got != nil || strings.Contains(err.Error(), "@") || strings.Contains(err.Error(), "12345") {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	broken := errors.New("input/output error")
	if _, err := ReadBounce(iotest.ErrReader(broken), bounces); !errors.Is(err, broken) || errors.Is(err, ErrNoReport) {
		t.Errorf("a file that cannot be read: %v", err)
	}
	if _, err := ReadBounce(strings.NewReader(""), "nobody"); err == nil || errors.Is(err, ErrNoReport) {
		t.Errorf("no address: %v", err)
	}
}

// Whatever somebody sends there, reading it ends soon and takes little.
func TestReadHostileBounce(t *testing.T) {
	const head = "To: bounces+" + aRefOf + "@voorbeeld.example\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
	const group = "\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
	deep := ""
	for n := range 2000 {
		deep += fmt.Sprintf("--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n", n, n+1)
	}
	for name, c := range map[string]struct {
		text string
		n    int
		err  error
	}{
		"ten thousand recipients": {head + "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n" + strings.Repeat(group, 10000), reportLimit, nil},
		"ten thousand parts":      {head + strings.Repeat("--b\r\n\r\n", 10000), 0, ErrNoReport},
		"a thousand reports":      {head + strings.Repeat("--b\r\nContent-Type: message/delivery-status\r\n"+group, 1000), partLimit, nil},
		"deep inside":             {head + "--b\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n" + deep, 0, ErrNoReport},
		"nothing but fields":      {strings.Repeat("a:\r\n", 400000), 0, ErrNoReport},
		"nothing but line ends":   {head + "--b\r\nContent-Type: message/delivery-status\r\n\r\n" + strings.Repeat("\r\n", 600000), 0, ErrNoReport},
		"one line":                {strings.Repeat("a", 2<<20), 0, ErrNoReport},
		"one field, folded":       {"To: x" + strings.Repeat("\r\n bounces+", 200000), 0, ErrNoReport},
		"a long boundary":         {strings.Replace(head, "boundary=b", "boundary="+strings.Repeat("b", 500000), 1), 0, ErrNoReport},
		"base64 that is none":     {head + "--b\r\nContent-Type: message/delivery-status\r\nContent-Transfer-Encoding: base64\r\n\r\n%%%%\r\n--b--\r\n", 0, ErrNoReport},
		"not closed":              {head + "--b\r\nContent-Type: message/delivery-status\r\n" + group, 1, nil},
		"nonsense in between": {"nonsense\r\n" + head + "--b\r\nContent-Type: message/delivery-status; x\r\n" +
			"\r\nnonsense\r\nAction: failed\r\n\x00\xff\r\nStatus: X.Y\r\nDiagnostic-Code: smtp; 421 4.2.1 x\r\n\r\nAction: exploded\r\n--b--\r\n", 1, nil},
	} {
		began := time.Now()
		got, err := ReadBounce(strings.NewReader(c.text), bounces)
		if len(got) != c.n || !errors.Is(err, c.err) {
			t.Errorf("%s: %d, %v", name, len(got), err)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s took %v", name, took)
		}
	}
	endless := &counted{r: io.MultiReader(strings.NewReader(head), zeros{})}
	if _, err := ReadBounce(endless, bounces); !errors.Is(err, ErrNoReport) || endless.n > bounceLimit {
		t.Errorf("read %d bytes: %v", endless.n, err)
	}
}

// zeros goes on for ever, as fifty megabytes would.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

type counted struct {
	r io.Reader
	n int
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func FuzzReadBounce(f *testing.F) {
	names, err := filepath.Glob("testdata/bounces/*.eml")
	if err != nil || len(names) == 0 {
		f.Fatal("no samples")
	}
	for _, name := range names {
		f.Add(bounced(f, strings.TrimSuffix(filepath.Base(name), ".eml")))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := ReadBounce(bytes.NewReader(raw), bounces)
		if (err == nil) != (len(got) > 0) || len(got) > reportLimit {
			t.Fatalf("%d, %v", len(got), err)
		}
		if err != nil && !errors.Is(err, ErrNoReport) && !errors.Is(err, ErrNoRef) {
			t.Fatal(err)
		}
		for _, b := range got {
			if !aRef.MatchString(b.Ref) || len(b.Ref) > localLimit || !slices.Contains(actions, b.Action) || b.Status != "" && aStatus.FindString(b.Status) != b.Status {
				t.Fatalf("%+v", b)
			}
		}
	})
}

func TestEnvelope(t *testing.T) {
	long := strings.Repeat("0", localLimit-len("bounces+")+1)
	for name, c := range map[string]struct{ bounces, ref, want string }{
		"its own":            {bounces, aRefOf, "bounces+" + aRefOf + "@voorbeeld.example"},
		"as long as may be":  {bounces, long[1:], "bounces+" + long[1:] + "@voorbeeld.example"},
		"too long":           {bounces, long, "ict@voorbeeld.example"},
		"no reference":       {bounces, "", "ict@voorbeeld.example"},
		"no address":         {"", aRefOf, "ict@voorbeeld.example"},
		"no address at all":  {"bounces", aRefOf, "ict@voorbeeld.example"},
		"a reference of not": {bounces, "a@b", "ict@voorbeeld.example"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := network{}
				server := n.serve(t, "one.test:25", channeltest.SMTPOptions{})
				s := n.sender(t, func(cfg *Config) { cfg.Bounces = c.bounces })
				d := delivery(1)
				d.Ref = c.ref
				// A greylist wants the same sender again.
				server.Misbehave(func(m channeltest.Moment) channeltest.Act {
					if m.Stage == channeltest.StageRcpt && m.N == 1 {
						return reply(450, 4, 2, 0, "greylisted "+m.From)
					}
					if m.Stage != channeltest.StageHello && m.From != c.want {
						t.Errorf("sender %q, want %q", m.From, c.want)
					}
					return channeltest.Act{}
				})
				_, err := s.Send(t.Context(), d)
				if got := channels.Classify(err); got.Class != channels.ClassTemporary || strings.Contains(err.Error(), "@") {
					t.Errorf("%s: %v", got.Class, err)
				}
				if _, err := s.Send(t.Context(), d); err != nil {
					t.Fatal(err)
				}
				m := server.Messages()[0]
				if from, err := m.Header.AddressList("From"); err != nil || from[0].Address != "ict@voorbeeld.example" {
					t.Errorf("From %v, %v", from, err)
				}
			})
		})
	}
}

// What a delivery goes out by is what its bounce is known by.
func TestRefComesBack(t *testing.T) {
	key := channels.Key("a key")
	s := New(Config{Bounces: bounces})
	for _, part := range []string{"SR-12.1.0.email", "SR-9999.999.99.email"} {
		ref := key.Ref(part, channels.MaxPart-1)
		at := s.envelope(ref)
		raw := strings.ReplaceAll(string(bounced(t, "delivered")), "bounces+"+aRefOf+"@voorbeeld.example", strings.ToUpper(at))
		got, err := ReadBounce(strings.NewReader(raw), bounces)
		if err != nil || len(got) != 1 {
			t.Fatalf("%s: %v, %v", at, got, err)
		}
		if p, row, ok := key.Resolve(got[0].Ref); !ok || p != part || row != channels.MaxPart-1 {
			t.Errorf("%s %d %v", p, row, ok)
		}
	}
}

func TestCheckBounces(t *testing.T) {
	for address, want := range map[string]string{
		bounces: "", "bounce@xn--bcher-kva.example": "", "bounces@bücher.example": "",
		"": "not an email address", "Bounces <b@x.example>": "not an email address", "storingsmeldingen@x.example": "may not fit",
		"bounces+x@x.example": "plus sign", "büro@x.example": "beyond ASCII", `"a b"@x.example`: "quote",
	} {
		err := CheckBounces(address)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", address, err)
		}
	}
}
