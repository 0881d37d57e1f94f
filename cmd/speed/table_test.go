package speed

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// line is one of the table.
type line struct {
	what, figure, limit, ratio, must string
	reached                          bool
}

// rows are measured in this order: what takes little first.
var rows = []struct {
	name    string
	measure func(*bench)
}{
	{"intake", intake},
	{"batch", batch},
	{"email", email},
	{"alertmanager", alertmanager},
	{"slow", slow},
	{"sms", texts},
	{"executive", executive},
	{"memory", memory},
	{"lateness", lateness},
	{"input", input},
	{"start", beginning},
	{"storm", storm},
}

// BenchmarkTable measures each row once and prints the table. That a row is not
// reached is no failure of the run; that something was lost is.
func BenchmarkTable(tb *testing.B) {
	b := newBench(tb)
	b.aloud = os.Stdout
	fmt.Printf("\n%s\n", b.circumstances())
	for _, r := range rows {
		if chosen(r.name) {
			r.measure(b)
		}
	}
	b.print(os.Stdout)
}

func newBench(tb testing.TB) *bench {
	b := &bench{TB: tb, aloud: io.Discard, seed: cmp.Or(*someSeed, uint64(time.Now().UnixNano()))}
	b.rand = rand.New(rand.NewPCG(b.seed, 0))
	b.dir = cmp.Or(*keep, tb.TempDir())
	if err := os.MkdirAll(b.dir, 0o700); err != nil {
		tb.Fatal(err)
	}
	var err error
	if b.binary, err = build(b.dir); err != nil {
		tb.Fatal(err)
	}
	return b
}

// TestSmall: the rows measure what they say, at sizes at which their figures mean
// nothing.
func TestSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the binary for ten seconds")
	}
	*rounds, *spell, *people, *crowd, *facts = 1, 200*time.Millisecond, 200, 2000, 2000
	*stormFor, *stormy, *groups, *due, *open = 6*time.Second, 10, 20, 40, 20
	b := newBench(t)
	small := map[string]int{"intake": 3, "batch": 2, "email": 2, "sms": 2, "executive": 1, "start": 1, "storm": 4}
	for _, r := range rows {
		before := len(b.table)
		if small[r.name] == 0 {
			continue
		}
		r.measure(b)
		if n := len(b.table) - before; n != small[r.name] {
			t.Errorf("%s has %d lines, want %d", r.name, n, small[r.name])
		}
	}
	var out strings.Builder
	if b.print(&out); strings.Count(out.String(), "\n| ") != len(b.table)+2 {
		t.Errorf("the table lacks a line:\n%s", out.String())
	}
}

// add puts a line into the table, and says it at once: a run takes long.
func (b *bench) add(l line) {
	b.table = append(b.table, l)
	fmt.Fprintf(b.aloud, "%s: %s; %s; ratio %s; must: %s; %s\n", l.what, l.figure, l.limit, cmp.Or(l.ratio, "-"), l.must, yes(l.reached))
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func (b *bench) print(w io.Writer) {
	fmt.Fprintf(w, "\n%s\n", b.circumstances())
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug|tabwriter.TabIndent)
	fmt.Fprintln(t, "| what\t measured\t limit in the same run\t ratio\t must reach\t reached\t")
	fmt.Fprintln(t, "| ---\t ---\t ---\t ---\t ---\t ---\t")
	for _, l := range b.table {
		fmt.Fprintf(t, "| %s\t %s\t %s\t %s\t %s\t %s\t\n", l.what, l.figure, l.limit, l.ratio, l.must, yes(l.reached))
	}
	t.Flush()
	fmt.Fprintln(w)
}

// circumstances are what a figure is worth little without.
func (b *bench) circumstances() string {
	versions := []string{runtime.Version()}
	for _, path := range []string{"github.com/wneessen/go-mail", "github.com/twilio/twilio-go", "github.com/nats-io/nats-server/v2", "github.com/prometheus/alertmanager"} {
		if out, err := exec.Command("go", "list", "-m", path).Output(); err == nil {
			versions = append(versions, strings.TrimPrefix(strings.TrimSpace(string(out)), "github.com/"))
		}
	}
	if out, err := exec.Command("git", "rev-parse", "--short", "HEAD").Output(); err == nil {
		versions = append(versions, "commit "+strings.TrimSpace(string(out)))
	}
	return fmt.Sprintf("seed %d, %d cores (%s), load at the start of this line %s, %s\n", b.seed, runtime.NumCPU(), processor(), load(), strings.Join(versions, ", "))
}

func processor() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, _ := strings.Cut(s.Text(), ":"); strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// load is the machine's, of the last minute: a high one spoils the figures.
func load() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(data), " ")
	return first
}

// middle returns the median.
func middle[T cmp.Ordered](all []T) T {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}

// ratio is the middle one of the rounds' own.
func ratio(got, limit []float64) float64 {
	var all []float64
	for n := range got {
		all = append(all, got[n]/limit[n])
	}
	return middle(all)
}

// share returns the value that a share of all is not above.
func share(all []time.Duration, of float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(float64(len(sorted))*of), len(sorted)-1)]
}

func perSecond(n float64) string { return fmt.Sprintf("%.0f/s", n) }
func two(n float64) string       { return fmt.Sprintf("%.2f", n) }
func ms(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
func mib(bytes int64) string { return fmt.Sprintf("%d MiB", bytes>>20) }
