package channels

import (
	"cmp"
	"html"
	"strconv"
	"strings"
)

// delivery makes a row ready for the wire. Nothing is rendered here: slots are
// filled as bytes, as of the attempt whose words are to be said.
func (j *job) delivery(n int) Delivery {
	p, r := j.people[n], &j.rows[n]
	address := p.Address(j.part.Channel)
	text := j.text(p).Told(!j.part.Promised.IsZero() && r.said.After(j.part.Promised), r.missed)
	d := Delivery{
		ID:       j.key.Delivery(j.part.Incident, j.part.Update, j.part.Channel, address),
		To:       address,
		Name:     p.Name,
		Language: cmp.Or(text.Spoken, text.Language),
		Topic:    j.topic(),
		Again:    r.maybe > 0,
		Sought:   r.sought,
		Since:    r.first,
		Tries:    r.tries,
		Expires:  j.part.Expires,
		Ref:      j.key.Ref(j.id, n),
	}
	if j.part.Channel == SMS {
		d.Text = text.SMS
		return d
	}
	if j.part.Unsubscribe && j.unsubscribe != "" {
		d.Unsubscribe = j.unsubscribe + j.key.Unsubscribe(j.part.Audience, address)
	}
	d.Subject, d.Event = text.Subject, text.Event
	d.Text, d.HTML = j.personal(text.Text, p, r.said), j.personal(text.HTML, p, r.said)
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

// Told is the text as one recipient gets it: with all slots filled. It says that it
// is late, and how many updates before it were not sent to him.
func (t Text) Told(late bool, missed int) Text {
	plain, escaped := map[string]string{}, map[string]string{}
	say := func(slot, phrase string) { plain[slot], escaped[slot] = phrase, html.EscapeString(phrase) }
	if late {
		say(SlotLate, t.Phrases[SlotLate])
	}
	if missed > 0 {
		say(SlotMissed, strings.ReplaceAll(t.Phrases[SlotMissed], "{n}", strconv.Itoa(missed)))
		if t.SMSMissed != "" {
			t.SMS = strings.Replace(t.SMSMissed, "{n}", strconv.Itoa(missed), 1)
		}
	}
	t.Text, t.HTML, t.SMS = Fill(t.Text, plain), Fill(t.HTML, escaped), Fill(t.SMS, plain)
	return t
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
