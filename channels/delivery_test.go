package channels

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"
)

func TestClassify(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want Failure
	}{
		"plain":            {io.EOF, Failure{Class: ClassTemporary, Err: io.EOF}},
		"temporary":        {Temporary("451", io.EOF), Failure{Class: ClassTemporary, Code: "451", Err: io.EOF}},
		"permanent":        {Permanent("550 5.1.1", io.EOF), Failure{Class: ClassPermanent, Code: "550 5.1.1", Err: io.EOF}},
		"asked to wait":    {RetryAfter(time.Minute, "20429", io.EOF), Failure{Class: ClassTemporary, After: time.Minute, Code: "20429", Err: io.EOF}},
		"not shown":        {NotShown(time.Minute, io.EOF), Failure{Class: ClassTemporary, After: time.Minute, Sought: true, Err: io.EOF}},
		"ambiguous":        {Ambiguous("", io.EOF), Failure{Class: ClassAmbiguous, Err: io.EOF}},
		"down":             {Down("535", io.EOF), Failure{Class: ClassDown, Code: "535", Err: io.EOF}},
		"down for":         {DownFor(time.Minute, "20003", io.EOF), Failure{Class: ClassDown, After: time.Minute, Code: "20003", Err: io.EOF}},
		"inside":           {fmt.Errorf("sending: %w", Down("535", io.EOF)), Failure{Class: ClassDown, Code: "535", Err: io.EOF}},
		"joined":           {errors.Join(io.ErrClosedPipe, Permanent("1", io.EOF)), Failure{Class: ClassPermanent, Code: "1", Err: io.EOF}},
		"the outer counts": {Ambiguous("2", Permanent("1", io.EOF)), Failure{Class: ClassAmbiguous, Code: "2", Err: Permanent("1", io.EOF)}},
	} {
		got := Classify(c.err)
		if got.Class != c.want.Class || got.After != c.want.After || got.Code != c.want.Code || got.Sought != c.want.Sought || got.Err.Error() != c.want.Err.Error() {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if !errors.Is(c.err, io.EOF) {
			t.Errorf("%s: the cause is lost", name)
		}
	}
}

func TestFinal(t *testing.T) {
	for state, want := range map[State]bool{
		"": false, Attempting: false, Waiting: false,
		Got: true, Failed: true, Unknown: true, GivenUp: true, Superseded: true,
	} {
		if state.Final() != want {
			t.Errorf("%q is final: %v", state, !want)
		}
	}
}
