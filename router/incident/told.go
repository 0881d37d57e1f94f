package incident

import "time"

// Told is what one audience knows, and what it was promised.
type Told struct {
	First, Last int       // update numbers
	Count       int       // updates so far
	LastAt      time.Time // the moment from which the next is counted
	NextAt      time.Time // when the next is due, as the last one foresaw; zero: never
	NextWhy     string    // by which policy and row
	PromiseAt   time.Time // of the last update; zero: none
	Kind        UpdateKind
	Policy      string // that told it last
	Phase       Phase
	Severity    string
	Words       int  // number of the last words for it that it had
	Firing      int  // alerts firing at its last update
	Heard       bool // told since the outage, or its relapse, began
	Closed      bool
	Behind      []string // channels that have not had the last update: they wait for hours, or are out
	Fell        []string // fallbacks that it was told by
	Rescued     []string // those by which somebody was whom a channel could not reach
	By          []string // channels of its last update
	Unheard     bool     // those have not had a first word either
	// Missed is what of a planned change those have not had, where that was news: it is
	// that to who hears by them next.
	Missed      UpdateKind
	Breaches    int  // SLA breaches that it was told of
	Unconfirmed bool // it was told that nobody knows
	Estimate    time.Time
	Account     string   // digest of what it was told beyond the state
	Work        *Knows   // what it was told of a planned change; nil: nothing
	Services    []string // consequences that it was told of
	// Heir says that it was told of this outage by another incident, and not yet
	// by this one; Away that another incident tells it now; Folded are services
	// that it was told of by incidents that are part of this one now.
	Heir, Away bool
	Folded     []string
	// doubted says that it is told of nothing but that the end, which it was told,
	// was taken back by a person.
	doubted bool

	known    int        // the state's version when it was last told what was new
	landed   *Delivered // what became of the last one; nil: it is on its way
	Promises []*Pending // not judged yet, oldest first
	Made     int
	Kept     int
	Broken   int
	Held     int // of those broken, by a person who held or paused the audience

	Channels []string
	Rosters  []string      // hashes of every chunk of people that it was told by
	Silence  time.Duration // longest time between two updates
}

// Pending is a promise whose fate is open.
type Pending struct {
	Update int // that made it
	At     time.Time
	By     int    // the update that came next; 0: none yet
	Done   bool   // every part of that update was reported
	InTime bool   // and all of it was accepted before At
	Broken bool   // counted as broken already
	Held   string // by whom the audience is held or paused past it
}

// Flight is an update on its way.
type Flight struct {
	Order *Planned
	At    time.Time       // it was planned
	Done  map[string]bool // parts and carriers reported
	Sum   Delivered       // of what they reported
	was   *Told           // what the audience knew before; nil: it does not matter
	// Fallen are the rows that failed for good, by part.
	Fallen map[string][]int
}

// Totals count deliveries of one audience.
type Totals struct {
	Planned, Accepted, Failed, Unreached, Superseded, Possible int
	// Of those accepted, as far as their providers told later.
	Delivered, Undelivered int
}

// newsOfWork are the updates on a planned change that say more than that it goes on.
var newsOfWork = []UpdateKind{Announced, Moved, Started, Overrunning, Overdue}
