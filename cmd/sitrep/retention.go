package main

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"

	"sitrep/router"
)

// retention reads --data.retention.
func retention(given map[string]string) (router.Retention, error) {
	r := router.Retention{Deliveries: 30 * 24 * time.Hour, Incidents: 400 * 24 * time.Hour, Audit: 3 * 365 * 24 * time.Hour}
	for class, value := range given {
		var into *time.Duration
		switch class {
		case "deliveries":
			into = &r.Deliveries
		case "incidents":
			into = &r.Incidents
		case "audit":
			into = &r.Audit
		default:
			return r, fmt.Errorf("--data.retention=%s=%s: there is no class %q\nhint: the classes are deliveries, incidents and audit", class, value, class)
		}
		d, err := model.ParseDuration(value)
		if err != nil {
			return r, fmt.Errorf("--data.retention=%s=%s: %w\nhint: write a duration as 30d or 1y; 0 is for ever", class, value, err)
		}
		if d != 0 && time.Duration(d) < router.LeastRetention {
			return r, fmt.Errorf("--data.retention=%s=%s is too short: what happened lately is still needed\nhint: keep it for at least %s, or with 0 for ever", class, value, model.Duration(router.LeastRetention))
		}
		*into = time.Duration(d)
	}
	// Who did what to an incident is known for longer than the incident.
	value, asked := given["audit"]
	switch {
	case !asked && r.Incidents == 0:
		r.Audit = 0
	case !asked:
		r.Audit = max(r.Audit, r.Incidents)
	case r.Audit != 0 && (r.Incidents == 0 || r.Audit < r.Incidents):
		return r, fmt.Errorf("--data.retention=audit=%s is shorter than incidents are kept\nhint: keep the audit for at least as long, or with 0 for ever", value)
	}
	return r, nil
}
