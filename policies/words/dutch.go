package words

var dutch = &tongue{
	clock:    "15.04 uur",
	midnight: "middernacht (00.00 uur)",
	at:       "om", before: "vóór", and: "en", from: "van", until: "tot",
	yesterday: "gisteren", today: "vandaag", tomorrow: "morgen",
	weekdays: [7]string{"zondag", "maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag"},
	months: [12]string{"januari", "februari", "maart", "april", "mei", "juni",
		"juli", "augustus", "september", "oktober", "november", "december"},
	day: [2]string{"dag", "dagen"}, hour: [2]string{"uur", "uur"}, minute: [2]string{"minuut", "minuten"},
	service: [2]string{"dienst", "diensten"}, others: [2]string{"nog %d dienst", "nog %d diensten"}, rest: "nog %d",
	moment:   "minder dan een minuut",
	articles: []string{"de", "het", "een"},
	digraph:  "ij",
}
