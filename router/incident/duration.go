package incident

import (
	"time"

	"github.com/prometheus/common/model"
)

// short writes a duration as the configuration does: 1h30m, not 1h30m0s.
func short(d time.Duration) string { return model.Duration(d).String() }
