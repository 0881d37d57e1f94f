package words

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	wire "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "write a picture of each email to this folder")

// widths are those of the smallest phone, an ordinary one, and a desktop.
var widths = []int{320, 375, 1024}

// atOnce is how many emails are looked at in one load of the page.
const atOnce = 40

//go:embed testdata/pictures.js
var picturesScript string

// picture is an email to look at.
type picture struct {
	Name string `json:"name"`
	HTML string `json:"html"`
}

// blemish is what is wrong with one.
type blemish struct {
	Name  string `json:"name"`
	Fault string `json:"fault"`
}

// TestPictures opens each email in a browser, light and dark.
func TestPictures(t *testing.T) {
	b := openBrowser(t)
	faults := map[string][]string{} // fault: where
	emails := everyEmail(t)
	if fewer {
		emails = emails[:atOnce]
	}
	for chunk := range slices.Chunk(emails, atOnce) {
		b.show(t, chunk)
		for _, scheme := range []string{"light", "dark"} {
			b.prefer(t, scheme)
			for _, width := range widths {
				for _, f := range b.inspect(t, width) {
					faults[f.Fault] = append(faults[f.Fault], fmt.Sprintf("%s, %d pixels, %s", f.Name, width, scheme))
				}
				if *pictures != "" {
					b.shoot(t, fmt.Sprintf("%d-%s", width, scheme))
				}
			}
		}
	}
	for fault, where := range faults {
		t.Errorf("%s\n\tin %d places, among them %s", fault, len(where), strings.Join(where[:min(len(where), 3)], "; "))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, url := range b.asked {
		t.Errorf("an email asks for %s", url)
	}
}

// Faults that the script is to find, each alone.
func TestPicturesFindFaults(t *testing.T) {
	b := openBrowser(t)
	const sound = `<html lang="nl"><body style="margin:0;background-color:#ffffff;color:#000000;font-size:16px"><table role="presentation"><tr><td><p>%s</p></td></tr></table></body></html>`
	text := func(s string) string { return fmt.Sprintf(sound, s) }
	b.show(t, []picture{
		{"sound", text("Een storing.")},
		{"wide", text(`<span style="display:inline-block;width:330px">Een storing.</span>`)},
		{"small", text(`<span style="font-size:13px">Een storing.</span>`)},
		{"smallish", text(`<span style="font-size:15px">Een storing.</span>`)},
		{"pale", text(`<span style="color:#888888">Een storing.</span>`)},
		{"pale below", text(`<span style="background-color:#777777">Een <b style="color:rgba(0,0,0,.9)">storing</b>.</span>`)},
		{"no language", strings.Replace(text("Een storing."), ` lang="nl"`, "", 1)},
		{"a table of data", strings.Replace(text("Een storing."), ` role="presentation"`, "", 1)},
		{"an image", text(`Een <img alt="">storing.`)},
		{"a background", text(`<span style="background-image:url(https://example.org/x.png)">Een storing.</span>`)},
		{"shows what is hidden", strings.Replace(text("Een storing."), "<table", `<div style="max-height:0">Voorvertoning</div><table`, 1)},
		{"a broad column", text(`Een storing met heel veel woorden, die in een kolom staan die breder is dan iemand kan lezen zonder de regel kwijt te raken, zeker niet op een groot scherm.`)},
	})
	b.prefer(t, "light")
	got := map[string]string{}
	for _, width := range widths {
		for _, f := range b.inspect(t, width) {
			if !strings.Contains(got[f.Name], f.Fault) {
				got[f.Name] += f.Fault + "\n"
			}
		}
	}
	for name, want := range map[string]string{
		"sound": "", "wide": "it scrolls sideways", "small": "text of 13 pixels", "smallish": "text of 15 pixels", "pale": "contrast of 3.5",
		"pale below": "contrast of 4.", "no language": "no language", "a table of data": "a table is not", "an image": "an image",
		"a background": "an image behind", "shows what is hidden": "is not hidden", "a broad column": "a column of",
	} {
		if (got[name] == "") != (want == "") || !strings.Contains(got[name], want) {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if want := "https://example.org/x.png"; !slices.Contains(b.asked, want) {
		t.Errorf("asked for %v, and %s is not in it", b.asked, want)
	}
}

// everyEmail is each kind as three readers get it, what the teams get, and the worst
// that can stand in them.
func everyEmail(t *testing.T) []picture {
	t.Helper()
	p, err := mine(t, Options{Hosts: Hosts{"example.org"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []picture
	add := func(name string, pieces []Piece, r Reader) {
		out, err := p.tellAll(pieces, r)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, picture{r.Language + "-" + name, Fill(out.HTML, map[string]string{SlotLate: out.Phrases[SlotLate], SlotMissed: strings.ReplaceAll(out.Phrases[SlotMissed], count, "3")})})
	}
	readers := append([]string{"executive", "technical", "customer"}, teams...)
	for _, code := range p.Languages() {
		r := Reader{Language: code, Zone: zone(t, "Europe/Amsterdam")}
		examples, err := p.Examples(Scene{Quoted: r})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range examples {
			for _, reads := range e.Readers() {
				if slices.Contains(readers, reads) {
					add(e.Name+"-"+reads, e.Pieces(Reader{Reads: reads}), r)
				}
			}
		}
	}
	worst := []string{"names of 400 letters", "names of 400 letters in words", "hostile text", "signs only", "an exercise"}
	for i, kind := range slices.Concat(kinds, teamKinds) {
		r := Reader{Language: p.Languages()[i%2], Zone: time.UTC}
		reads := "technical"
		if slices.Contains(teamKinds, kind) {
			reads = teams[i%2]
		}
		for _, c := range worstCases(kind) {
			if slices.Contains(worst, c.name) {
				add(fmt.Sprintf("%s-%s-%s", kind, reads, c.name), []Piece{{View: c.view, Reads: reads}}, r)
			}
		}
	}
	for _, c := range worstPieces("technical") {
		if slices.Contains(worst, c.name) {
			add("combined-"+c.name, c.pieces, Reader{Language: "nl", Zone: time.UTC})
		}
	}
	return all
}

// browser is one tab in which nothing can be loaded.
type browser struct {
	ctx context.Context

	mu    sync.Mutex
	asked []string // addresses outside
}

func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = cmp.Or(path, found)
		}
	}
	if path == "" {
		t.Skip("there is no Chromium on this machine, by which emails are looked at")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Flag("disable-gpu", true), chromedp.Flag("hide-scrollbars", true))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	patience := 4 * time.Minute
	if *pictures != "" {
		patience = time.Hour
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	ctx, cancelBrowser := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancelBrowser)
	ctx, cancelTab := chromedp.NewContext(ctx)
	t.Cleanup(cancelTab)
	b := &browser{ctx: ctx}
	if err := chromedp.Listen(ctx, func(event any) {
		if e, is := event.(*wire.EventRequestWillBeSent); is && !strings.HasPrefix(e.Request.URL, "data:") && !strings.HasPrefix(e.Request.URL, "about:") {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.asked = append(b.asked, e.Request.URL)
		}
	}); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	if _, err := chromedp.Call(ctx, wire.SetBlockedURLs, wire.SetBlockedURLsParams{URLPatterns: []*wire.BlockPattern{{URLPattern: "*://*:*/*", Block: true}}}); err != nil {
		t.Fatal(err)
	}
	b.do(t, chromedp.Navigate("about:blank"))
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](picturesScript+";0")); err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *browser) do(t *testing.T, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

// evaluate runs a script, and reads what it comes to, as JSON.
func (b *browser) evaluate(t *testing.T, script string, into any) {
	t.Helper()
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("Promise.resolve("+script+").then(JSON.stringify)", chromedp.EvalAwaitPromise))
	if err == nil && into != nil {
		err = json.Unmarshal([]byte(text), into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// show opens emails, each in a frame of its own.
func (b *browser) show(t *testing.T, all []picture) {
	t.Helper()
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	b.evaluate(t, fmt.Sprintf("show(%s)", text), nil)
}

// prefer is a person's choice of light or dark.
func (b *browser) prefer(t *testing.T, scheme string) {
	t.Helper()
	feature := emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{&feature}}); err != nil {
		t.Fatal(err)
	}
	dark := false
	b.evaluate(t, "allDark()", &dark)
	if dark != (scheme == "dark") {
		t.Fatalf("the emails are not %s", scheme)
	}
}

// inspect says what is wrong with what is shown, at a width.
func (b *browser) inspect(t *testing.T, width int) (all []blemish) {
	t.Helper()
	b.evaluate(t, fmt.Sprintf("inspectAll(%d)", width), &all)
	return all
}

// shoot writes a picture of each email that is shown.
func (b *browser) shoot(t *testing.T, as string) {
	t.Helper()
	if err := os.MkdirAll(*pictures, 0o755); err != nil {
		t.Fatal(err)
	}
	var places []struct {
		Name                string
		X, Y, Width, Height float64
	}
	b.evaluate(t, "places()", &places)
	beyond := true
	for _, p := range places {
		got, err := chromedp.Call(b.ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
			Clip: &page.Viewport{X: p.X, Y: p.Y, Width: p.Width, Height: p.Height, Scale: 1}, CaptureBeyondViewport: &beyond,
		})
		if err != nil {
			t.Fatal(err)
		}
		name := strings.ReplaceAll(p.Name, " ", "-") + "-" + as + ".png"
		if err := os.WriteFile(filepath.Join(*pictures, name), got.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
