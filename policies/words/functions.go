package words

import (
	"fmt"
	"maps"
	"slices"
	"text/template"
	"time"

	alertmanager "github.com/prometheus/alertmanager/template"
	"github.com/prometheus/common/helpers/templates"
)

// timedFunctions have to know when the message is said that they are called in.
// All others take what they need from their arguments.
var timedFunctions = []string{"now", "toDate", "mustToDate"}

// functions are what templates call: Alertmanager's under their names, and ours.
// None of them reads a clock: now is the moment of the message that is being
// said. What Alertmanager's call safe is escaped in a page all the same, and
// there are no labels of routes here to ask for.
func functions(l *tongue, now time.Time) template.FuncMap {
	all := maps.Clone(template.FuncMap(alertmanager.DefaultFuncs))
	delete(all, "routeLabels")
	maps.Copy(all, goes)
	maps.Copy(all, template.FuncMap{
		"safeHtml": func(text string) string { return text },
		"safeUrl":  func(text string) string { return text },

		"now": func() moment { return moment{now, now, l} },
		"toDate": func(layout, text string) moment {
			t, err := time.ParseInLocation(layout, text, now.Location())
			if err != nil {
				t = time.Time{}
			}
			return moment{t, now, l}
		},
		"mustToDate": func(layout, text string) (moment, error) {
			t, err := time.ParseInLocation(layout, text, now.Location())
			return moment{t, now, l}, err
		},
		"since": since, "date": date, "tz": inZone,
		"humanizeDuration": templates.HumanizeDuration,

		"cap":      l.capital,
		"time":     moment.At,
		"duration": l.lasted,
		"plural":   func(n int, nouns ...string) (string, error) { return l.plural(n, nouns...) },
		"count":    func(n int, nouns ...string) (string, error) { return l.plural(n, nouns...) },
		"share":    l.share,
		"list":     list,
	})
	return bounded(all)
}

// functionNames are the names of all that templates may call, less Go's own.
func functionNames() []string {
	names := slices.Sorted(maps.Keys(functions(&tongue{}, time.Time{})))
	return slices.DeleteFunc(names, func(name string) bool { return goes[name] != nil })
}

// since is how long it has been at the moment of the message.
func since(m moment) (time.Duration, error) {
	if !m.Set() {
		return 0, fmt.Errorf("there is no such moment: ask .Set first")
	}
	return m.now.Sub(m.t), nil
}

// date says a moment by a layout of Go's, with the names of weekdays and months
// in the language of the message; nothing where there is no such moment.
func date(layout string, m moment) string {
	if !m.Set() {
		return ""
	}
	return m.tongue.format(m.t, layout)
}

// inZone is the same moment in another time zone.
func inZone(name string, m moment) (moment, error) {
	zone, err := time.LoadLocation(name)
	if err != nil {
		return moment{}, err
	}
	if !m.Set() {
		return m, nil
	}
	return moment{m.t.In(zone), m.now.In(zone), m.tongue}, nil
}

// share says how much of an SLA clock is used; nothing where there is none.
func (l *tongue) share(c clock) string {
	if !c.Set {
		return ""
	}
	return put(l.percent, slotN, fmt.Sprint(c.Percent))
}

// list says a series in a sentence. Of anything else it makes a list, as
// Alertmanager's does.
func list(args ...any) any {
	if len(args) == 1 {
		if s, is := args[0].(*series); is {
			return s.String()
		}
	}
	if args == nil {
		return []any{}
	}
	return args
}
