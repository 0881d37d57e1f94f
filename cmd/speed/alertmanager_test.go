package speed

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"time"
)

// grouped is a configuration of Alertmanager in which each person is a group of
// his own, as those have it who tell many people by it.
const grouped = `
global: {smtp_smarthost: "%s", smtp_from: ict@voorbeeld.example, smtp_require_tls: false, smtp_hello: localhost}
route: {receiver: mail, group_by: [recipient], group_wait: 1s, group_interval: 1h, repeat_interval: 24h}
receivers:
  - name: mail
    email_configs: [{to: '{{ .GroupLabels.recipient }}', send_resolved: false}]
`

// alertmanager: the same number of mails by Alertmanager's own notifier, from the
// first mail to the last. Where there is no Alertmanager here, the row says so.
func alertmanager(b *bench) {
	what := fmt.Sprintf("email fan-out against Alertmanager's own, %d groups", *people)
	program, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		program, err = exec.LookPath("alertmanager")
	}
	if err != nil {
		b.add(line{what: what, figure: "not measured", limit: "there is no alertmanager on this machine", must: "15"})
		return
	}
	if b.emailed == 0 {
		got, _, _ := b.fanOut(50, 1, nil)
		b.emailed = middle(got)
	}
	var first atomic.Int64
	server := b.sink(func(s *sink) {
		s.told = func([]byte, arrival) { first.CompareAndSwap(0, time.Now().UnixNano()) }
	})
	dir := b.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(fmt.Sprintf(grouped, server.addr)), 0o600); err != nil {
		b.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.Command(program, "--config.file="+file, "--storage.path="+dir, "--web.listen-address="+addr, "--cluster.listen-address=", "--log.level=error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	b.until("Alertmanager is ready", time.Minute, func() bool {
		r, err := http.Get("http://" + addr + "/-/ready")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	var alerts bytes.Buffer
	for n := range *people {
		alerts.WriteByte("[,"[min(n, 1)])
		fmt.Fprintf(&alerts, `{"labels":{"alertname":"MailDown","service":"mail","severity":"critical","recipient":%q},"annotations":{"summary":%q}}`, mailbox(n), news)
	}
	alerts.WriteByte(']')
	r, err := http.Post("http://"+addr+"/api/v2/alerts", "application/json", &alerts)
	if err != nil || r.StatusCode != http.StatusOK {
		b.Fatalf("post alerts to Alertmanager: %v %v", r, err)
	}
	r.Body.Close()
	end := server.await(b, int64(*people), 10*time.Minute)
	rate := float64(*people) / end.Sub(time.Unix(0, first.Load())).Seconds()
	times := b.emailed / rate
	b.add(line{what, perSecond(b.emailed), "Alertmanager's own notifier " + perSecond(rate), two(times), "15", times >= 15})
}
