package bus

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// natsContext is a context of the nats command, as its files have it (NATS
// ADR-21). What a context may also hold, and does not matter here, is passed over.
type natsContext struct {
	URL         string `json:"url"`
	Token       string `json:"token"`
	User        string `json:"user"`
	Password    string `json:"password"`
	Creds       string `json:"creds"`
	NKey        string `json:"nkey"`
	Cert        string `json:"cert"`
	Key         string `json:"key"`
	CA          string `json:"ca"`
	NSC         string `json:"nsc"`
	Domain      string `json:"jetstream_domain"`
	APIPrefix   string `json:"jetstream_api_prefix"`
	InboxPrefix string `json:"inbox_prefix"`
	JWT         string `json:"user_jwt"`
	Seed        string `json:"user_seed"`
	TLSFirst    bool   `json:"tls_first"`
	Proxy       string `json:"socks_proxy"`
	WindowsCert string `json:"windows_cert_store"`
}

// readContext reads a context by its name, or by its file. Errors hold nothing of
// what is in it.
func readContext(name string) (c natsContext, err error) {
	file := name
	if !strings.ContainsRune(name, filepath.Separator) && filepath.Ext(name) != ".json" {
		home, err := contextHome()
		if err != nil {
			return c, fmt.Errorf("look for the NATS context %s: %w", name, err)
		}
		file = filepath.Join(home, "nats", "context", name+".json")
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return c, fmt.Errorf("there is no NATS context %s: no file %s\nhint: nats context ls lists those there are, of whoever says it", name, file)
	}
	if err != nil {
		return c, fmt.Errorf("read the NATS context: %w", err)
	}
	if json.Unmarshal(data, &c) != nil {
		return c, fmt.Errorf("the NATS context in %s is no JSON of the nats command", file)
	}
	for key, set := range map[string]bool{
		"nsc": c.NSC != "", "socks_proxy": c.Proxy != "", "windows_cert_store": c.WindowsCert != "",
	} {
		if set {
			return c, fmt.Errorf("the NATS context in %s has %s, which sitrep does not use\nhint: give it creds or nkey, and url", file, key)
		}
	}
	if c.URL == "" {
		c.URL = "nats://localhost:4222"
	}
	for _, path := range []*string{&c.Creds, &c.NKey, &c.Cert, &c.Key, &c.CA} {
		if rest, is := strings.CutPrefix(*path, "~/"); is {
			if home, err := os.UserHomeDir(); err == nil {
				*path = filepath.Join(home, rest)
			}
		}
	}
	return c, nil
}

// contextHome is the folder of the user's configuration, on every system as the nats
// command has it.
func contextHome() (string, error) {
	if dir := os.Getenv("XDG_CONFIG_HOME"); dir != "" {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(home, ".config"), nil
}
