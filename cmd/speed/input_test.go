package speed

import (
	"fmt"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

var measured = regexp.MustCompile(`BenchmarkInput/(\d+)\S*\s+\d+\s+([0-9.]+) ns/op`)

// input: what one input costs the router with few and with many open incidents.
// Not to be seen from outside, so router's own benchmark is run.
func input(b *bench) {
	cost := map[int][]float64{}
	for range *rounds {
		out, err := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkInput$", "-benchtime", "2s", "-timeout", "30m", "sitrep/router").CombinedOutput()
		if err != nil {
			b.Fatalf("router's benchmark: %v\n%s", err, out)
		}
		for _, m := range measured.FindAllStringSubmatch(string(out), -1) {
			open, _ := strconv.Atoi(m[1])
			ns, _ := strconv.ParseFloat(m[2], 64)
			cost[open] = append(cost[open], ns)
		}
	}
	few := cost[10]
	var limit []string
	worst := 0.0
	for _, open := range []int{1000, 100_000} {
		if len(cost[open]) != len(few) || len(few) == 0 {
			b.Fatalf("router's benchmark said nothing of %d open incidents", open)
		}
		of := ratio(cost[open], few)
		worst = max(worst, of)
		limit = append(limit, fmt.Sprintf("with %d %.1f µs", open, middle(cost[open])/1000))
	}
	b.add(line{"cost of one input with 10 open incidents", fmt.Sprintf("%.1f µs", middle(few)/1000), strings.Join(limit, ", "), two(worst), "flat within 20 %", worst <= 1.2})
}
