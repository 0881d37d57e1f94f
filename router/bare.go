package router

import (
	"fmt"
	"time"

	"sitrep/policies"
	"sitrep/policies/words"
)

// bare is what goes out where a template failed: nothing but what is out, since
// when, and when the next word comes.
func bare(v words.View, language string, zone *time.Location) words.Rendered {
	clock := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04 MST") }
	service := policies.Texts(v.Service).In(language)
	out, over, next := "%s is out since %s.", "%s works again since %s.", " Next update before %s."
	if language == "nl" {
		out, over, next = "Storing: %s, sinds %s.", "Voorbij: %s, sinds %s.", " Volgend bericht vóór %s."
	}
	text := fmt.Sprintf(out, service, clock(v.Since))
	if v.Kind == words.Closing {
		text = fmt.Sprintf(over, service, clock(v.Ended))
	}
	if !v.NextBefore.IsZero() {
		text += fmt.Sprintf(next, clock(v.NextBefore))
	}
	subject := words.Clean(v.Incident+" "+service, 60)
	return words.Rendered{Language: language, Zone: zone.String(), Subject: subject, Text: text, SMS: words.Clean(text, 150)}
}
