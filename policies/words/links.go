package words

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Hosts are where an address in somebody's text may lead: host names, or
// "*.example.org" for all below that. Mail programs and phones make a link of
// whatever looks like an address, so one that leads elsewhere is written so that
// they do not.
type Hosts []string

// label is what stands between the dots of a host, in any script.
const label = `[\p{L}\p{N}\p{M}_-]+`

var (
	// anAddress is a scheme and the authority after it, or what may be a host.
	anAddress = regexp.MustCompile(`(?i)(?:([\p{L}\p{N}\p{M}_+.-]*)://+|(mailto:))([^\s/?#<>"]*)|(` + label + `(?:\.` + label + `)+)`)
	aScheme   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+-]*$`)
	aHost     = regexp.MustCompile(`^` + label + `(?:\.` + label + `)*`)
	aPort     = regexp.MustCompile(`^:[0-9]{1,5}`)
	// goesOn is what after a port says that it is none.
	goesOn = regexp.MustCompile(`^\.?` + label)
	// aPath is what surely belongs to an address: programs do not agree on more.
	aPath = regexp.MustCompile(`^[/?#][A-Za-z0-9/?#&=%+:~._-]*`)
	// soundLabel leaves no doubt where a host ends.
	soundLabel = regexp.MustCompile(`^[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?$`)
	// topLevel is what the last label of a host begins with. Programs do not agree on
	// where it ends, and so it is looked for in each.
	topLevel = regexp.MustCompile(`^\p{L}\p{M}*\p{L}`)
)

// afterAddress is what ends a sentence rather than an address.
const afterAddress = ".,;:!?)]}'\""

// hold reports whether a host is one of them.
func (h Hosts) hold(host string) bool {
	host = strings.ToLower(host)
	for l := range strings.SplitSeq(host, ".") {
		if !soundLabel.MatchString(l) {
			return false
		}
	}
	return slices.ContainsFunc(h, func(one string) bool {
		if below, all := strings.CutPrefix(one, "*"); all {
			return strings.HasSuffix(host, below) && len(host) > len(below)
		}
		return host == one
	})
}

// inviting reports whether programs take a name with dots in it for a host. A
// machine within a house's own network is none to outsiders.
func inviting(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return !ip.IsPrivate() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !ip.IsUnspecified()
	}
	_, rest, _ := strings.Cut(host, ".")
	return slices.ContainsFunc(strings.Split(rest, "."), topLevel.MatchString)
}

// span is a piece of text, and where it leads.
type span struct{ Text, Link string }

// spans cuts a text at the addresses that lead to one of the hosts. All others are
// written without their scheme, and with "[.]" for the dots of their host.
func (h Hosts) spans(s string) []span {
	var out []span
	text := func(t string) {
		if n := len(out); n > 0 && out[n-1].Link == "" {
			out[n-1].Text += t
		} else {
			out = append(out, span{Text: t})
		}
	}
	// elsewhere is up to where hosts stand of an authority that leads elsewhere.
	elsewhere := 0
	for at := 0; at < len(s); {
		m := anAddress.FindStringSubmatchIndex(s[at:])
		if m == nil {
			text(s[at:])
			break
		}
		for i := range m {
			if m[i] >= 0 {
				m[i] += at
			}
		}
		text(s[at:m[0]])
		switch {
		case m[8] >= 0:
			end := m[9]
			host := s[m[8]:end]
			switch {
			case m[8] >= elsewhere && h.plain(s, host, end):
				end += len(h.tail(s[end:]))
				text(s[m[8]:end])
			case m[8] < elsewhere || inviting(host) || strings.HasPrefix(strings.ToLower(host), "www."):
				text(strings.ReplaceAll(host, ".", "[.]"))
			default:
				text(host)
			}
			at = end
		case m[2] >= 0 && h.leads(s, m):
			end := m[6] + len(aHost.FindString(s[m[6]:]))
			end += len(h.tail(s[end:]))
			out = append(out, span{Text: s[m[0]:end], Link: s[m[0]:end]})
			at = end
		default: // the scheme is left out, and what follows is looked at as a host
			if at = m[6]; m[2] >= 0 {
				elsewhere = m[7]
				if word := s[m[2]:m[3]]; word != "" && !aScheme.MatchString(word) {
					text(strings.ReplaceAll(word, ".", "[.]") + ":")
				}
			}
		}
	}
	return out
}

