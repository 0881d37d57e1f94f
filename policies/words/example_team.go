package words

import "time"

const (
	exampleAPI    = "https://sitrep.example/api/v1/incidents/SR-12"
	exampleAnswer = "https://sitrep.example/answer/~SR-12"
)

// nudge asks for words for the updates that go out to audiences at half past two.
func (p *Pack) nudge(s Scene, number int, told ...string) (View, error) {
	v := outage(Nudge, number)
	v.NextBefore, v.API, v.Answer = time.Time{}, exampleAPI, exampleAnswer
	for i, audience := range told {
		due := s.place(outage(Holding, 2+i))
		due.Service = s.title("mail", due.Service)
		due.Now, due.NextBefore = v.Now.Add(20*time.Minute), v.Now.Add(40*time.Minute)
		r := s.Quoted
		if r.Reads = audience; audience == "board" {
			r.Reads = "executive"
		}
		out, err := p.Render(due, r)
		if err != nil {
			return View{}, err
		}
		v.Asks = append(v.Asks, Ask{Audience: audience, At: v.Now.Add(time.Duration(20+5*i) * time.Minute), Kind: Holding, Text: out.Text})
	}
	return v, nil
}

func question(number int) View {
	v := outage(Question, number)
	v.NextBefore, v.HeardAt, v.API, v.Answer = time.Time{}, noon.Add(4*time.Minute), exampleAPI, exampleAnswer
	v.Now = noon.Add(6 * time.Hour)
	return v
}

func alarm(number int) View {
	return View{
		Organisation: "Gemeente Voorbeeld", Kind: Alarm, Number: number, Now: noon.Add(20 * time.Minute), HeardAt: noon,
		Watchdog: `alertname="Watchdog"`, Link: "https://sitrep.example/",
	}
}

func ailing(number int, a Ailment) View {
	return View{
		Organisation: "Gemeente Voorbeeld", Kind: Ailing, Number: number, Now: noon.Add(20 * time.Minute), Since: noon,
		Ailment: a, Link: "https://sitrep.example/",
	}
}

// returned is the all clear of an alarm or an ailment.
func returned(v View) View {
	v.Returned, v.Since, v.Number = true, noon, v.Number+1
	return v
}

// teamExamples are what the two teams get.
func (p *Pack) teamExamples(s Scene) ([]Example, error) {
	var all []Example
	add := func(name string, views ...View) {
		for i := range views {
			views[i] = s.place(views[i])
			if views[i].Service != nil {
				views[i].Service = s.title("mail", views[i].Service)
			}
		}
		all = append(all, Example{Name: name, Views: views})
	}
	one, err := p.nudge(s, 1, "board")
	if err != nil {
		return nil, err
	}
	several, err := p.nudge(s, 2, "board", "management", "staff")
	if err != nil {
		return nil, err
	}
	other := one
	other.Incident = "SR-9"
	add("nudge", one)
	add("nudge-several", several)
	add("combined-nudges", one, other)
	add("question", question(1))
	spread := question(2)
	spread.Consequences = []map[string]string{s.title("permits", permitsTitle)}
	add("question-2", spread)
	add("alarm", alarm(1))
	add("alarm-2", alarm(2))
	add("alarm-over", returned(alarm(2)))
	mail := ailing(1, Ailment{What: "channel", Channel: "email", Code: "535 5.7.8"})
	add("ailment", mail)
	add("ailment-over", returned(mail))
	add("ailment-sms", ailing(1, Ailment{What: "channel", Channel: "sms", Code: "20003"}))
	add("ailment-budget", ailing(1, Ailment{What: "budget", Channel: "sms", Spent: 400, Limit: 500, Incident: "SR-12"}))
	add("ailment-queue", ailing(1, Ailment{What: "queue", Channel: "email"}))
	add("ailment-webhook", ailing(1, Ailment{What: "webhook", Code: "401"}))
	add("ailment-calendar", ailing(1, Ailment{What: "calendar", Name: "changes", Code: "404"}))
	add("ailment-entries", ailing(1, Ailment{What: "entries", Name: "changes", Code: "mial"}))
	add("ailment-store", ailing(1, Ailment{What: "store"}))
	return all, nil
}
