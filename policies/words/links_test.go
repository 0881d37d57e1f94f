package words

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestAddressesLeadToKnownHostsOnly(t *testing.T) {
	hosts := Hosts{"intranet.example.org", "*.voorbeeld.example"}
	for _, c := range []struct{ in, said, link string }{
		{"Lees https://intranet.example.org/storing.", "Lees https://intranet.example.org/storing.", "https://intranet.example.org/storing"},
		{"(HTTPS://Intranet.Example.ORG:8443/a?b=c)", "(HTTPS://Intranet.Example.ORG:8443/a?b=c)", "HTTPS://Intranet.Example.ORG:8443/a?b=c"},
		{"'https://intranet.example.org'.", "'https://intranet.example.org'.", "https://intranet.example.org"},
		{"http://hulp.voorbeeld.example", "http://hulp.voorbeeld.example", "http://hulp.voorbeeld.example"},
		{"http://voorbeeld.example", "voorbeeld[.]example", ""},
		{"http://evilvoorbeeld.example/x.y", "evilvoorbeeld[.]example/x.y", ""},
		{"https://intranet.example.org@evil.example/", "intranet[.]example[.]org@evil[.]example/", ""},
		{"https://x@intranet.example.org/", "x@intranet[.]example[.]org/", ""},
		{"https://intranet.example.org.evil.example/", "intranet[.]example[.]org[.]evil[.]example/", ""},
		{"https://evil.example/?intranet.example.org", "evil[.]example/?intranet.example.org", ""},
		{"https://intranet.example.org/'https://evil.example", "https://intranet.example.org/'evil[.]example", "https://intranet.example.org/"},
		{"https://intranet.example.org/a,evil.example", "https://intranet.example.org/a,evil[.]example", "https://intranet.example.org/a"},
		{"https://intranet.example.org'@evil.example/", "intranet[.]example[.]org'@evil[.]example/", ""},
		{`https://intranet.example.org\@evil.example/`, `intranet[.]example[.]org\@evil[.]example/`, ""},
		{"https://intranet.example.org:x@evil.example/", "intranet[.]example[.]org:x@evil[.]example/", ""},
		{"https://evil.com-.voorbeeld.example/", "evil[.]com-[.]voorbeeld[.]example/", ""},
		{"http://[::1]/x", "[::1]/x", ""},
		{"_https://evil.example, 1https://evil.example", "_https:evil[.]example, 1https:evil[.]example", ""},
		{"af.https://evil.example", "af[.]https:evil[.]example", ""},
		{"www.evil.example, of www.x", "www[.]evil[.]example, of www[.]x", ""},
		{"mailto:x@evil.example", "x@evil[.]example", ""},
		{"Mail evil.example/x, jan.jansen@evil.example", "Mail evil[.]example/x, jan[.]jansen@evil[.]example", ""},
		{"Mail jan.jansen@hulp.voorbeeld.example.", "Mail jan.jansen@hulp.voorbeeld.example.", ""},
		{"hulp.voorbeeld.example@evil.example", "hulp[.]voorbeeld[.]example@evil[.]example", ""},
		{"Op intranet.example.org/storing.html staat meer.", "Op intranet.example.org/storing.html staat meer.", ""},
		{"ftp://intranet.example.org/x", "intranet[.]example[.]org/x", ""},
		{"javascript://intranet.example.org/%0aalert(1)", "intranet[.]example[.]org/%0aalert(1)", ""},
		{"htt\u200bps://evil.example", "evil[.]example", ""},
		// Signs that an SMS writes as those of an address, or that programs read as such.
		{"https：//evil.example", "evil[.]example", ""},
		{"https:⁄⁄evil.example", "evil[.]example", ""},
		{"https:÷÷evil", "evil", ""},
		{"evil．example, evil。example, evil｡example en x＠evil.example", "evil[.]example, evil[.]example, evil[.]example en x@evil[.]example", ""},
		{"evil.\u0301example", "evil[.]example", ""},
		{"evil.🔥example", "evil[.]example", ""},
		{"https://хулп.example, xn--e1afmkfd.xn--p1ai, пример.рф", "хулп[.]example, xn--e1afmkfd[.]xn--p1ai, пример[.]рф", ""},
		// What is no address, or leads no stranger anywhere.
		{"db1:9100, 10.0.0.1:9100 of 14.30 uur, z.s.m. d.w.z. J.P. Jansen, versie 1.2.3, e.g. 5.7.8…", "db1:9100, 10.0.0.1:9100 of 14.30 uur, z.s.m. d.w.z. J.P. Jansen, versie 1.2.3, e.g. 5.7.8…", ""},
		{"45.33.32.156 en mx1.gemeente.example:9100", "45[.]33[.]32[.]156 en mx1[.]gemeente[.]example:9100", ""},
	} {
		said := hosts.clean(c.in, 200)
		link := ""
		for _, s := range hosts.spans(said) {
			link += s.Link
		}
		if said != c.said || link != c.link {
			t.Errorf("%q: %q leading to %q, want %q leading to %q", c.in, said, link, c.said, c.link)
		}
		if found := clickable(said+" "+GSM7(said), hosts); found != "" {
			t.Errorf("%q: %q may be clicked on", c.in, found)
		}
	}
}

// What is cut off an address must not make it lead elsewhere.
func TestACutAddressLeadsNowhere(t *testing.T) {
	hosts := Hosts{"*.voorbeeld.example"}
	const text = "Zie https://evil.co.voorbeeld.example/x en evil.com.voorbeeld.example voor meer"
	for n := range len(text) {
		for _, cut := range []string{hosts.clean(text, n), shorten(text, n), fitWords(text, func(s string) bool { return len(s) <= n })} {
			if found := clickable(cut+" "+GSM7(cut), hosts); found != "" {
				t.Errorf("%d: %q holds %q", n, cut, found)
			}
		}
	}
}

