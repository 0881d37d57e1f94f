package speed

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var (
	only     = flag.String("speed.rows", "", "rows to measure, by name, with commas between them; empty: all")
	someSeed = flag.Uint64("speed.seed", 0, "of what is drawn: the words of alerts; 0: chosen by the time")
	rounds   = flag.Int("speed.rounds", 3, "how often each figure and its limit are measured")
	spell    = flag.Duration("speed.spell", 4*time.Second, "how long webhooks are posted for one figure")
	people   = flag.Int("speed.people", 10_000, "who are told by one update")
	crowd    = flag.Int("speed.crowd", 100_000, "who are told while an executive is to be told")
	stormFor = flag.Duration("speed.storm", time.Minute, "how long the storm lasts")
	stormy   = flag.Int("speed.storm-rate", 1000, "webhooks a second in the storm")
	groups   = flag.Int("speed.groups", 1000, "groups of alerts in the storm")
	open     = flag.Int("speed.open", 10_000, "open incidents whose memory is measured")
	due      = flag.Int("speed.due", 10_000, "updates that are due in the same minute")
	facts    = flag.Int("speed.facts", 1_000_000, "facts that a start finds")
	binary   = flag.String("speed.binary", "", "the sitrep to measure; empty: built from here")
	keep     = flag.String("speed.keep", "", "folder for logs and stores, which stays; empty: one that goes")
)

// The environment by which this program is told to play another part, and how.
const partVariable, termsVariable = "SITREP_SPEED_PART", "SITREP_SPEED_TERMS"

func TestMain(m *testing.M) {
	if part := os.Getenv(partVariable); part != "" {
		if err := play(part, []byte(os.Getenv(termsVariable))); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", part, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// play is another part than the bench. It gets its terms as JSON; what it prints
// is its result.
func play(part string, terms []byte) error {
	switch part {
	case "handler":
		return playHandler(terms)
	case "go-mail":
		return playGoMail(terms)
	case "twilio-go":
		return playTwilioGo(terms)
	case "reader":
		return playReader(terms)
	}
	return fmt.Errorf("there is no such part")
}

// bench is one run of the table.
type bench struct {
	testing.TB
	seed   uint64
	rand   *rand.Rand
	dir    string    // of this run
	aloud  io.Writer // gets each line as soon as it is measured
	binary string
	table  []line
	// emailed is how many mails a second sitrep brought; 0: not measured yet.
	emailed float64
}

// act starts this program in another part.
func (b *bench) act(part string, terms any) *exec.Cmd {
	b.Helper()
	data, err := json.Marshal(terms)
	if err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), partVariable+"="+part, termsVariable+"="+string(data))
	cmd.Stderr = os.Stderr
	return cmd
}

// result runs a part to its end, reads what it printed, and returns how much time
// on the processors it used.
func (b *bench) result(part string, terms, into any) (cpu time.Duration) {
	b.Helper()
	cmd := b.act(part, terms)
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	}
	if err != nil {
		b.Fatalf("%s: %v", part, err)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// costs are how much time on the processors some work took sitrep, and its limit.
type costs struct{ own, other time.Duration }

func (c costs) String() string {
	return fmt.Sprintf("; processor time %.2f of it", float64(c.own)/float64(c.other))
}

// say is how a part prints its result.
func say(result any) error { return json.NewEncoder(os.Stdout).Encode(result) }

func build(dir string) (string, error) {
	if *binary != "" {
		return filepath.Abs(*binary)
	}
	file := filepath.Join(dir, "sitrep")
	compile := exec.Command("go", "build", "-trimpath", "-o", file, "sitrep/cmd/sitrep")
	compile.Env = append(os.Environ(), "CGO_ENABLED=0") // as it is shipped
	if out, err := compile.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build sitrep: %w\n%s", err, bytes.TrimSpace(out))
	}
	return file, nil
}

func chosen(name string) bool {
	if *only == "" {
		return true
	}
	for _, one := range strings.Split(*only, ",") {
		if strings.TrimSpace(one) == name {
			return true
		}
	}
	return false
}
