package speed

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"
	api "github.com/twilio/twilio-go/rest/api/v2010"
)

const (
	account = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	token   = "sesame"
)

// texting is a configuration in which many are told by SMS.
const texting = `
global: {organisation: Voorbeeld, language: en, time_zone: UTC}
channels: {sms: {provider: twilio, account_sid: %s, auth_token: %s, from: Voorbeeld, api_url: "%s", sessions: %d}}
services:
  - {name: mail, title: {en: email}, matchers: ['service="mail"'], threshold: [{firing_for: 1s}]}
audiences:
  - {name: staff, channels: [sms], recipients_files: [staff.csv]}
policies:
  - {name: all, updates: [{audience: staff, cadence: [{from: 0s, every: 10h}]}]}
`

func phone(n int) string { return fmt.Sprintf("+316%08d", 10000000+n) }

// provider takes every SMS and answers as Twilio does.
type provider struct {
	count, last atomic.Int64
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if user, password, ok := r.BasicAuth(); !ok || user != account || password != token || r.ParseForm() != nil || r.PostForm.Get("To") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	n := p.count.Add(1)
	fmt.Fprintf(w, `{"account_sid":%q,"api_version":"2010-04-01","body":%q,"date_created":"Thu, 24 Aug 2023 05:01:45 +0000","date_sent":null,"date_updated":"Thu, 24 Aug 2023 05:01:45 +0000",`+
		`"direction":"outbound-api","error_code":null,"error_message":null,"from":%q,"messaging_service_sid":null,"num_media":"0","num_segments":"1","price":null,"price_unit":"USD","sid":"SM%032x","status":"queued",`+
		`"subresource_uris":{"media":"/2010-04-01/Accounts/AC/Messages/SM/Media.json"},"to":%q,"uri":"/2010-04-01/Accounts/AC/Messages/SM.json"}`,
		account, r.PostForm.Get("Body"), r.PostForm.Get("From"), n, r.PostForm.Get("To"))
	p.last.Store(time.Now().UnixNano())
}

// texts: one update to many by SMS, 10 and 50 at once.
func texts(b *bench) {
	for _, sessions := range []int{10, 50} {
		p := &provider{}
		server := httptest.NewServer(p)
		s := b.sitrep(fmt.Sprintf(texting, account, token, server.URL, sessions))
		s.roster("staff.csv", *people, func(n int) string { return fmt.Sprintf("Person %d,,%s,en", n, phone(n)) })
		s.start()
		all := int64(*people)
		there := func(n int64) time.Time {
			b.until("the SMS are there", 5*time.Minute, func() bool { return p.count.Load() >= n })
			return time.Unix(0, p.last.Load())
		}
		s.post("/api/v1/incidents", map[string]any{"service": "mail", "severity": "critical"})
		there(all)
		s.reported(all)
		var got, bare []float64
		var cpu costs
		for n := range int64(*rounds) {
			at := p.count.Load()
			began, spent := time.Now(), s.cpu()
			s.post("/api/v1/incidents/SR-1/updates", map[string]any{"text": news})
			got = append(got, float64(all)/there(at+all).Sub(began).Seconds())
			s.reported((n + 2) * all)
			cpu.own += s.cpu() - spent
			var nanos int64
			cpu.other += b.result("twilio-go", twilioTerms{server.URL, sessions, *people}, &nanos)
			bare = append(bare, float64(all)/time.Duration(nanos).Seconds())
		}
		s.stop()
		server.Close()
		of := ratio(got, bare)
		b.add(line{
			fmt.Sprintf("SMS fan-out, %d recipients, %d at once", *people, sessions), perSecond(middle(got)),
			"twilio-go alone, enough idle connections " + perSecond(middle(bare)) + cpu.String(), two(of), "0.6", of >= .6,
		})
	}
}

type twilioTerms struct {
	Server           string
	Sessions, People int
}

// elsewhere sends what is for Twilio to the stand-in.
type elsewhere struct {
	host string
	http.RoundTripper
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Scheme, r.URL.Host = "http", e.host
	return e.RoundTripper.RoundTrip(r)
}

// playTwilioGo is twilio-go as somebody who wants it fast uses it: one client, and
// as many idle connections as calls at once.
func playTwilioGo(terms []byte) error {
	var t twilioTerms
	if err := json.Unmarshal(terms, &t); err != nil {
		return err
	}
	u, err := url.Parse(t.Server)
	if err != nil {
		return err
	}
	c := &client.Client{Credentials: client.NewCredentials(account, token), HTTPClient: &http.Client{
		Transport: elsewhere{u.Host, &http.Transport{MaxIdleConns: 0, MaxIdleConnsPerHost: t.Sessions}},
	}}
	c.SetAccountSid(account)
	service := api.NewApiServiceWithClient(c)
	body := "Voorbeeld: email: " + news
	var next atomic.Int64
	var wg sync.WaitGroup
	failed := make(chan error, t.Sessions)
	began := time.Now()
	for range t.Sessions {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < t.People; n = int(next.Add(1)) - 1 {
				if _, err := service.CreateMessage(new(api.CreateMessageParams).SetTo(phone(n)).SetFrom("Voorbeeld").SetBody(body)); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	took := time.Since(began)
	select {
	case err := <-failed:
		return err
	default:
		return say(took.Nanoseconds())
	}
}
