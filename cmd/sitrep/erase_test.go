package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// traces returns the files that hold an address in any form.
func traces(t *testing.T, dir string, addresses ...string) (files []string) {
	t.Helper()
	var forms []string
	for _, a := range addresses {
		quoted, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, strings.ToLower(a), strings.ToLower(string(quoted[1:len(quoted)-1])))
		for shift := range 3 { // wherever it stands in what is encoded
			b := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + a))
			forms = append(forms, strings.ToLower(b[4:len(b)-4]))
		}
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, f := range forms {
			if bytes.Contains(bytes.ToLower(data), []byte(f)) {
				files = append(files, path)
				break
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestEraseLeavesNoTrace(t *testing.T) {
	dir := anOutage(t)
	for _, a := range []string{"bestuurder@voorbeeld.example", "+31612345604", "it@voorbeeld.example"} {
		if traces(t, dir, a) == nil {
			t.Fatalf("%s is nowhere to begin with", a)
		}
	}
	code, out, errs := sitrepSays("erase", "Bestuurder@Voorbeeld.example", "--storage.path="+dir)
	if code != exitOK || !strings.HasPrefix(out, "erased: 1 recipient in 1 roster\n") || errs != "" {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if strings.Contains(strings.ToLower(out+errs), "bestuurder") {
		t.Errorf("it repeats the address:\n%s", out)
	}
	if left := traces(t, dir, "bestuurder@voorbeeld.example", "+31612345604", "Bestuurder"); left != nil {
		t.Errorf("something is left in %v", left)
	}
	for _, a := range []string{"it@voorbeeld.example", "councillor@voorbeeld.example", "+31612345605"} {
		if traces(t, dir, a) == nil {
			t.Errorf("%s is gone too", a)
		}
	}
	code, out, errs = sitrepSays("state", "verify", "--storage.path="+dir)
	if code != exitOK || !strings.Contains(out, "; 1 erased") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs = sitrepSays("erase", "bestuurder@voorbeeld.example", "--storage.path="+dir); code != exitOK || !strings.HasPrefix(out, "erased: 0 recipients in 0 rosters\n") {
		t.Errorf("again: exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs = sitrepSays("erase", "+31 6 1234-5605", "--storage.path="+dir); code != exitOK || traces(t, dir, "councillor@voorbeeld.example", "+31612345605") != nil {
		t.Errorf("another of the same roster: exit code %d\n%s%s", code, out, errs)
	}
	if code, out, errs = sitrepSays("state", "verify", "--storage.path="+dir); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func TestEraseKnowsAnAddress(t *testing.T) {
	for _, a := range []string{"0612345678", "Jan", "@voorbeeld.example", "Jan <jan@voorbeeld.example>", ""} {
		code, _, errs := sitrepSays("erase", a, "--storage.path="+t.TempDir())
		if code != exitUsage || !strings.Contains(errs, "hint:") || a != "" && strings.Contains(errs, a) {
			t.Errorf("%q: exit code %d, %s", a, code, errs)
		}
	}
}

// What people wrote into words cannot be taken out of them, and it says so.
func TestEraseSaysWhatItCannotReach(t *testing.T) {
	var dir string
	tell(t, func(t *testing.T, s *story) {
		dir = s.dir
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now(), summary: "ask manager@voorbeeld.example"})
		s.pass(20 * time.Minute)
	})
	code, out, errs := sitrepSays("erase", "manager@voorbeeld.example", "--storage.path="+dir)
	if code != exitError || !strings.Contains(errs, "facts: in an alert") || !strings.Contains(errs, "hint:") || strings.Contains(out+errs, "manager@") {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
	if left := traces(t, filepath.Join(dir, "nats", "jetstream", "$G", "streams", "SITREP_INBOX"), "manager@voorbeeld.example"); left != nil {
		t.Errorf("the inbox still holds it: %v", left)
	}
	// The inbox goes on where it was.
	if code, out, errs := sitrepSays("state", "verify", "--storage.path="+dir); code != exitOK {
		t.Errorf("exit code %d\n%s%s", code, out, errs)
	}
}

func (s *story) erase(addresses ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = runErase(context.Background(), storeAt{dir: s.dir}, []string{"-"}, strings.NewReader(strings.Join(addresses, "\n")), &out, &err)
	return code, out.String(), err.String()
}

// A mail waits for its server when its recipient is erased: he gets nothing more,
// and the part is finished for the others.
func TestEraseWhileAMailWaits(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.smtpDown(true)
		down := alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now(), summary: "no answer"}
		s.webhook(down)
		s.pass(16 * time.Minute)
		s.daemon.Stop()
		code, out, errs := s.erase("bestuurder@voorbeeld.example", "it@voorbeeld.example")
		if code != exitOK || !strings.HasPrefix(out, "erased: 2 recipients in 2 rosters\n") {
			t.Fatalf("exit code %d\n%s%s", code, out, errs)
		}
		config := strings.ReplaceAll(storyConfig, `      - {name: Bestuurder, email: bestuurder@voorbeeld.example, phone: "+31612345604"}`+"\n", "")
		s.configure(strings.ReplaceAll(config, "it@voorbeeld.example", "other@voorbeeld.example"))
		s.smtpDown(false)
		sms := len(s.twilio.Messages())
		s.start()
		s.pass(90 * time.Minute)
		down.ends = time.Now()
		s.webhook(down)
		s.pass(20 * time.Minute)
		got := map[string]int{}
		for _, m := range s.smtp.Messages() {
			got[m.To]++
		}
		if got["bestuurder@voorbeeld.example"]+got["it@voorbeeld.example"] > 0 || got["councillor@voorbeeld.example"] < 3 || got["other@voorbeeld.example"] < 2 {
			t.Errorf("mails %v", got)
		}
		for _, m := range s.twilio.Messages()[sms:] {
			if m.To == "+31612345604" {
				t.Error("he still gets an SMS")
			}
		}
		for _, a := range s.incident("SR-1").Audiences {
			if d := a.Deliveries; d.Planned != d.Accepted+d.Failed+d.Superseded {
				t.Errorf("%s: %+v", a.Name, d)
			}
		}
		s.daemon.Stop()
		synctest.Wait()
		if left := traces(t, s.dir, "bestuurder@voorbeeld.example", "+31612345604", "it@voorbeeld.example"); left != nil {
			t.Errorf("something is left in %v", left)
		}
		if code, out, errs := s.verify(); code != exitOK {
			t.Errorf("exit code %d\n%s%s", code, out, errs)
		}
		s.start()
	})
}

// Who is in the configuration all the same is told again, as the command says.
func TestEraseOfSomebodyWhoIsStillConfigured(t *testing.T) {
	t.Parallel()
	tell(t, func(t *testing.T, s *story) {
		s.webhook(alert{name: "MailDown", instance: "mx1", severity: "critical", starts: time.Now()})
		s.pass(10 * time.Minute)
		s.daemon.Stop()
		if code, out, errs := s.erase("it@voorbeeld.example"); code != exitOK || !strings.Contains(out, "told again") {
			t.Fatalf("exit code %d\n%s%s", code, out, errs)
		}
		before := len(s.smtp.Messages())
		s.start()
		s.pass(time.Hour)
		again := 0
		for _, m := range s.smtp.Messages()[before:] {
			if m.To == "it@voorbeeld.example" {
				again++
			}
		}
		if again == 0 {
			t.Error("he hears nothing, and nobody is told so")
		}
		s.daemon.Stop()
		if code, out, errs := s.verify(); code != exitOK {
			t.Errorf("exit code %d\n%s%s", code, out, errs)
		}
		s.start()
	})
}
