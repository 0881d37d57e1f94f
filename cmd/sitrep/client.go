package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/goccy/go-yaml"
	commoncfg "github.com/prometheus/common/config"
)

// clientOptions say where a running sitrep is, and how to show what it answers.
type clientOptions struct {
	file, url, tokenFile, httpFile, output string
}

// clientFile is what somebody does not want to write each time.
type clientFile struct {
	URL       string `yaml:"url"`
	TokenFile string `yaml:"token_file"`
	HTTPFile  string `yaml:"http_config_file"`
	Output    string `yaml:"output"`
}

const (
	defaultURL   = "http://127.0.0.1:8420"
	outputTable  = "table"
	outputJSON   = "json"
	answerLimit  = 64 << 20
	callPatience = 30 * time.Second // an override is answered within fifteen seconds
)

// flags adds what all commands of a client take.
func (o *clientOptions) flags(c *kingpin.CmdClause) {
	c.Flag("client.config", "Where url, token_file, http_config_file and output stand, so that they need not be given; by default sitrep/client.yml in your configuration folder.").PlaceHolder("FILE").StringVar(&o.file)
	c.Flag("url", "Where sitrep answers. (default "+defaultURL+")").StringVar(&o.url)
	c.Flag("token-file", "The file that holds your token.").PlaceHolder("FILE").StringVar(&o.tokenFile)
	c.Flag("http.config.file", "Prometheus' HTTP client configuration: certificates, proxy, basic auth.").PlaceHolder("FILE").StringVar(&o.httpFile)
	c.Flag("output", "How to print: table or json.").Short('o').EnumVar(&o.output, outputTable, outputJSON)
}

// client calls a running sitrep.
type client struct {
	base   string
	http   *http.Client
	asJSON bool
}

// open reads the client's configuration. An error is about the command line.
func (o clientOptions) open() (*client, error) {
	named := o.file != ""
	if !named {
		if dir, err := os.UserConfigDir(); err == nil {
			o.file = filepath.Join(dir, "sitrep", "client.yml")
		}
	}
	file := clientFile{}
	data, err := os.ReadFile(o.file)
	switch {
	case err == nil:
		if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
			return nil, fmt.Errorf("read %s: %s\nhint: it may hold url, token_file, http_config_file and output", o.file, yaml.FormatError(err, false, false))
		}
		beside := func(name string) string {
			if name == "" || filepath.IsAbs(name) {
				return name
			}
			return filepath.Join(filepath.Dir(o.file), name)
		}
		file.TokenFile, file.HTTPFile = beside(file.TokenFile), beside(file.HTTPFile)
	case named || !errors.Is(err, fs.ErrNotExist) && o.file != "":
		return nil, fmt.Errorf("read the client's configuration: %w", err)
	}
	out := cmp.Or(o.output, file.Output, outputTable)
	if out != outputTable && out != outputJSON {
		return nil, fmt.Errorf("%s: output is %q\nhint: table or json", o.file, out)
	}
	base, err := url.Parse(cmp.Or(o.url, file.URL, defaultURL))
	if err != nil || base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("%q is no address of sitrep\nhint: write it as %s", cmp.Or(o.url, file.URL), defaultURL)
	}
	config := &commoncfg.HTTPClientConfig{FollowRedirects: false, EnableHTTP2: true}
	if name := cmp.Or(o.httpFile, file.HTTPFile); name != "" {
		if config, _, err = commoncfg.LoadHTTPConfigFile(name); err != nil {
			return nil, fmt.Errorf("read the HTTP client's configuration: %w", err)
		}
	}
	if name := cmp.Or(o.tokenFile, file.TokenFile); name != "" {
		config.Authorization = &commoncfg.Authorization{Type: "Bearer", CredentialsFile: name}
		if _, err := os.ReadFile(name); err != nil {
			return nil, fmt.Errorf("read the token: %w", err)
		}
	}
	h, err := commoncfg.NewClientFromConfig(*config, "sitrep")
	if err != nil {
		return nil, fmt.Errorf("make the HTTP client: %w", err)
	}
	h.Timeout = callPatience
	return &client{base: strings.TrimRight(base.String(), "/"), http: h, asJSON: out == outputJSON}, nil
}

// refused is an answer that says no.
type refused struct {
	status int
	text   string
}

func (e *refused) Error() string { return e.text }

// call sends a request, and decodes the answer into a value; nil: nobody wants it.
func (c *client) call(ctx context.Context, method, path string, body, into any) (raw []byte, err error) {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return nil, err
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	r.Header.Set("Accept", "application/json, application/problem+json")
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("sitrep cannot be reached: %w\nhint: --url says where it is", err)
	}
	defer answer.Body.Close()
	raw, err = io.ReadAll(io.LimitReader(answer.Body, answerLimit))
	if err != nil {
		return nil, fmt.Errorf("read sitrep's answer: %w", err)
	}
	if answer.StatusCode/100 != 2 {
		return nil, problem(answer.StatusCode, raw)
	}
	if into != nil {
		if err := json.Unmarshal(raw, into); err != nil {
			return nil, fmt.Errorf("sitrep's answer is not understood: %w\nhint: is it sitrep that answers at %s, and of this version?", err, c.base)
		}
	}
	return raw, nil
}

// ready asks whether sitrep can do its work.
func ready(ctx context.Context, c *client, _ io.Reader, out io.Writer) error {
	_, err := c.call(ctx, http.MethodGet, "/-/ready", nil, nil)
	var no *refused
	switch {
	case errors.As(err, &no) && no.status == http.StatusServiceUnavailable:
		return errors.New("sitrep cannot do its work: its log says why\nhint: look at the space on its disk first")
	case err != nil:
		return err
	}
	fmt.Fprintln(out, "ready")
	return nil
}

// problem says why an answer says no (RFC 9457).
func problem(status int, raw []byte) error {
	var p struct {
		Title, Detail string
		Errors        []struct{ Message, Location string }
	}
	if json.Unmarshal(raw, &p) != nil || p.Detail == "" && p.Title == "" {
		return &refused{status, fmt.Sprintf("it was answered %d %s", status, http.StatusText(status))}
	}
	text := plainly(cmp.Or(p.Detail, p.Title))
	for _, e := range p.Errors {
		text += "\n  " + plainly(e.Location) + ": " + plainly(e.Message)
	}
	switch status {
	case http.StatusUnauthorized:
		text += "\nhint: --token-file names the file that holds your token"
	case http.StatusServiceUnavailable:
		text += "\nhint: look at the incident before you send it again"
	}
	return &refused{status, text}
}