// leads reports whether a scheme and its authority lead to one of the hosts, and
// nothing is there that could lead elsewhere: no user, no quote, no backslash.
func (h Hosts) leads(s string, m []int) bool {
	if scheme := strings.ToLower(s[m[0]:m[6]]); scheme != "https://" && scheme != "http://" {
		return false
	}
	authority := s[m[6]:m[7]]
	host := aHost.FindString(authority)
	if !h.hold(strings.TrimRight(host, ".")) {
		return false
	}
	rest := authority[len(host):]
	rest = rest[len(aPort.FindString(rest)):]
	end := m[7] == len(s) || strings.ContainsRune(" \n\t<>\"", rune(s[m[7]]))
	return rest == "" || end && strings.Trim(rest, afterAddress) == ""
}

// plain reports whether a host without a scheme is one of them and leads there, or
// is the name before a mail address that does.
func (h Hosts) plain(s, host string, end int) bool {
	if rest, mail := strings.CutPrefix(s[end:], "@"); mail {
		to := aHost.FindString(rest)
		return h.hold(to) && !strings.HasPrefix(rest[len(to):], "@")
	}
	return h.hold(host)
}

// tail is the port and the path of an address, less what ends a sentence.
func (h Hosts) tail(s string) string {
	port := aPort.FindString(s)
	if goesOn.MatchString(s[len(port):]) && port != "" { // it is a host of its own: "wiki.example.org:00.example"
		return ""
	}
	path := aPath.FindString(s[len(port):])
	return strings.TrimRight(port+path, afterAddress)
}

// disarm writes every address that leads elsewhere so that it leads nowhere.
func (h Hosts) disarm(s string) string {
	if !strings.ContainsAny(s, ".:") {
		return s
	}
	var b strings.Builder
	for _, one := range h.spans(s) {
		b.WriteString(one.Text)
	}
	return b.String()
}

// signs are what an address is made of beside letters and digits.
const signs = ".:/@\\?#"

// straight writes signs that look like those of an address as these: programs read
// them so, and an SMS would say them so. An ellipsis is none.
func straight(s string) string {
	if printable(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if d := norm.NFKC.String(string(r)); r > '~' && r != '…' && strings.ContainsAny(d, signs) {
			b.WriteString(d)
		} else if r == '。' || r == '｡' { // browsers take both for a dot
			b.WriteByte('.')
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// safe is a text without addresses that lead elsewhere, in an email or, as it is
// then written, in an SMS; of at most limit runes. What is cut may be an address
// again, and so it is looked at once more.
func (h Hosts) safe(s string, limit int) string {
	s = straight(s)
	for range 5 {
		next := clip(strings.TrimSpace(h.disarm(s)), limit)
		if told := GSM7(next); told != next && h.disarm(told) != told {
			next = strings.TrimSpace(told)
		}
		if next == s {
			return s
		}
		s = next
	}
	return clip(strings.Map(func(r rune) rune { return choose(strings.ContainsRune(signs, r), ' ', r) }, s), limit)
}

// clean is Clean, without addresses that lead elsewhere.
func (h Hosts) clean(s string, limit int) string { return h.safe(Clean(s, limit), limit) }

// cleanText is CleanText, without addresses that lead elsewhere.
func (h Hosts) cleanText(s string, limit int) string { return h.safe(CleanText(s, limit), limit) }

// whole cuts an address that a text ends with in its middle down to what leads
// nowhere: the rest of it may lead elsewhere than the whole did.
func whole(cut, rest string) string {
	if r, _ := utf8.DecodeRuneInString(rest); r == ' ' || r == '\n' {
		return cut
	}
	last := cut[strings.LastIndexAny(cut, " \n")+1:]
	if !strings.ContainsAny(last, ".:") || Hosts(nil).disarm(last) == last {
		return cut
	}
	return cut[:len(cut)-len(last)+strings.IndexAny(last, ".:@")]
}
