package policies

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const masked = "<secret>"

var (
	// keyOrWord finds what may be a key, also in a file that is no YAML, where
	// the colon may be missing.
	keyOrWord   = regexp.MustCompile(`([\w./-]+)["']?(?:\s*[:=]\s*|\s+)`)
	secretWords = regexp.MustCompile(`pass|pwd|secret|token|credential|apikey|api_key`)
	// userInfo is a password in an address.
	userInfo = regexp.MustCompile(`://[^/\s]*@`)
)

var secretKeys = []string{"auth_password", "auth_token", "token"}

// holdsSecret reports whether a key holds a secret or is a misspelt one that
// would. The file twins name no secret, and neither does the list of tokens.
func holdsSecret(key string) bool {
	key = strings.ToLower(key)
	if strings.HasSuffix(key, "_file") || key == "tokens" || strings.ContainsAny(key, "./") {
		return false
	}
	return secretWords.MatchString(key) || Nearest(key, secretKeys) != ""
}

// maskLine returns a source line (from 1) without the secrets in it. It judges
// by the text alone, so it also serves where the syntax is broken.
func maskLine(lines []string, number int) string {
	if number < 1 || number > len(lines) {
		return ""
	}
	line := lines[number-1]
	if continuesSecret(lines, number-1) {
		return masked
	}
	if end := secretFrom(line); end >= 0 {
		line = line[:end] + masked
	}
	return userInfo.ReplaceAllString(line, "://"+masked+"@")
}

// secretFrom returns where the value of the first secret key of a line begins;
// -1 where there is none.
func secretFrom(line string) int {
	for _, m := range keyOrWord.FindAllStringSubmatchIndex(line, -1) {
		if holdsSecret(line[m[2]:m[3]]) {
			return m[1]
		}
	}
	return -1
}

// continuesSecret reports whether the line at an index belongs to a value that
// began under a secret key further up.
func continuesSecret(lines []string, i int) bool {
	indent, item := indentation(lines[i])
	if strings.TrimSpace(lines[i]) == "" {
		return false
	}
	for i--; i >= 0; i-- {
		if strings.TrimSpace(lines[i]) == "" {
			continue
		}
		in, dash := indentation(lines[i])
		if in < indent || item && !dash && in == indent {
			return secretFrom(lines[i]+" ") >= 0
		}
	}
	return false
}

func indentation(line string) (spaces int, item bool) {
	trimmed := strings.TrimLeft(line, " \t")
	return len(line) - len(trimmed), strings.HasPrefix(trimmed, "-")
}

// secretsUnder collects the texts of a secret key's value, and their lines.
func secretsUnder(n ast.Node, found []string) []string {
	ast.Walk(scalars(func(s string) {
		found = append(found, s)
		for line := range strings.Lines(s) {
			found = append(found, strings.TrimSpace(line))
		}
	}), n)
	return found
}

type scalars func(string)

func (f scalars) Visit(n ast.Node) ast.Visitor {
	if s, ok := scalarText(n); ok {
		f(s)
	}
	return f
}

// maskAll takes known secrets out of a text, longest first, so that one secret
// inside another leaves no rest.
func maskAll(text string, secrets []string) string {
	for _, s := range secrets {
		text = strings.ReplaceAll(text, s, masked)
	}
	return text
}

// longestFirst drops what is too short to be told from ordinary text.
func longestFirst(secrets []string) []string {
	secrets = slices.DeleteFunc(secrets, func(s string) bool { return len(s) < 4 })
	slices.SortFunc(secrets, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(secrets)
}
