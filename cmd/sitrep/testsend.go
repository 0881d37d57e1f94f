package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"sitrep/channels"
	"sitrep/channels/email"
	"sitrep/channels/sms"
	"sitrep/policies"
	"sitrep/policies/words"
)

type testSendOptions struct {
	config   string
	to       string // an address, a number, or somebody's name
	audience string // or team
	channel  string
	language string

	// The world outside; nil is the real one.
	smtp   func(ctx context.Context, network, addr string) (net.Conn, error)
	twilio *http.Client
}

// testPatience is for one smarthost or provider: a mail server may look at a message
// for a while before it takes it.
const testPatience = 2 * time.Minute

func testSendCommand(app *kingpin.Application) (*kingpin.CmdClause, *testSendOptions) {
	o := &testSendOptions{}
	c := app.Command("test", "Try whether what the configuration says works.").
		Command("send", "Send one message, marked as a test, to one recipient, and say what each mail server or provider answered. No running sitrep is needed, and nothing is stored.")
	c.Flag("config.file", "The configuration file.").Default("sitrep.yml").StringVar(&o.config)
	c.Flag("to", "An email address, a phone number (+31612345678), or the name of a recipient of the configuration.").StringVar(&o.to)
	c.Flag("audience", "The audience or team that he belongs to; where it has one recipient, --to is not needed.").StringVar(&o.audience)
	c.Flag("channel", "By which channel: email or sms. Not needed with an address or a number.").EnumVar(&o.channel, channels.Email, channels.SMS)
	c.Flag("language", "In which language, as nl or en. (default: the recipient's)").StringVar(&o.language)
	return c, o
}

func runTestSend(ctx context.Context, o testSendOptions, stdout, stderr io.Writer) int {
	return ended(testSend(ctx, o, stdout), stderr)
}

func testSend(ctx context.Context, o testSendOptions, w io.Writer) error {
	cfg, err := loadConfig(o.config)
	if err != nil {
		return err
	}
	to, err := o.recipient(cfg)
	if err != nil {
		return err
	}
	doors, err := o.doors(cfg)
	if err != nil {
		return err
	}
	d, err := o.message(cfg, to)
	if err != nil {
		return err
	}
	what := map[string]string{channels.Email: "an email", channels.SMS: "an SMS"}[o.channel]
	fmt.Fprintf(w, "%s to %s, marked as a test\n", what, cmp.Or(to.Name, "the address given"))
	for _, door := range doors {
		done, err := door.try(ctx, d, w)
		if done || err != nil {
			return err
		}
	}
	return fmt.Errorf("the message was not sent: %s took it", map[bool]string{true: "nobody", false: "none of the " + fmt.Sprint(len(doors))}[len(doors) == 1])
}

// recipient finds out who gets it, and by which channel.
func (o *testSendOptions) recipient(cfg *policies.Config) (policies.Recipient, error) {
	if address, number := policies.Reach(o.to); o.to != "" && address+number != "" {
		channel := map[bool]string{true: channels.Email, false: channels.SMS}[address != ""]
		if o.channel != "" && o.channel != channel {
			return policies.Recipient{}, misused("leave out --channel", "what --to names is not reached by %s", o.channel)
		}
		if o.audience != "" {
			return policies.Recipient{}, misused("give an address, or somebody of an audience", "--to names an address, and --audience an audience")
		}
		o.channel = channel
		return policies.Recipient{Email: address, Phone: number, Language: cfg.Global.Language}, nil
	}
	people, err := o.people(cfg)
	if err != nil {
		return policies.Recipient{}, err
	}
	if o.channel == "" {
		return policies.Recipient{}, misused("add --channel=email or --channel=sms", "--channel says by which channel, and is not there")
	}
	var all []policies.Recipient
	for _, p := range people {
		same := func(r policies.Recipient) bool { return r.Address(o.channel) == p.Address(o.channel) }
		if (o.to == "" || strings.EqualFold(p.Name, o.to)) && p.Address(o.channel) != "" && !slices.ContainsFunc(all, same) {
			all = append(all, p)
		}
	}
	switch {
	case len(all) == 1:
		return all[0], nil
	case len(all) > 1 && o.to != "":
		return policies.Recipient{}, misused("add --audience, or give the address itself", "%d recipients who are reached by %s are called %q", len(all), o.channel, o.to)
	case len(all) > 1:
		return policies.Recipient{}, misused("name one with --to: "+strings.Join(namesOf(all), ", "), "%s has %d recipients who are reached by %s, and this is for one", o.audience, len(all), o.channel)
	case o.to != "":
		return policies.Recipient{}, misused("names stand in the configuration and its contact files", "nobody who is reached by %s is called %q, and it is no address and no number", o.channel, o.to)
	}
	return policies.Recipient{}, misused("try the other channel", "%s has nobody who is reached by %s", o.audience, o.channel)
}

