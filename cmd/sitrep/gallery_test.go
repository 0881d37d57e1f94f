package main

import (
	"cmp"
	"context"
	"fmt"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// elements are those of a page, by name, with the text of their attributes.
func elements(t *testing.T, page string) map[string][]map[string]string {
	t.Helper()
	all := map[string][]map[string]string{}
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			return all
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			attributes := map[string]string{}
			for _, a := range token.Attr {
				attributes[a.Key] = a.Val
			}
			all[token.Data] = append(all[token.Data], attributes)
		}
	}
}

// gallery is the page that a command line makes.
func gallery(t *testing.T, args ...string) (dir, page string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "gallery")
	code, out, errs := sitrepSays(append([]string{"render", "--all", "--out-dir=" + dir}, args...)...)
	if code != exitOK || errs != "" || !strings.Contains(out, "index.html: ") {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	text, err := os.ReadFile(filepath.Join(dir, "index.html"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, string(text)
}

func TestGallery(t *testing.T) {
	dir, page := gallery(t)
	if n := len(page); n > maxGallery {
		t.Errorf("%d bytes", n)
	}
	all := elements(t, page)
	files, err := filepath.Glob(filepath.Join(dir, "eml", "*.eml"))
	if err != nil {
		t.Fatal(err)
	}
	ids := map[string]bool{}
	articles := all["article"]
	for _, a := range articles {
		if ids[a["id"]] {
			t.Errorf("%s stands twice", a["id"])
		}
		ids[a["id"]] = true
	}
	// The script is text to the tokenizer: what stands in noscript is not.
	if n := len(articles); n < 300 || n != len(files) || strings.Count(page, "<noscript><iframe ") != n || strings.Count(page, "<noscript>") != n {
		t.Errorf("%d messages, %d files", n, len(files))
	}
	for _, section := range all["section"] {
		ids[section["id"]] = true
	}
	for _, link := range all["a"] {
		href := link["href"]
		if name, within := strings.CutPrefix(href, "#"); within && !ids[name] {
			t.Errorf("nothing is at %s", href)
		} else if !within {
			if _, err := os.Stat(filepath.Join(dir, href)); err != nil {
				t.Errorf("a link leads to %s: %v", href, err)
			}
		}
	}
	for _, want := range []string{
		`id="nl-holding-late-executive"`, `>holding.executive</code>`, `>change.holding.staff</code>`, `<code>holding.opening.2</code> <small>nl/holding.tmpl</small>`,
		`<option value="nl">Nederlands</option>`, `<option>communication</option>`, `<option>ailment</option>`, " septets, 1 segment",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if strings.Index(page, `id="nl-first"`) > strings.Index(page, `id="en-first"`) {
		t.Error("the configuration's language does not come first")
	}
	raw, err := os.Open(filepath.Join(dir, "eml", "en-closing-customer.eml"))
	if err != nil {
		t.Fatal(err)
	}
	defer raw.Close()
	if m, err := mail.ReadMessage(raw); err != nil || m.Header.Get("Subject") != "Email outage: over (9)" {
		t.Errorf("%v, %v", m, err)
	}
}

// A kind of reader hangs there once for each word by which such readers are called.
func TestGalleryCallsReadersAsTheConfigurationDoes(t *testing.T) {
	file := configWith(t, "  - name: board\n", "  - name: board\n    address: informal\n", "  - name: management\n", "  - name: management\n    reads: executive\n",
		"  - name: staff\n", "  - name: staff\n    address: informal\n")
	first := strings.NewReplacer(`"progress"`, `"first"`, `"number": 2`, `"number": 1`).Replace(sheet)
	_, page := gallery(t, "--config.file="+file, "--data="+written(t, "sheet.json", first))
	for id, want := range map[string]string{
		"nl-first-executive": "U krijgt", "nl-first-executive-informal": "Je krijgt",
	} {
		_, frame, _ := strings.Cut(page, `<article class="frame" id="`+id+`"`)
		frame, _, _ = strings.Cut(frame, "</article>")
		if !strings.Contains(frame, want) {
			t.Errorf("%s does not say %q:\n%.900s", id, want, frame)
		}
	}
	s, err := openStudio(file)
	if err != nil {
		t.Fatal(err)
	}
	for reads, want := range map[string][]bool{"executive": {false, true}, "staff": {true}, "technical": {false}, "management": {false}, "communication": {false}} {
		if got := s.called(reads); !slices.Equal(got, want) {
			t.Errorf("%s: informal %v, want %v", reads, got, want)
		}
	}
}

// One that is too large is split by language.
func TestGalleryOfManyPages(t *testing.T) {
	before := maxGallery
	defer func() { maxGallery = before }()
	maxGallery = 10_000
	dir, first := gallery(t, "--data="+written(t, "sheet.json", sheet))
	second, err := os.ReadFile(filepath.Join(dir, "index.en.html"))
	if err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string][]string{
		first: {`id="nl-progress-staff"`, `href="index.en.html"`, ">5 messages<"}, string(second): {`id="en-progress-staff"`, `href="index.html"`, ">5 messages<"},
	} {
		for _, w := range want {
			if !strings.Contains(page, w) {
				t.Errorf("a page lacks %s", w)
			}
		}
	}
	if strings.Contains(first, `id="en-`) || strings.Contains(string(second), `id="nl-`) {
		t.Error("a page holds what is on another")
	}
}

func TestGalleryOfARehearsal(t *testing.T) {
	_, page := gallery(t, "--data="+written(t, "friday.script", friday))
	for _, want := range []string{
		"What each reader would get of <code>friday.script</code>", "<h3>Fri 2026-10-23 17.25, 2: progress</h3>", "A storage array failed",
		`data-reader="board"`, `data-reader="communication"`, `data-reader="it"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
}

const hostile = `</iframe></noscript></template></script><script>top.pwned=1;parent.pwned=1;pwned=1</script><img src=//evil.example/x onerror=pwned=1>'\"><svg onload=pwned=1>{{.Lead}}`

// hostileSheet is a fact sheet of which every text would like to be more.
func hostileSheet(t *testing.T) string {
	return written(t, "evil.json", fmt.Sprintf(`{"kind": "progress", "number": 2, "now": "2026-11-23T14:10:00Z", "since": "2026-11-23T13:05:00Z", "next_before": "2026-11-23T15:00:00Z",
		"organisation": %q, "incident": %[1]q, "service": {"nl": %[1]q}, "severity": %[1]q, "lead": %[1]q, "words": %[1]q, "link": %[1]q,
		"account": {"impact": %[1]q, "workaround": %[1]q}, "alerts": [{"name": %[1]q, "summary": %[1]q, "instance": %[1]q, "firing": true}]}`, hostile))
}

// Whatever stands in a fact sheet, the page holds the elements that it holds of an
// ordinary one.
func TestGalleryHoldsHostileText(t *testing.T) {
	_, ordinary := gallery(t, "--data="+written(t, "sheet.json", sheet))
	_, evil := gallery(t, "--data="+hostileSheet(t))
	want, got := elements(t, ordinary), elements(t, evil)
	for _, name := range []string{"script", "img", "svg", "template", "noscript", "iframe", "style", "meta", "form", "object"} {
		if len(got[name]) != len(want[name]) {
			t.Errorf("%d elements %s, where %d are ours", len(got[name]), name, len(want[name]))
		}
	}
	for name, all := range got {
		for _, attributes := range all {
			for key := range attributes {
				if strings.HasPrefix(key, "on") {
					t.Errorf("<%s %s>", name, key)
				}
			}
		}
	}
	if strings.Contains(evil, "</noscript></template>") || strings.Count(evil, "</script>") != 1 {
		t.Error("a text ends an element")
	}
}

// TestGalleryInABrowser looks at the page as people do.
func TestGalleryInABrowser(t *testing.T) {
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = cmp.Or(path, found)
		}
	}
	if path == "" {
		t.Skip("there is no Chromium on this machine, by which the gallery is looked at")
	}
	dir, _ := gallery(t, "--data="+hostileSheet(t))
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("disable-gpu", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, options...)
	defer cancelBrowser()
	ctx, cancelTab := chromedp.NewContext(ctx)
	defer cancelTab()

	var mu sync.Mutex
	var wrong []string
	if err := chromedp.Listen(ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if u := e.Request.URL; !strings.HasPrefix(u, "file://"+dir+"/") && !strings.HasPrefix(u, "about:") && !strings.HasPrefix(u, "data:") {
				wrong = append(wrong, "it asks for "+u)
			}
		case *runtime.EventExceptionThrown:
			wrong = append(wrong, "its script fails: "+e.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	says := func(script string) string {
		t.Helper()
		said, err := chromedp.Run(ctx, chromedp.Evaluate[string]("(async () => String(await ("+script+")))()", chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		return said
	}
	for _, width := range []int64{360, 1280} {
		if err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+dir+"/index.html")); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ does, script, want string }{
			{"it makes the emails that are near", `new Promise(done => { const look = () => { const f = document.querySelector("iframe"); f && f.contentDocument.querySelector("h1") && f.style.height ? done("made") : setTimeout(look, 20); }; look(); })`, "made"},
			{"it does not scroll sideways", `document.documentElement.scrollWidth <= innerWidth`, "true"},
			{"no text runs", `typeof pwned + document.querySelectorAll("iframe[onload], img, svg").length`, "undefined0"},
			{"an email is as high as it is long", `(f => f.contentDocument.documentElement.scrollHeight <= f.clientHeight)(document.querySelector("iframe"))`, "true"},
			{"the emails are dark where the page is", `(document.getElementById("theme-dark").click(), new Promise(done => setTimeout(done, 100))).then(() => getComputedStyle(document.querySelector("iframe").contentDocument.body).backgroundColor)`, "rgb(20, 24, 29)"},
			{"and light", `(document.getElementById("theme-light").click(), new Promise(done => setTimeout(done, 100))).then(() => getComputedStyle(document.querySelector("iframe").contentDocument.body).backgroundColor)`, "rgb(238, 241, 244)"},
			{"a choice of language hides the other", `(s => { s.value = "en"; s.dispatchEvent(new Event("change")); return [document.getElementById("count").textContent, Array.from(document.querySelectorAll(".frame")).filter(f => f.checkVisibility()).every(f => f.dataset.language === "en"), document.querySelectorAll("nav li:not([hidden])").length]; })(document.querySelector("[data-by=language]"))`, "5 messages,true,1"},
			{"a choice of reader leaves one", `(s => { s.value = "staff"; s.dispatchEvent(new Event("change")); return document.getElementById("count").textContent; })(document.querySelector("[data-by=reader]"))`, "1 message"},
			{"nothing is wider than the page", `document.documentElement.scrollWidth <= innerWidth`, "true"},
		} {
			if got := says(c.script); got != c.want {
				t.Errorf("%d pixels: %s: %s, want %s", width, c.does, got, c.want)
			}
		}
	}
	if _, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("file://"+dir+"/index.html")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ does, script, want string }{
		{"each email is there", `document.querySelectorAll("iframe").length`, "10"},
		{"on a phone", `document.querySelector("iframe").clientWidth`, "375"},
		{"the contents are there", `document.querySelector("nav li a").checkVisibility()`, "true"},
		{"there is nothing to choose by what is not there", `document.querySelector(".filters").checkVisibility()`, "false"},
		{"on a desktop", `(document.getElementById("w640").checked = true, document.querySelector("iframe").clientWidth)`, "640"},
	} {
		if got := says(c.script); got != c.want {
			t.Errorf("without scripts: %s: %s, want %s", c.does, got, c.want)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(wrong)
	for _, w := range slices.Compact(wrong) {
		t.Error(w)
	}
}
