package words

import (
	"os"
	"sync"
	"testing"
	"time"
	_ "time/tzdata"
)

// ship parses the words that ship, once: a pack never changes.
var ship = sync.OnceValues(func() (*Pack, error) { return Parse(os.DirFS("../default/words")) })

func pack(t testing.TB) *Pack {
	t.Helper()
	p, err := ship()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// tongues are those of the languages that ship.
var (
	tongues = func() map[string]*tongue {
		p, err := ship()
		if err != nil {
			panic(err)
		}
		all := make(map[string]*tongue)
		for code, l := range p.languages {
			all[code] = l.tongue
		}
		return all
	}()
	dutch, english = tongues["nl"], tongues["en"]
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}
