package casebook

import (
	"slices"

	"github.com/prometheus/alertmanager/pkg/labels"

	"sitrep/policies"
)

// belongs finds the service of an alert: the first whose matchers hold. Looking
// at each in turn would make an alert dearer with every service, so those that
// want one value of a label are found by it.
type belongs struct {
	services []*policies.Service
	by       map[string]map[string][]int // label, value: places in services
	others   []int
}

func belonging(services []*policies.Service) belongs {
	b := belongs{services: services, by: map[string]map[string][]int{}}
	for n, s := range services {
		i := slices.IndexFunc(s.Matchers, func(m *labels.Matcher) bool { return m.Type == labels.MatchEqual && m.Value != "" })
		if i < 0 {
			b.others = append(b.others, n)
			continue
		}
		m := s.Matchers[i]
		if b.by[m.Name] == nil {
			b.by[m.Name] = map[string][]int{}
		}
		b.by[m.Name][m.Value] = append(b.by[m.Name][m.Value], n)
	}
	return b
}

// of returns the name of a service; "" where the alert belongs to none.
func (b belongs) of(labels map[string]string) string {
	best := len(b.services)
	look := func(places []int) {
		for _, n := range places { // in the order of the file
			if n >= best {
				return
			}
			if b.services[n].Covers(labels) {
				best = n
				return
			}
		}
	}
	look(b.others)
	for name, values := range b.by {
		if v, has := labels[name]; has {
			look(values[v])
		}
	}
	if best == len(b.services) {
		return ""
	}
	return b.services[best].Name
}
