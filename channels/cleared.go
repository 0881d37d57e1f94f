package channels

// Cleared is what was removed of old deliveries.
type Cleared struct {
	Parts, Texts, Rosters int
	// Held is the first part that must stay, and with it what came after it;
	// empty where all that was old went.
	Held string
}
