package intake

import (
	"time"

	"sitrep/router/incident"
)

// maxInput is how large one input may grow, encoded: half of what the inbox
// takes, so that several fit into one of its messages.
const maxInput = 96 << 10

// Inputs puts observations into as many inputs as it takes to keep each small
// enough to be stored.
func Inputs(alerts []incident.Observation, at time.Time) []incident.Input {
	var inputs []incident.Input
	size := 0
	for _, o := range alerts {
		n := sizeOf(o)
		if last := len(inputs) - 1; last >= 0 && size+n <= maxInput {
			inputs[last].Alerts = append(inputs[last].Alerts, o)
			size += n
			continue
		}
		inputs = append(inputs, incident.Input{At: at.UTC(), Alerts: []incident.Observation{o}})
		size = frame + n
	}
	return inputs
}

// frame is the input around its alerts, encoded, and each alert around what is
// counted of it: names of fields, times, punctuation.
const frame = 200

// sizeOf is how large an observation is at most, encoded.
func sizeOf(o incident.Observation) int {
	n := frame + encoded(o.Fingerprint) + encoded(o.Summary) + sizeOfAccount(o.Account)
	for k, v := range o.Labels {
		n += encoded(k) + encoded(v) + 2
	}
	return n
}