// people are those whom --audience means; without it everybody.
func (o *testSendOptions) people(cfg *policies.Config) ([]policies.Recipient, error) {
	if o.to == "" && o.audience == "" {
		return nil, misused("--to=jan@example.org, --to=+31612345678, or --audience=NAME", "nobody is named who is to get it")
	}
	var all []policies.Recipient
	var names []string
	found := false
	add := func(name string, people []policies.Recipient) {
		names = append(names, name)
		if o.audience == "" || o.audience == name {
			found, all = true, append(all, people...)
		}
	}
	for _, a := range cfg.Audiences {
		add(a.Name, a.Recipients)
	}
	for _, t := range cfg.Teams {
		add(t.Name, t.Recipients)
	}
	if !found {
		return nil, misused("there are "+strings.Join(names, ", "), "no audience and no team is called %q", o.audience)
	}
	return all, nil
}

// namesOf are at most ten, less those who have none.
func namesOf(people []policies.Recipient) []string {
	var all []string
	for _, p := range people {
		if p.Name != "" && !slices.Contains(all, p.Name) {
			if len(all) == 10 {
				return append(all, "…")
			}
			all = append(all, p.Name)
		}
	}
	return all
}

// message is the test in the language of who gets it, or the nearest that there is.
func (o *testSendOptions) message(cfg *policies.Config, to policies.Recipient) (channels.Delivery, error) {
	pack, err := messages(cfg)
	if err != nil {
		return channels.Delivery{}, err
	}
	speech := pack.Speech(cmp.Or(o.language, to.Language, cfg.Global.Language), nil)
	say := func(what words.Reply) string { return speech.Say(what, "organisation", cfg.Global.Organisation) }
	d := channels.Delivery{
		ID: "test-" + strings.ToLower(rand.Text()), To: to.Address(o.channel), Name: to.Name, Language: speech.Language(), Since: time.Now(), Tries: 1,
		Subject: say(words.TestSubject), Text: say(words.TestText) + "\n",
	}
	if o.channel == channels.SMS {
		d.Text = words.ShortReply(say(words.TestSMS))
	}
	return d, nil
}

// door is one mail server or SMS account by which the message may leave.
type door struct {
	name    string
	channel string
	sender  interface {
		channels.Sender
		Close() error
	}
}

// doors are those that the configuration names, in its order.
func (o *testSendOptions) doors(cfg *policies.Config) ([]door, error) {
	var all []door
	switch {
	case o.channel == channels.Email && cfg.Email != nil:
		for _, host := range cfg.Email.Smarthosts {
			c := mailSender(cfg, o.smtp)
			c.Smarthosts = []string{host}
			all = append(all, door{host, channels.Email, email.New(c)})
		}
	case o.channel == channels.SMS && cfg.SMS != nil:
		for n, c := range smsSenders(cfg, o.twilio, nil) {
			c.StatusURL = "" // nobody waits for what becomes of it
			name := "twilio"
			if cfg.SMS.Others != nil {
				name = fmt.Sprintf("twilio, account %d", 1+n)
			}
			all = append(all, door{name, channels.SMS, sms.New(c)})
		}
	default:
		return nil, fmt.Errorf("the configuration has no channel %s\nhint: add channels.%s; policies/default/sitrep.yml is a worked example", o.channel, o.channel)
	}
	return all, nil
}

// try sends by one door, and prints what came of it. It is done where the message was
// taken, or where another try might bring it twice or is in vain.
func (d door) try(ctx context.Context, m channels.Delivery, w io.Writer) (done bool, err error) {
	defer d.sender.Close()
	ctx, cancel := context.WithTimeout(ctx, testPatience)
	defer cancel()
	began := time.Now()
	got, err := d.sender.Send(ctx, m)
	took := time.Since(began).Round(10 * time.Millisecond)
	if err == nil {
		fmt.Fprintf(w, "  %s: taken after %s", d.name, took)
		if got.Provider != "" {
			fmt.Fprintf(w, ", as %s", got.Provider)
		}
		fmt.Fprintf(w, "\n%s\n", map[string]string{
			channels.Email: "Whether it arrives, that mail server's log says. Look in the folder for spam too.",
			channels.SMS:   "Whether it arrives, the provider's log says.",
		}[d.channel])
		return true, nil
	}
	f := channels.Classify(err)
	fmt.Fprintf(w, "  %s: not taken after %s: %s\n", d.name, took, err)
	if h := advice(d.channel, f); h != "" {
		fmt.Fprintf(w, "    hint: %s\n", h)
	}
	switch {
	case f.Class == channels.ClassAmbiguous:
		return true, errors.New("nobody knows whether the message was taken, so it is not sent by another way")
	case f.Class == channels.ClassPermanent:
		return true, errors.New("the message was not sent: no other way would bring it there")
	}
	return false, nil
}
