package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io/fs"
	"mime"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sitrep/policies"
	"sitrep/policies/words"
)

// configWith is the configuration that ships, in a folder of its own, with texts
// in it replaced: pairs of the old one and the new.
func configWith(t *testing.T, pairs ...string) string {
	t.Helper()
	files, err := fs.Sub(policies.Default, "default")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, files); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "sitrep.yml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(pairs); i += 2 {
		if !bytes.Contains(text, []byte(pairs[i])) {
			t.Fatalf("the configuration does not say %s", pairs[i])
		}
		text = bytes.Replace(text, []byte(pairs[i]), []byte(pairs[i+1]), 1)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// written is a file with a text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const sheet = `{
  "kind": "progress", "number": 2, "incident": "SR-7", "service": {"nl": "de telefoons", "en": "the phones"}, "severity": "warning",
  "phase": "identified", "phase_before": "investigating", "since": "2026-11-23T13:05:00+01:00", "now": "2026-11-23T14:10:00+01:00",
  "next_before": "2026-11-23T15:00:00+01:00", "words": {"en": "A cable is loose.", "nl": "Een kabel is los."}, "expected": {"limit": "1h", "used": "65m"}
}`

func TestRender(t *testing.T) {
	elsewhere := configWith(t, "organisation: Gemeente Voorbeeld", "organisation: Gemeente Elders", `{nl: "e-mail", en: "email"}`, `{nl: "de post", en: "the post"}`,
		"  - name: board\n", "  - name: board\n    time_zone: Asia/Tokyo\n")
	facts, script := written(t, "incident.json", sheet), written(t, "friday.script", friday)
	for _, c := range []struct {
		args  []string
		says  []string
		never []string
	}{
		{nil, []string{"Subject: Storing e-mail (1)\n\nStoring e-mail\n\nSinds vandaag om 13.05 uur", "Volgend bericht: vóór 13.45 uur.", "Gemeente Voorbeeld · Kenmerk SR-12"}, []string{"\x02", "MailQueueHigh"}},
		{[]string{"--audience=it"}, []string{"Subject: [SR-12] Email outage (1)", "MailQueueHigh (mx1:9100)"}, nil},
		{[]string{"--audience=technical", "--language=nl"}, []string{"Subject: [SR-12] Storing e-mail (1)", "MailQueueHigh"}, nil},
		{[]string{"--audience=board", "--language=en", "--time-zone=America/New_York"}, []string{"since today at 07:05"}, nil},
		{[]string{"--config.file=" + elsewhere, "--audience=board"}, []string{"Storing post", "Sinds vandaag om 21.05 uur zijn er problemen met de post.", "Gemeente Elders"}, []string{"Voorbeeld"}},
		{[]string{"--kind=holding-late", "--audience=customer"}, []string{"Dit bericht komt later dan beloofd; onze excuses.", "Wat u nu kunt doen: Bel, of gebruik de chat."}, nil},
		{[]string{"--kind=holding", "--number=6"}, []string{"De storing is nog niet voorbij. Na 1 uur en 32 minuten"}, nil},
		{[]string{"--kind=holding", "--late", "--missed=3"}, []string{"\n\nDit bericht komt later dan beloofd; onze excuses. Eerdere berichten die niet zijn verstuurd: 3.\n\n"}, nil},
		{[]string{"--kind=holding", "--missed=3", "--out=html"}, []string{"<span>Eerdere berichten die niet zijn verstuurd: 3.</span>", "<!DOCTYPE html>"}, []string{"\x02", "excuses"}},
		{[]string{"--kind=holding", "--missed=3", "--channel=sms"}, []string{"Eerder niet verstuurd: 3."}, []string{"{n}"}},
		{[]string{"--kind=combined", "--out=sms", "--audience=staff"}, []string{"3 storingen: "}, nil},
		{[]string{"--kind=combined-nudges", "--audience=communication"}, []string{"Woorden gevraagd: SR-12 en SR-9"}, nil},
		{[]string{"--kind=ailment"}, []string{"Voor het oplosteam"}, nil},
		{[]string{"--kind=moved", "--audience=staff", "--language=en"}, []string{"Maintenance moved: moving the storage", "You may not be able to use email and the permit desk"}, nil},
		{[]string{"--data=" + facts, "--audience=management"}, []string{"Storing telefoons", "Een kabel is los.", "langer dan het verwachte uur (108%)", "vóór 15.00 uur"}, nil},
		{[]string{"--data=" + facts, "--kind=closing", "--audience=it"}, []string{"Phones outage over", "This is the last update"}, []string{"Next update"}},
		{[]string{"--data=" + script, "--audience=board", "--number=2"}, []string{"Subject: Storing e-mail: nieuws (2)", "A storage array failed"}, []string{"2026-10-23"}},
		{[]string{"--data=" + script, "--audience=it"}, []string{"1  Fri 2026-10-23 16:41, first\n\nSubject: [SR-1] Email outage (1)", "\n\n2  Fri 2026-10-23 17:11, holding\n\nSubject: ", "closing\n"}, nil},
		{[]string{"--data=" + script, "--audience=communication", "--out=sms", "--kind=nudge", "--number=1"}, []string{"bericht aan management"}, nil},
		{[]string{"--data=" + script, "--audience=board", "--out=html", "--kind=closing"}, []string{"<!DOCTYPE html>", "Dit is het laatste bericht"}, nil},
	} {
		code, out, errs := sitrepSays(append([]string{"render"}, c.args...)...)
		if code != exitOK || errs != "" {
			t.Errorf("%v: exit code %d\n%s", c.args, code, errs)
		}
		for _, want := range c.says {
			if !strings.Contains(out, want) {
				t.Errorf("%v: it does not say %q:\n%s", c.args, want, out)
			}
		}
		for _, alien := range c.never {
			if strings.Contains(out, alien) {
				t.Errorf("%v: it says %q:\n%s", c.args, alien, out)
			}
		}
	}
}

func TestRenderSaysWhatIsWrong(t *testing.T) {
	facts, script := written(t, "incident.json", sheet), written(t, "friday.script", friday)
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{"--audience=bord"}, exitUsage, []string{`no audience, no team and no kind of reader is called "bord"`, "hint: there are it, management, board, staff, executive, "}},
		{[]string{"--audience=board", "--kind=nudge"}, exitUsage, []string{`kind "nudge" is not for board, who reads as executive`, "hint: it is for communication, resolution"}},
		{[]string{"--kind=opening"}, exitUsage, []string{`no kind and no example is called "opening"`, "hint: there are first, first-drill, "}},
		{[]string{"--language=fr"}, exitUsage, []string{`no messages in the language "fr"`, "hint: there are en, nl"}},
		{[]string{"--time-zone=Mars"}, exitUsage, []string{`no time zone "Mars"`, "Europe/Amsterdam"}},
		{[]string{"--channel=sms", "--out=html"}, exitUsage, []string{"by sms nobody gets html", "hint:"}},
		{[]string{"--channel=pigeon"}, exitUsage, []string{"email,sms"}},
		{[]string{"--number=-1"}, exitUsage, []string{"not negative"}},
		{[]string{"--all"}, exitUsage, []string{"no folder is named", "hint: write --all --out-dir=DIR"}},
		{[]string{"--all", "--out-dir=x", "--kind=first"}, exitUsage, []string{"--all shows every message"}},
		{[]string{"--out-dir=x"}, exitUsage, []string{"--out-dir is for --all alone"}},
		{[]string{"--example", "--audience=board"}, exitUsage, []string{"--example prints a fact sheet", "hint: give them when you look at it"}},
		{[]string{"--example", "--out=html"}, exitUsage, []string{"--example prints a fact sheet"}},
		{[]string{"--example", "--late"}, exitUsage, []string{"--example prints a fact sheet"}},
		{[]string{"--example", "--data=" + facts}, exitUsage, []string{"of an example, not of --data"}},
		{[]string{"--data=" + filepath.Join(t.TempDir(), "none.json")}, exitUsage, []string{"read the file of --data"}},
		{[]string{"--data=" + written(t, "empty.json", " \n")}, exitUsage, []string{"empty.json, the file of --data, is empty", "hint: --example"}},
		{[]string{"--config.file=" + filepath.Join(t.TempDir(), "none.yml")}, exitUsage, []string{"there is no file"}},
		{[]string{"--data=" + written(t, "bad.json", `{"kind": "first", "nou": 1}`)}, exitError, []string{"bad.json:1:19: unknown field \"nou\" of the fact sheet", "hint: there are "}},
		{[]string{"--data=" + written(t, "bare.json", `{"kind": "moved", "now": "2026-11-23T13:05:00Z", "service": "x"}`)}, exitError, []string{"sitrep: render message: ", "is about a planned change, and the view has none"}},
		{[]string{"--data=" + written(t, "bad.script", "start today\n"), "--audience=board"}, exitError, []string{"bad.script:1:7", "hint:"}},
		{[]string{"--data=" + script}, exitUsage, []string{"--audience has to name an audience", "hint: in this rehearsal there is something for it"}},
		{[]string{"--data=" + script, "--audience=executive"}, exitUsage, []string{"--audience has to name an audience"}},
		{[]string{"--data=" + script, "--audience=board", "--number=99"}, exitUsage, []string{"board gets no message 99", "hint: there are 1 to "}},
		{[]string{"--data=" + script, "--audience=board", "--kind=reopened"}, exitError, []string{"board gets no such message", "hint: there is something for "}},
	} {
		code, out, errs := sitrepSays(append([]string{"render"}, c.args...)...)
		if code != c.code || out != "" {
			t.Errorf("%v: exit code %d, want %d\n%s%s", c.args, code, c.code, out, errs)
		}
		for _, want := range c.says {
			if !strings.Contains(errs, want) {
				t.Errorf("%v: it does not say %q:\n%s", c.args, want, errs)
			}
		}
	}
}

// dkimKey is a private key as a file holds it.
func dkimKey(t *testing.T) string {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// What --example prints is read back, and says the same.
func TestRenderExample(t *testing.T) {
	for _, name := range []string{"first", "closing-partly", "moved", "nudge", "combined", "ailment-budget"} {
		code, want, errs := sitrepSays("render", "--kind="+name)
		if code != exitOK || !strings.HasPrefix(want, "Subject: ") {
			t.Fatalf("%s: exit code %d\n%s%s", name, code, want, errs)
		}
		code, facts, errs := sitrepSays("render", "--kind="+name, "--example")
		if code != exitOK || !json.Valid([]byte(facts)) {
			t.Fatalf("%s: exit code %d\n%s%s", name, code, facts, errs)
		}
		if _, got, errs := sitrepSays("render", "--data="+written(t, "example.json", facts)); got != want {
			t.Errorf("%s: %s%s\nwant\n%s", name, got, errs, want)
		}
	}
}

func TestRenderWire(t *testing.T) {
	key := written(t, "dkim.pem", dkimKey(t))
	signed := configWith(t, "    sessions: 10", "    dkim: {domain: voorbeeld.example, selector: sitrep, private_key_file: "+key+"}\n    sessions: 10",
		"  - name: board\n", "  - name: board\n    unsubscribe: true\n")
	code, out, errs := sitrepSays("render", "--config.file="+signed, "--audience=board", "--kind=holding-2", "--out=eml")
	if code != exitOK {
		t.Fatalf("exit code %d\n%s", code, errs)
	}
	m, err := mail.ReadMessage(strings.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]string{
		"From": `"ICT-storingen Gemeente Voorbeeld" <ict-storingen@voorbeeld.example>`, "To": `"board" <board@example.org>`,
		"Subject": "Storing e-mail: geen nieuws (5)", "Date": "Mon, 23 Nov 2026 14:07:00 +0000", "List-Id": `"Gemeente Voorbeeld" <board.voorbeeld.example>`,
		"Auto-Submitted": "auto-generated", "In-Reply-To": "<example-SR-12-4-board@voorbeeld.example>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
	} {
		if got := m.Header.Get(field); got != want {
			t.Errorf("%s: %s, want %s", field, got, want)
		}
	}
	if !strings.Contains(m.Header.Get("DKIM-Signature"), "d=voorbeeld.example") || !strings.Contains(out, "\r\n") {
		t.Errorf("it is not signed, or not as it goes over the wire:\n%s", out)
	}
	// Several are a mailbox.
	_, out, _ = sitrepSays("render", "--data="+written(t, "friday.script", friday), "--audience=board", "--out=eml")
	if n := strings.Count(out, "\nFrom sitrep@example.org Fri Oct 23 "); !strings.HasPrefix(out, "From sitrep@example.org ") || n < 5 {
		t.Errorf("%d messages in\n%.500s", n, out)
	}
	if _, out, _ := sitrepSays("render", "--audience=staff", "--kind=announced", "--out=eml"); !strings.Contains(out, "text/calendar") {
		t.Errorf("no entry for the calendar:\n%s", out)
	}
}

// Each example is for whoever reads it by default.
func TestRenderEveryExample(t *testing.T) {
	s, err := openStudio("")
	if err != nil {
		t.Fatal(err)
	}
	all, err := s.examplesIn("nl")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		proofs, err := s.one(renderOptions{}, e.Views)
		if err != nil {
			t.Fatalf("%s: %v", e.Name, err)
		}
		for _, form := range []string{"text", "sms", "html", "eml"} {
			var out bytes.Buffer
			if err := s.write(&out, renderOptions{out: form}, proofs); err != nil {
				t.Errorf("%s as %s: %v", e.Name, form, err)
			}
			said, err := s.say(proofs[0], false, 0)
			if err != nil {
				t.Fatal(err)
			}
			whole := out.String()
			switch form {
			case "text":
				whole = strings.TrimPrefix(whole, "Subject: "+said.Subject+"\n\n"+said.Text)
			case "sms":
				whole = strings.TrimPrefix(whole, said.SMS+"\n")
			case "html":
				whole = strings.TrimPrefix(whole, said.HTML)
			case "eml":
				m, err := mail.ReadMessage(strings.NewReader(whole))
				if err != nil {
					t.Fatalf("%s: %v", e.Name, err)
				}
				if subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err == nil && subject == said.Subject {
					whole = ""
				}
			}
			if whole != "" || said.Subject == "" || said.Text == "" || said.SMS == "" || said.HTML == "" {
				t.Errorf("%s as %s: it is not what would be sent:\n%s", e.Name, form, out.String())
			}
		}
	}
	for _, k := range words.Kinds() {
		if aboutKind[k] == "" {
			t.Errorf("the gallery does not say what %s is for", k)
		}
	}
}
