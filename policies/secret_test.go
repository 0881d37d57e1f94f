package policies

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// No spelling, no place and no mistake brings a secret into a text.
func TestSecretsStayHidden(t *testing.T) {
	for _, c := range []struct{ old, new string }{
		{"auth_token: very-secret-token", "auth_token: " + hidden + "\n    auth_token_file: token"},
		{"auth_token: very-secret-token", "auth_token: \"" + hidden},
		{"auth_token: very-secret-token", "auth_token: '" + hidden + "\n      more'\n    auth_token_file: token"},
		{"auth_token: very-secret-token", "auth_token: [" + hidden + "]"},
		{"auth_token: very-secret-token", "auth_token: [" + hidden},
		{"auth_token: very-secret-token", "auth_token:\n      x: " + hidden},
		{"auth_token: very-secret-token", "auth_token: |\n      " + hidden + "\n      more"},
		{"auth_token: very-secret-token", "auth_token: !!int " + hidden},
		{"auth_token: very-secret-token", "authtoken: " + hidden},
		{"auth_token: very-secret-token", "auth-tokn: " + hidden},
		{"auth_token: very-secret-token", "password: " + hidden},
		{"auth_token: very-secret-token", "auth_token " + hidden},
		{"auth_token: very-secret-token", "auth_token=" + hidden},
		{"auth_token: very-secret-token", "auth_token: \"" + hidden + "\\u0007\""},
		{"auth_token: very-secret-token\n    from: \"GemVoorbld\"", "auth_token: &t " + hidden + "\n    from: *t"},
		{"auth_token: very-secret-token\n    from: \"GemVoorbld\"", "from: &t " + hidden + "\n    auth_token: *t"},
		{"role: responder, token_file: token", "role: boss, token: " + hidden},
		{"role: responder, token_file: token", "token: \"a, " + hidden + "\", role: boss"},
		{"role: responder, token_file: token", "token: \"" + hidden + "\", role: boss, more: {"},
		{"nats:", "nats: {url: \"nats://me:" + hidden + "@n1\"}"},
		{"https://sitrep.example", "https://me:" + hidden + "@sitrep.example"},
		{"role: responder, token_file: token", "role: boss, token_file: leaky"},
		{"auth_password_file: smtp-password", "auth_password_file: leaky\n    auth_password: x"},
	} {
		files := mistake{changes: []change{{c.old, c.new}}}.base(t)
		files["leaky"] = []byte(hidden)
		_, err := Load("sitrep.yml", readFrom(files))
		if err == nil {
			t.Errorf("%q: no error", c.new)
			continue
		}
		if problems, _ := errors.AsType[Problems](err); strings.Contains(err.Error(), hidden) || strings.Contains(fmt.Sprintf("%+v", problems), hidden) {
			t.Errorf("%q shows the secret:\n%s", c.new, err)
		}
	}
}

func TestConfigPrintsNoSecret(t *testing.T) {
	files := mistake{changes: []change{
		{"auth_token: very-secret-token", "auth_token: " + hidden}, {"token_file: token", "token: " + hidden},
		{"auth_password_file: smtp-password", "auth_password: " + hidden},
	}}.base(t)
	cfg, err := Load("sitrep.yml", readFrom(files))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.SMS.AuthToken.Value() != hidden || cfg.Access.Tokens[0].Token.Value() != hidden || cfg.Email.Password.Value() != hidden {
		t.Fatal("the secrets were not read")
	}
	encoded, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	printed := string(encoded)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, part := range []any{cfg, *cfg, *cfg.SMS, *cfg.Email, cfg.Access.Tokens, cfg.SMS.AuthToken, &cfg.SMS.AuthToken} {
			printed += fmt.Sprintf(verb, part)
		}
	}
	if strings.Contains(printed, hidden) || strings.Contains(printed, fmt.Sprintf("%x", hidden)) {
		t.Error("a secret was printed")
	}
	if !strings.Contains(string(encoded), "<secret>") && !strings.Contains(string(encoded), `\u003csecret\u003e`) {
		t.Errorf("encoded: %s", encoded)
	}
}

// A secret keeps its spaces; only the line break of a block text goes.
func TestSecretAsWritten(t *testing.T) {
	for written, want := range map[string]string{`" ab cd "`: " ab cd ", "|\n      abcd": "abcd", "0123": "0123"} {
		m := mistake{changes: []change{{"auth_token: very-secret-token", "auth_token: " + written}}}
		cfg, err := Load("sitrep.yml", readFrom(m.base(t)))
		if err != nil || cfg.SMS.AuthToken.Value() != want {
			t.Errorf("%q: %v", written, err)
		}
	}
}