// What phones and mail programs make links of, as far as they are known to.
var (
	clickableScheme = regexp.MustCompile(`(?i)(?:https?|ftps?|rtsp|[a-z][a-z0-9+.-]*)://([^\s/?#<>"]+)`)
	clickableMail   = regexp.MustCompile(`(?i)[^\s@<>"]+@([\pL\pN_-]+(?:\.[\pL\pN_-]+)*\.\pL{2,})`)
	clickableHost   = regexp.MustCompile(`(?i)((?:[\pL\pN](?:[\pL\pN_-]*[\pL\pN])?\.)+(?:xn--[a-z0-9-]+|\pL{2,}))(?:$|[^\pL\pN.])`)
	aPathToo        = regexp.MustCompile(`^[/?#][A-Za-z0-9/?#&=%+:~._-]*`)
)

// clickable returns an address in a text that leads to none of the hosts; empty
// where there is none. It is another way of looking than that of Hosts.
func clickable(text string, hosts Hosts) string {
	known := func(host string) bool {
		host = strings.ToLower(strings.TrimRight(host, afterAddress))
		host, _, _ = strings.Cut(host, ":")
		return slices.ContainsFunc(hosts, func(h string) bool {
			return host == h || strings.HasPrefix(h, "*") && strings.HasSuffix(host, h[1:])
		})
	}
	// What leads to one of them is taken out first, with all that belongs to it.
	for _, kind := range []*regexp.Regexp{clickableScheme, clickableMail, clickableHost} {
		for _, m := range slices.Backward(kind.FindAllStringSubmatchIndex(text, -1)) {
			if from, to := m[0], m[3]; known(text[m[2]:to]) {
				text = text[:from] + " " + text[to+len(aPathToo.FindString(text[to:])):]
			}
		}
	}
	for _, kind := range []*regexp.Regexp{clickableScheme, clickableMail, clickableHost} {
		for _, m := range kind.FindAllStringSubmatch(text, -1) {
			if host := m[len(m)-1]; !known(host) {
				return m[0]
			}
		}
	}
	return ""
}

// Whatever somebody writes, no message holds an address that leads elsewhere, in an
// email or in an SMS.
func FuzzNoAddressLeadsElsewhere(f *testing.F) {
	hosts := Hosts{"intranet.example.org", "*.voorbeeld.example"}
	for _, s := range []string{
		"https：//evil.example", "https:⁄⁄evil．example/", "evil.example/x", "x@evil.example", "www.evil.example", "https://intranet.example.org'@evil/",
		"_https://evil", "1https://evil", "HTTPS://EVIL.EXAMPLE", "xn--e1afmkfd.xn--p1ai", "https://a.voorbeeld.example/'evil.example", "ht\u0301tps://evil",
		"https://intranet.example.org\\@evil.example", "evil.€example", "evil.\u0338com", "http:÷÷evil", "h×://evil", "a@b@evil.example", "mailto:mailto:x@evil.example",
		"https://intranet.example.org:80:evil.example", "http://http://evil.example", "a://://evil", "evil…example", "⒈evil.com", "ﬁ.ﬂﬂ", "evil.com_.voorbeeld.example",
		"intrAnet.eXAmple.org:00.AA", "intranet.example.org:80a.evil", "https://intranet.example.org:80.evil/",
	} {
		f.Add(s, 40)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = limit & 0xff
		for _, said := range []string{hosts.clean(s, limit), hosts.cleanText(s, limit)} {
			for _, cut := range []string{said, shorten(said, limit/2), clip(said, limit/3)} {
				if found := clickable(cut, hosts); found != "" {
					t.Errorf("%q: %q holds %q", s, cut, found)
				}
				if found := clickable(line(GSM7(cut)), hosts); found != "" {
					t.Errorf("%q: %q holds %q in an SMS", s, cut, found)
				}
			}
			if utf8.RuneCountInString(said) > limit {
				t.Errorf("%q: %q has more than %d runes", s, said, limit)
			}
			if again := hosts.clean(said, limit); !strings.Contains(said, "\n") && again != said {
				t.Errorf("%q: %q is %q when it is cleaned again", s, said, again)
			}
			var joined string
			for _, one := range hosts.spans(said) {
				joined += one.Text
			}
			if joined != said {
				t.Errorf("%q: its spans say %q", said, joined)
			}
		}
	})
}

func TestLinksInAMessage(t *testing.T) {
	p, err := Options{Hosts: Hosts{"intranet.example.org"}}.Parse(os.DirFS("../default/words"))
	if err != nil {
		t.Fatal(err)
	}
	v := outage(Progress, 2)
	text := "Zie https://intranet.example.org/a?b=1&c=2, niet http://evil.example/"
	v.Words, v.Known = map[string]string{"": text}, nil
	v.Account.Workaround = map[string]string{"": text}
	v.Alerts[0].Summary = text
	out, err := p.Render(v, Reader{Reads: "technical", Language: "nl"})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.HTML, `href="https://intranet.example.org/a?b=1&amp;c=2"`); n != 3 {
		t.Errorf("%d links, want one in the words, in the workaround and in the alert:\n%s", n, out.HTML)
	}
	for _, said := range []string{out.Text, out.HTML, out.SMS} {
		if strings.Contains(said, "http://evil") || !strings.Contains(said, "evil[.]example") {
			t.Errorf("an address that leads elsewhere:\n%s", said)
		}
	}
}
