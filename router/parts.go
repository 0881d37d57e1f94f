package router

import (
	"time"

	"sitrep/channels"
	"sitrep/router/incident"
)

// Parts returns what an update that was planned is cut into.
func Parts(id string, p incident.Planned, at time.Time) []channels.Part {
	return order{id, p, at}.parts()
}
