package channels

import "html"

// delivery makes a row ready for the wire. Nothing is rendered here: slots are
// filled as bytes, as of the attempt whose words are to be said.
func (j *job) delivery(n int) Delivery {
	p, r := j.people[n], &j.rows[n]
	address := p.Address(j.part.Channel)
	text := j.text(p)
	var plain, escaped map[string]string
	if !j.part.Promised.IsZero() && r.said.After(j.part.Promised) {
		late := text.Phrases[SlotLate]
		plain = map[string]string{SlotLate: late}
		escaped = map[string]string{SlotLate: html.EscapeString(late)}
	}
	d := Delivery{
		ID:       j.key.Delivery(j.part.Incident, j.part.Update, j.part.Channel, address),
		To:       address,
		Name:     p.Name,
		Language: text.Language,
		Topic:    j.part.Audience,
		Again:    r.maybe > 0,
		Since:    r.first,
		Expires:  j.part.Expires,
	}
	if j.part.Channel == SMS {
		d.Text = Fill(text.SMS, plain)
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
