package bus

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Cluster is where the streams are when others run the NATS servers: one, or
// several that are one cluster. Files are read when they are used.
type Cluster struct {
	Servers         []string // nats://host:4222; empty: those of the context, or the local one
	Context         string   // of the nats command: a name, or a file
	CredentialsFile string
	NKeyFile        string
	CAFile          string
	CertFile        string
	KeyFile         string
	ServerName      string // that certificates must be for; empty: the host's
	TLS             bool   // whatever the addresses say
	Replicas        int    // of each stream; 0: three on a cluster, else one
	// Unmanaged says that somebody else makes the streams and consumers.
	Unmanaged bool
	// Monitoring are the servers' monitoring addresses, http://host:8222; only there is
	// seen whether they write to the disk before they answer.
	Monitoring []string
}

const (
	// enough is the largest message that sitrep writes, with its headers.
	enough = 1 << 20
	// joinTimeout is how long a start tries to reach a server.
	joinTimeout = 30 * time.Second
	// A connection that is cut without a word is noticed after three of these.
	pingEvery = 5 * time.Second
)

// join connects to servers that others run. The connection lasts until Close, and
// comes back by itself for as long as that takes.
//
//	joined ──the server is gone──> cut: each write fails within five seconds
//	  ^                             │  for ever, twice a second: is one of them there?
//	  └─────────────────────────────┘  what was not stored is stored by who brought it
func (b *Bus) join(ctx context.Context) (err error) {
	d, err := b.cluster.dial()
	if err != nil {
		return err
	}
	options := append(d.options,
		nats.Name(strings.TrimSpace("sitrep "+b.name)),
		nats.MaxReconnects(-1), nats.ReconnectWait(500*time.Millisecond), nats.IgnoreAuthErrorAbort(),
		nats.PingInterval(pingEvery), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			b.cutAt.Store(time.Now().UnixNano())
			if err != nil || !b.closing.Load() {
				b.log.Warn("the connection to NATS is cut; nothing is taken until it is back", "err", err)
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) {
			b.log.Info("connected to NATS again", "server", c.ConnectedServerName())
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) {
			if errors.Is(err, nats.ErrPermissionViolation) {
				text := err.Error()
				b.refusal.Store(&text)
			}
			b.log.Warn("NATS reports an error", "err", err)
		}),
	)
	for began := time.Now(); ; {
		b.conn, err = nats.Connect(strings.Join(d.servers, ","), options...)
		if err == nil {
			break
		}
		if denied(err) || time.Since(began) > joinTimeout || ctx.Err() != nil {
			return fmt.Errorf("connect to NATS at %s: %w\nhint: %s", strings.Join(d.servers, ", "), err, reasonOf(err))
		}
		b.log.Warn("no NATS server answers yet; tried again", "servers", strings.Join(d.servers, ", "), "err", err)
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
	if most := b.conn.MaxPayload(); most < enough {
		return fmt.Errorf("the NATS server takes messages of at most %d bytes, and sitrep writes up to %d\nhint: set max_payload: 1MB, which is the server's default", most, enough)
	}
	b.js, err = d.stream(b.conn)
	if err != nil {
		return err
	}
	err = b.patiently(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, storeTimeout)
		defer cancel()
		_, err := b.js.AccountInfo(ctx)
		return err
	}, silent)
	if err != nil {
		switch {
		case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
			return fmt.Errorf("ask NATS for JetStream: %w\nhint: sitrep keeps everything in JetStream; enable it on the servers and for this account", err)
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrTimeout):
			return b.refused(fmt.Errorf("ask NATS for JetStream: %w", err))
		}
		return fmt.Errorf("ask NATS for JetStream: %w", err)
	}
	return nil
}

// refused adds what the server said that it does not allow: whoever asks for that
// hears nothing.
func (b *Bus) refused(err error) error {
	if err == nil {
		return nil
	}
	if text := b.refusal.Load(); text != nil {
		return fmt.Errorf("%w: %s\nhint: sitrep nats print says which permissions are needed", err, *text)
	}
	return err
}

// denied reports an error that trying again does not mend.
func denied(err error) bool {
	var unknown *tls.CertificateVerificationError
	return errors.Is(err, nats.ErrAuthorization) || errors.Is(err, nats.ErrAuthExpired) || errors.Is(err, nats.ErrAuthRevoked) ||
		errors.Is(err, nats.ErrSecureConnRequired) || errors.Is(err, nats.ErrSecureConnWanted) || errors.As(err, &unknown) ||
		errors.Is(err, nats.ErrNkeysNotSupported)
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, nats.ErrSecureConnRequired), errors.Is(err, nats.ErrSecureConnWanted), errors.As(err, new(*tls.CertificateVerificationError)):
		return "look at nats.tls, and whether the address begins with tls://"
	case denied(err):
		return "look at nats.credentials_file, nats.nkey_file or nats.context"
	}
	return "look at nats.url, and whether the servers run"
}

