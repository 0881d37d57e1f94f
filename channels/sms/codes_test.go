package sms

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"sitrep/channels"
	"sitrep/channels/channeltest"
)

// The whole table, in words of its own: what a refusal means, what a fate means
// and whether the number is left alone from then on.
var table = map[string]struct {
	class    channels.Class
	again    bool
	suppress bool
	codes    []int
}{
	"never again to this number": {channels.ClassPermanent, false, true, []int{21211, 21265, 21610, 21614, 21635, 30005, 30006}},
	"not this one": {channels.ClassPermanent, false, false, []int{
		21214, 21217, 21266, 21604, 21608, 30004, 21602, 21617, 21658, 30019, 30044,
	}},
	"nobody, until it is mended": {channels.ClassDown, false, false, []int{
		10001, 10002, 20003, 20005, 20404, 30002, 63038,
		21212, 21408, 21601, 21603, 21606, 21607, 21612, 21616, 21657, 21659, 21660, 21661,
		21701, 21703, 21705, 30007, 30024, 30034, 30042, 30127,
	}},
	"later": {channels.ClassTemporary, true, false, []int{
		14107, 20429, 21611, 21730, 30001, 30003, 30008, 30017, 30021, 30022, 63017, 30410, 30036,
	}},
}

func TestCodes(t *testing.T) {
	told := 0
	for name, want := range table {
		for _, n := range want.codes {
			told++
			s := strconv.Itoa(n)
			if Stops(s) != (want.class == channels.ClassDown) {
				t.Errorf("%s: %s stops the channel: %v", name, s, Stops(s))
			}
			if Suppresses(s) != want.suppress || again(s) != want.again {
				t.Errorf("%s: %s suppresses: %v, again: %v", name, s, Suppresses(s), again(s))
			}
			for _, tries := range []int{0, 1, 2, 9} {
				err := judge("sending sms", &refused{status: 400, code: n}, true, true, tries)
				if f := channels.Classify(err); f.Class != want.class || f.Code != s {
					t.Errorf("%s: %s on try %d is %s %q", name, s, tries, f.Class, f.Code)
				}
				if !strings.Contains(err.Error(), s+": ") || strings.ToLower(err.Error()) != strings.ReplaceAll(err.Error(), "STOP", "stop") {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	if told != len(codes) {
		t.Errorf("the table has %d codes, %d are told of here", len(codes), told)
	}
}

func TestCodesThatAreNone(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "29999": true, "0": true, "http 400": true, "550 5.1.1": true, "21610 ": true, "21610": false,
	} {
		if again(s) != want || Suppresses(s) == want {
			t.Errorf("%q: again %v, suppresses %v", s, again(s), Suppresses(s))
		}
	}
}

// A code that is not known is tried once more: Twilio's next code is not the end
// of a delivery, and no message is tried for ever.
func TestUnknownCodesOnce(t *testing.T) {
	for tries, want := range map[int]channels.Class{
		0: channels.ClassTemporary, 1: channels.ClassTemporary, 2: channels.ClassPermanent, 7: channels.ClassPermanent,
	} {
		t.Run(fmt.Sprint(tries), func(t *testing.T) {
			inBubble(t, nil, func(t *testing.T, s *stage) {
				s.twilio.Misbehave(func(channeltest.TwilioCall) channeltest.TwilioAct {
					return channeltest.TwilioAct{Status: 400, Code: 21999}
				})
				d := delivery(1)
				d.Tries = tries
				_, err := s.Send(t.Context(), d)
				if f := channels.Classify(err); f.Class != want || f.Code != "21999" {
					t.Errorf("try %d: %s %v", tries, f.Class, err)
				}
				// The list is no message: that it is refused fails none.
				d.Again = true
				if f := channels.Classify(second(s.Send(t.Context(), d))); f.Class != channels.ClassTemporary || f.Sought {
					t.Errorf("the list, on try %d: %+v", tries, f)
				}
			})
		})
	}
}

func second(_ channels.Accepted, err error) error { return err }
