package faults

import (
	"bytes"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

var (
	long     = flag.Bool("faults.long", false, "the long versions, which give the figures to publish")
	someSeed = flag.Uint64("faults.seed", 0, "of the moments and places of faults; 0: chosen by the time")
)

// built is the folder of the binary.
var built string

func TestMain(m *testing.M) {
	if os.Getenv(natsPort) != "" {
		serveNATS()
	}
	flag.Parse()
	// The tests wait most of the time: more of them than there are processors.
	if !given("test.parallel") {
		flag.Set("test.parallel", "8")
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if built != "" {
			os.RemoveAll(built)
		}
		os.Exit(code)
	}))
}

func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// build makes the binary, once a run, and not at all where tests are only
// listed.
var build = sync.OnceValues(func() (file string, err error) {
	if built, err = os.MkdirTemp("", "sitrep-faults-"); err != nil {
		return "", err
	}
	file = filepath.Join(built, "sitrep")
	compile := exec.Command("go", "build", "-trimpath", "-o", file, "sitrep/cmd/sitrep")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, bytes.TrimSpace(out))
	}
	return file, nil
})

// dice are random numbers that goroutines may share.
type dice struct {
	seed uint64
	mu   sync.Mutex
	rand *rand.Rand
}

func throw(seed uint64) *dice {
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	return &dice{seed: seed, rand: rand.New(rand.NewPCG(seed, 0))}
}

// below returns a number from 0 up to n, and 0 for 0.
func (d *dice) below(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if n <= 0 {
		return 0
	}
	return d.rand.IntN(n)
}

// within returns a time from 0 up to a limit.
func (d *dice) within(limit time.Duration) time.Duration { return time.Duration(d.below(int(limit))) }

// either returns the number of a short run or of a long one.
func either[T any](short, lengthy T) T {
	if *long {
		return lengthy
	}
	return short
}

func wait(d time.Duration) { <-time.After(d) }