// dialling is how to connect.
type dialling struct {
	servers []string // without secrets
	options []nats.Option
	prefix  string // of the JetStream API
	domain  string
}

func (d dialling) stream(conn *nats.Conn) (jetstream.JetStream, error) {
	timeout := jetstream.WithDefaultTimeout(storeTimeout)
	switch {
	case d.prefix != "":
		return jetstream.NewWithAPIPrefix(conn, d.prefix, timeout)
	case d.domain != "":
		return jetstream.NewWithDomain(conn, d.domain, timeout)
	}
	return jetstream.New(conn, timeout)
}

// dial reads what is needed to connect. Its errors hold no secret.
func (c Cluster) dial() (d dialling, err error) {
	var of natsContext
	if c.Context != "" {
		if of, err = readContext(c.Context); err != nil {
			return d, err
		}
	}
	servers := c.Servers
	if len(servers) == 0 {
		servers = strings.Split(of.URL, ",")
	}
	add := func(o ...nats.Option) { d.options = append(d.options, o...) }
	for _, s := range servers {
		u, err := url.Parse(strings.TrimSpace(s))
		if err != nil || u.Host == "" {
			return d, errors.New("a NATS server's address cannot be read\nhint: write nats://host:4222") // and holds a password, perhaps
		}
		if u.User != nil { // which would stand in errors
			of.User = u.User.Username()
			of.Password, _ = u.User.Password()
			if of.Password == "" {
				of.User, of.Token = "", of.User
			}
			u.User = nil
		}
		d.servers = append(d.servers, u.String())
	}
	inbox := "_INBOX.sitrep"
	if of.InboxPrefix != "" {
		inbox = strings.TrimSuffix(of.InboxPrefix, ".")
	}
	add(nats.CustomInboxPrefix(inbox))
	switch {
	case c.CredentialsFile != "" || c.NKeyFile == "" && of.Creds != "":
		add(nats.UserCredentials(first(c.CredentialsFile, of.Creds)))
	case c.NKeyFile != "" || of.NKey != "":
		o, err := nats.NkeyOptionFromSeed(first(c.NKeyFile, of.NKey))
		if err != nil {
			return d, errors.New("the file of the NATS nkey holds no seed of a user, or cannot be read\nhint: it is one line that begins with SU; nk -gen user makes one")
		}
		add(o)
	case of.JWT != "":
		add(nats.UserJWTAndSeed(of.JWT, of.Seed))
	case of.User != "":
		add(nats.UserInfo(of.User, of.Password))
	case of.Token != "":
		add(nats.Token(of.Token))
	}
	if c.TLS { // before the others, which add to it
		add(nats.Secure(&tls.Config{ServerName: c.ServerName, MinVersion: tls.VersionTLS12}))
	}
	if ca := first(c.CAFile, of.CA); ca != "" {
		add(nats.RootCAs(ca))
	}
	if cert, key := first(c.CertFile, of.Cert), first(c.KeyFile, of.Key); cert != "" || key != "" {
		add(nats.ClientCert(cert, key))
	}
	if of.TLSFirst {
		add(nats.TLSHandshakeFirst())
	}
	d.prefix, d.domain = of.APIPrefix, of.Domain
	return d, nil
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

// replicas is how many copies of each stream are wanted.
func (b *Bus) replicas() int {
	switch {
	case b.cluster == nil:
		return 1
	case b.cluster.Replicas > 0:
		return b.cluster.Replicas
	case b.conn.ConnectedClusterName() != "": // how many servers it has is not told: one address may stand for all
		return 3
	}
	return 1
}

// connected reports whether a server hears this one.
func (b *Bus) connected() error {
	if !b.conn.IsConnected() {
		return errors.New("the connection to NATS is cut")
	}
	return nil
}

// cutSince reports whether it was cut after a moment.
func (b *Bus) cutSince(t time.Time) bool { return b.cutAt.Load() >= t.UnixNano() }

// publishAway tries for as long as a write may take, until its stream has a leader. While
// the connection is cut it does not: the client library would keep the message, and write
// it when the servers are back, hours after whoever brought it was told that it was not
// stored.
func (b *Bus) publishAway(ctx context.Context, msg *nats.Msg, opts []jetstream.PublishOpt) (*jetstream.PubAck, error) {
	opts = append(opts, jetstream.WithRetryAttempts(0))
	for left := storeTimeout; ; left -= jetstream.DefaultPubRetryWait {
		if err := b.connected(); err != nil {
			return nil, err
		}
		ack, err := b.js.PublishMsg(ctx, msg, opts...)
		if !errors.Is(err, jetstream.ErrNoStreamResponse) || left <= 0 || rest(ctx, jetstream.DefaultPubRetryWait) != nil {
			return ack, err
		}
	}
}
