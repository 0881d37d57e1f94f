package words

var english = &tongue{
	clock:    "15:04",
	midnight: "midnight (00:00)",
	at:       "at", before: "before", and: "and", from: "from", until: "to",
	yesterday: "yesterday", today: "today", tomorrow: "tomorrow",
	weekdays: [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"},
	months: [12]string{"January", "February", "March", "April", "May", "June",
		"July", "August", "September", "October", "November", "December"},
	day: [2]string{"day", "days"}, hour: [2]string{"hour", "hours"}, minute: [2]string{"minute", "minutes"},
	service: [2]string{"service", "services"}, others: [2]string{"%d more service", "%d more services"}, rest: "%d more",
	moment:   "less than a minute",
	articles: []string{"the", "a", "an"},
}
