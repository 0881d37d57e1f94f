package words

// maxCode is for a provider's code, in runes.
const maxCode = 20

// maxCalendar is for the name of a calendar in the configuration, in runes.
const maxCalendar = 30

// own reports whether a message is about sitrep or the monitoring, and not about a
// service.
func (k Kind) own() bool { return k == Alarm || k == Ailing }

// Full reports whether a budget is spent.
func (a Ailment) Full() bool { return a.Limit > 0 && a.Spent >= a.Limit }

// Percent is how much of a budget is spent.
func (a Ailment) Percent() int {
	if a.Limit <= 0 {
		return 0
	}
	return 100 * a.Spent / a.Limit
}

func (a Ailment) clean(clean func(string, int) string) Ailment {
	a.Code, a.Incident, a.Name = clean(a.Code, maxCode), clean(a.Incident, maxIncident), clean(a.Name, maxCalendar)
	return a
}
