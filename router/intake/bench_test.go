package intake

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	for _, n := range []int{1, 100} {
		b.Run(fmt.Sprintf("%d alerts", n), func(b *testing.B) {
			var alerts []string
			for i := range n {
				alerts = append(alerts, strings.Replace(one, "c6ec3a3ce2ea2ed1", fmt.Sprintf("%016x", i), 1))
			}
			data := []byte(body(alerts...))
			b.ReportAllocs()
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				if _, err := Parse(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
