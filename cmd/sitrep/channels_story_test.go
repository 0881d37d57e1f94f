package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/channels/channeltest"
	"sitrep/channels/email"
	"sitrep/policies"
)

// TestKeysOfTheChannels: what the configuration says of them is done by the daemon:
// mail is signed, by a mechanism that was named, and an SMS goes by the second account
// where the first is not let in.
func TestKeysOfTheChannels(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dkim.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	config := strings.Replace(storyConfig, "sessions: 2}", "sessions: 2, dkim: {domain: voorbeeld.example, selector: s1, private_key_file: "+file+"}}", 1)
	config = strings.Replace(config, `{provider: twilio, account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token: sesame, from: GemVoorbld, api_url: "http://twilio.example"}`,
		`{providers: [{account_sid: ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb, auth_token: other, from: Ander, api_url: "http://twilio.example"},
    {account_sid: ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa, auth_token: sesame, from: GemVoorbld, api_url: "http://twilio.example"}]}`, 1)
	tellWith(t, config, func(t *testing.T, s *story) {
		s.outageBegins()
		s.pass(16 * time.Minute)
		for _, m := range s.smtp.Messages() {
			if got := m.Header.Get("DKIM-Signature"); !strings.Contains(got, "d=voorbeeld.example") || !strings.Contains(got, "s=s1") {
				t.Errorf("the mail to %s is signed %q", m.To, got)
			}
		}
		if n := len(s.smtp.Messages()); n == 0 {
			t.Error("no mail")
		}
		got := s.twilio.Messages()
		if len(got) != 2 || got[0].From != "GemVoorbld" {
			t.Errorf("%d SMS: %+v", len(got), got)
		}
	})
}

// TestTheWordsForMechanisms: the configuration knows those that mail does.
func TestTheWordsForMechanisms(t *testing.T) {
	if got, want := strings.Join(policies.Mechanisms, " "), strings.Join(email.Mechanisms(), " "); got != want {
		t.Errorf("the configuration knows %q, mail %q", got, want)
	}
}

// TestTheCrier: that the store takes nothing is told past it, to whoever mends it.
func TestTheCrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := channeltest.NewPipeListener()
		server := channeltest.NewSMTP(l, channeltest.SMTPOptions{})
		defer server.Close()
		sender := email.New(email.Config{
			Smarthosts: []string{"127.0.0.1:25"}, From: mail.Address{Address: "ict@voorbeeld.example"}, Sessions: 1, Dial: l.Dial, Hostname: "sitrep.test",
		})
		defer sender.Close()
		pack, err := messages(&policies.Config{})
		if err != nil {
			t.Fatal(err)
		}
		c := &crier{pack: pack, key: channels.Key("key"), log: slog.New(slog.DiscardHandler), global: policies.Global{Organisation: "Gemeente Voorbeeld", TimeZone: time.UTC}}
		team := &policies.Team{Name: "resolution", Informal: true, Recipients: []policies.Recipient{
			{Name: "Piket", Email: "beheer@voorbeeld.example", Language: "nl", TimeZone: "Europe/Amsterdam"},
			{Name: "Phone only", Phone: "+31612345602", Language: "nl", TimeZone: "Europe/Amsterdam"},
		}}
		c.add(&policies.Config{Teams: []*policies.Team{{Name: "communication", Recipients: team.Recipients}, team}}, channels.Email, sender)
		c.store(context.Background(), time.Now().Add(-time.Minute), false)
		c.store(context.Background(), time.Now().Add(-time.Hour), true)
		box := server.Mailbox("beheer@voorbeeld.example")
		if len(box) != 2 || len(server.Messages()) != 2 || box[0].Subject != "Alarm: sitrep kan niets opslaan" || box[1].Subject != "Voorbij: sitrep kan weer opslaan" {
			t.Errorf("the team got %+v", box)
		}
		if len(box) == 2 && (!strings.Contains(box[0].Text, "Je krijgt bericht als het voorbij is.") || !strings.Contains(box[1].Text, "Je hoeft niets te doen.")) {
			t.Errorf("the team is not called by the familiar word:\n%s\n%s", box[0].Text, box[1].Text)
		}
		if len(box) > 0 && strings.ContainsAny(box[0].Text, "\x02\x03") {
			t.Errorf("slots are left in %q", box[0].Text)
		}
	})
}
