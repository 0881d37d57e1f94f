package channels

import (
	"html"
	"strconv"
	"strings"
)

// delivery makes a row ready for the wire. Nothing is rendered here: slots are
// filled as bytes, as of the attempt whose words are to be said.
func (j *job) delivery(n int) Delivery {
	p, r := j.people[n], &j.rows[n]
	address := p.Address(j.part.Channel)
	text := j.text(p)
	plain, escaped := j.slots(r, text)
	d := Delivery{
		ID:       j.key.Delivery(j.part.Incident, j.part.Update, j.part.Channel, address),
		To:       address,
		Name:     p.Name,
		Language: text.Language,
		Topic:    j.topic(),
		Again:    r.maybe > 0,
		Sought:   r.sought,
		Since:    r.first,
		Expires:  j.part.Expires,
	}
	if j.part.Channel == SMS {
		d.Text = Fill(text.SMS, plain)
		if r.missed > 0 && text.SMSMissed != "" {
			d.Text = strings.Replace(Fill(text.SMSMissed, plain), "{n}", strconv.Itoa(r.missed), 1)
		}
		return d
	}
	d.Subject, d.Text, d.HTML = text.Subject, Fill(text.Text, plain), Fill(text.HTML, escaped)
	for _, update := range []int{j.part.First, j.part.Previous} {
		if update == 0 || update == j.part.Update {
			continue
		}
		id := j.key.Delivery(j.part.Incident, update, j.part.Channel, address)
		if len(d.Thread) == 0 || d.Thread[0] != id {
			d.Thread = append(d.Thread, id)
		}
	}
	return d
}

// slots returns what is to be said to one recipient only, as plain text and as
// HTML.
func (j *job) slots(r *row, text Text) (plain, escaped map[string]string) {
	say := func(slot, phrase string) {
		if plain == nil {
			plain, escaped = map[string]string{}, map[string]string{}
		}
		plain[slot], escaped[slot] = phrase, html.EscapeString(phrase)
	}
	if !j.part.Promised.IsZero() && r.said.After(j.part.Promised) {
		say(SlotLate, text.Phrases[SlotLate])
	}
	if r.missed > 0 {
		say(SlotMissed, strings.ReplaceAll(text.Phrases[SlotMissed], "{n}", strconv.Itoa(r.missed)))
	}
	return plain, escaped
}

// topic names the audience as a list of people. A combined update is on one of
// its recipient's lists. A team is not told things: what asks for words is not
// to be filed with what people may read later, nor under the name of an
// audience that is called the same.
func (j *job) topic() string {
	if j.part.Team {
		return ""
	}
	return j.part.Audience
}

// text picks a person's language and zone; where that was not rendered (it
// always is), the nearest.
func (j *job) text(p Person) Text {
	best := Text{}
	for i, t := range j.texts {
		switch {
		case t.Language == p.Language && t.Zone == p.Zone:
			return t
		case i == 0, t.Language == p.Language && best.Language != p.Language:
			best = t
		}
	}
	return best
}
