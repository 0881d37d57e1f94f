package incident

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"
)

// Kept and Broken are how a promise ended.
type (
	Kept   Promise
	Broken Promise
)

// Approved and Rejected are what a second person said of a draft.
type (
	Approved Verdict
	Rejected Verdict
)

// kinds are the names that facts have where they are stored.
var kinds = [...]struct {
	name string
	of   reflect.Type
}{
	{"fired", reflect.TypeFor[Fired]()},
	{"retold", reflect.TypeFor[Retold]()},
	{"ceased", reflect.TypeFor[Ceased]()},
	{"passed", reflect.TypeFor[Passed]()},
	{"heard", reflect.TypeFor[Heard]()},
	{"unconfirmed", reflect.TypeFor[Unconfirmed]()},
	{"confirmed", reflect.TypeFor[Confirmed]()},
	{"opened", reflect.TypeFor[Opened]()},
	{"escalated", reflect.TypeFor[Escalated]()},
	{"phased", reflect.TypeFor[Phased]()},
	{"said", reflect.TypeFor[Said]()},
	{"planned", reflect.TypeFor[Planned]()},
	{"delivered", reflect.TypeFor[Delivered]()},
	{"kept", reflect.TypeFor[Kept]()},
	{"broken", reflect.TypeFor[Broken]()},
	{"breached", reflect.TypeFor[Breached]()},
	{"resolved", reflect.TypeFor[Resolved]()},
	{"reopened", reflect.TypeFor[Reopened]()},
	{"refused", reflect.TypeFor[Refused]()},
	{"settled", reflect.TypeFor[Settled]()},
	{"unrostered", reflect.TypeFor[Unrostered]()},
	{"joined", reflect.TypeFor[Joined]()},
	{"parted", reflect.TypeFor[Parted]()},
	{"caused", reflect.TypeFor[Caused]()},
	{"eased", reflect.TypeFor[Eased]()},
	{"silent", reflect.TypeFor[Silent]()},
	{"returned", reflect.TypeFor[Returned]()},
	{"estimated", reflect.TypeFor[Estimated]()},
	{"led", reflect.TypeFor[Led]()},
	{"titled", reflect.TypeFor[Titled]()},
	{"accounted", reflect.TypeFor[Accounted]()},
	{"steered", reflect.TypeFor[Steered]()},
	{"hastened", reflect.TypeFor[Hastened]()},
	{"cancelled", reflect.TypeFor[Cancelled]()},
	{"taken", reflect.TypeFor[Taken]()},
	{"awaited", reflect.TypeFor[Awaited]()},
	{"approved", reflect.TypeFor[Approved]()},
	{"rejected", reflect.TypeFor[Rejected]()},
	{"lapsed", reflect.TypeFor[Lapsed]()},
	{"scheduled", reflect.TypeFor[Scheduled]()},
	{"rescheduled", reflect.TypeFor[Rescheduled]()},
	{"begun", reflect.TypeFor[Begun]()},
	{"overran", reflect.TypeFor[Overran]()},
	{"reported", reflect.TypeFor[Reported]()},
	{"finished", reflect.TypeFor[Finished]()},
	{"called_off", reflect.TypeFor[CalledOff]()},
	{"turned", reflect.TypeFor[Turned]()},
	{"added", reflect.TypeFor[Recipient]()},
	{"removed", reflect.TypeFor[Removal]()},
	{"fell", reflect.TypeFor[Fell]()},
	{"ailment", reflect.TypeFor[Ailment]()},
	{"arrived", reflect.TypeFor[Arrived]()},
	{"erased", reflect.TypeFor[Erased]()},
	{"forgotten", reflect.TypeFor[Forgotten]()},
}

var kindOf, nameOf = func() (map[string]reflect.Type, map[reflect.Type]string) {
	of, name := map[string]reflect.Type{}, map[reflect.Type]string{}
	for _, k := range kinds {
		of[k.name], name[reflect.PointerTo(k.of)] = k.of, k.name
	}
	return of, name
}()

// stored is how facts are written: as encoding/json does, so that what reads them by
// that reads the same.
var stored = json.JoinOptions(jsonv1.DefaultOptionsV1(), json.Deterministic(true))

// lenient is how they are read: quicker than strictly as encoding/json does.
var lenient = jsonv1.FormatDurationAsNano(true)

// MarshalJSONTo writes a fact as an object of what it has, the body under its kind's
// name.
func (f Fact) MarshalJSONTo(e *jsontext.Encoder) error {
	if err := e.WriteToken(jsontext.BeginObject); err != nil {
		return err
	}
	if err := e.WriteToken(jsontext.String("at")); err != nil {
		return err
	}
	if err := json.MarshalEncode(e, f.At); err != nil {
		return err
	}
	for _, m := range f.texts() {
		if *m.text == "" {
			continue
		}
		if err := e.WriteToken(jsontext.String(m.name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, *m.text, stored); err != nil {
			return err
		}
	}
	if v := reflect.ValueOf(f.Body); f.Body != nil && !v.IsNil() {
		name, known := nameOf[v.Type()]
		if !known {
			return fmt.Errorf("a fact cannot be a %T", f.Body)
		}
		if err := e.WriteToken(jsontext.String(name)); err != nil {
			return err
		}
		if err := json.MarshalEncode(e, f.Body, stored); err != nil {
			return err
		}
	}
	return e.WriteToken(jsontext.EndObject)
}

type text struct {
	name string
	text *string
}

func (f *Fact) texts() [8]text {
	return [...]text{
		{"service", &f.Service}, {"incident", &f.Incident}, {"by", &f.By}, {"role", &f.Role},
		{"reason", &f.Reason}, {"input", &f.Input}, {"key", &f.Key}, {"asked", &f.Asked},
	}
}

// UnmarshalJSONFrom reads one. What it does not know it leaves out.
func (f *Fact) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*f = Fact{}
	if k := d.PeekKind(); k != '{' {
		return fmt.Errorf("a fact is an object, and not a %v", k)
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != '}' {
		t, err := d.ReadToken()
		if err != nil {
			return err
		}
		if err := f.member(d, t.String()); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (f *Fact) member(d *jsontext.Decoder, name string) error {
	if name == "at" {
		return json.UnmarshalDecode(d, &f.At)
	}
	if of, is := kindOf[name]; is {
		body := reflect.New(of)
		f.Body = body.Interface()
		return json.UnmarshalDecode(d, f.Body)
	}
	for _, m := range f.texts() {
		if m.name == name {
			return json.UnmarshalDecode(d, m.text)
		}
	}
	return d.SkipValue()
}

// MarshalJSON and UnmarshalJSON are for encoding/json.
func (f Fact) MarshalJSON() ([]byte, error) { return json.Marshal(f, stored) }

func (f *Fact) UnmarshalJSON(data []byte) error { return json.Unmarshal(data, f, stored) }

// The bodies, each nil where a fact is of another kind.

func (f Fact) Fired() *Fired             { b, _ := f.Body.(*Fired); return b }
func (f Fact) Retold() *Retold           { b, _ := f.Body.(*Retold); return b }
func (f Fact) Ceased() *Ceased           { b, _ := f.Body.(*Ceased); return b }
func (f Fact) Passed() *Passed           { b, _ := f.Body.(*Passed); return b }
func (f Fact) Heard() *Heard             { b, _ := f.Body.(*Heard); return b }
func (f Fact) Unconfirmed() *Unconfirmed { b, _ := f.Body.(*Unconfirmed); return b }
func (f Fact) Confirmed() *Confirmed     { b, _ := f.Body.(*Confirmed); return b }
func (f Fact) Opened() *Opened           { b, _ := f.Body.(*Opened); return b }
func (f Fact) Escalated() *Escalated     { b, _ := f.Body.(*Escalated); return b }
func (f Fact) Phased() *Phased           { b, _ := f.Body.(*Phased); return b }
func (f Fact) Said() *Said               { b, _ := f.Body.(*Said); return b }
func (f Fact) Planned() *Planned         { b, _ := f.Body.(*Planned); return b }
func (f Fact) Delivered() *Delivered     { b, _ := f.Body.(*Delivered); return b }
func (f Fact) Kept() *Promise            { b, _ := f.Body.(*Kept); return (*Promise)(b) }
func (f Fact) Broken() *Promise          { b, _ := f.Body.(*Broken); return (*Promise)(b) }
func (f Fact) Breached() *Breached       { b, _ := f.Body.(*Breached); return b }
func (f Fact) Resolved() *Resolved       { b, _ := f.Body.(*Resolved); return b }
func (f Fact) Reopened() *Reopened       { b, _ := f.Body.(*Reopened); return b }
func (f Fact) Refused() *Refused         { b, _ := f.Body.(*Refused); return b }
func (f Fact) Settled() *Settled         { b, _ := f.Body.(*Settled); return b }
func (f Fact) Unrostered() *Unrostered   { b, _ := f.Body.(*Unrostered); return b }
func (f Fact) Joined() *Joined           { b, _ := f.Body.(*Joined); return b }
func (f Fact) Parted() *Parted           { b, _ := f.Body.(*Parted); return b }
func (f Fact) Caused() *Caused           { b, _ := f.Body.(*Caused); return b }
func (f Fact) Eased() *Eased             { b, _ := f.Body.(*Eased); return b }
func (f Fact) Silent() *Silent           { b, _ := f.Body.(*Silent); return b }
func (f Fact) Returned() *Returned       { b, _ := f.Body.(*Returned); return b }
func (f Fact) Estimated() *Estimated     { b, _ := f.Body.(*Estimated); return b }
func (f Fact) Led() *Led                 { b, _ := f.Body.(*Led); return b }
func (f Fact) Titled() *Titled           { b, _ := f.Body.(*Titled); return b }
func (f Fact) Accounted() *Accounted     { b, _ := f.Body.(*Accounted); return b }
func (f Fact) Steered() *Steered         { b, _ := f.Body.(*Steered); return b }
func (f Fact) Hastened() *Hastened       { b, _ := f.Body.(*Hastened); return b }
func (f Fact) Cancelled() *Cancelled     { b, _ := f.Body.(*Cancelled); return b }
func (f Fact) Taken() *Taken             { b, _ := f.Body.(*Taken); return b }
func (f Fact) Awaited() *Awaited         { b, _ := f.Body.(*Awaited); return b }
func (f Fact) Approved() *Verdict        { b, _ := f.Body.(*Approved); return (*Verdict)(b) }
func (f Fact) Rejected() *Verdict        { b, _ := f.Body.(*Rejected); return (*Verdict)(b) }
func (f Fact) Lapsed() *Lapsed           { b, _ := f.Body.(*Lapsed); return b }
func (f Fact) Scheduled() *Scheduled     { b, _ := f.Body.(*Scheduled); return b }
func (f Fact) Rescheduled() *Rescheduled { b, _ := f.Body.(*Rescheduled); return b }
func (f Fact) Begun() *Begun             { b, _ := f.Body.(*Begun); return b }
func (f Fact) Overran() *Overran         { b, _ := f.Body.(*Overran); return b }
func (f Fact) Reported() *Reported       { b, _ := f.Body.(*Reported); return b }
func (f Fact) Finished() *Finished       { b, _ := f.Body.(*Finished); return b }
func (f Fact) CalledOff() *CalledOff     { b, _ := f.Body.(*CalledOff); return b }
func (f Fact) Turned() *Turned           { b, _ := f.Body.(*Turned); return b }
func (f Fact) Added() *Recipient         { b, _ := f.Body.(*Recipient); return b }
func (f Fact) Removed() *Removal         { b, _ := f.Body.(*Removal); return b }
func (f Fact) Fell() *Fell               { b, _ := f.Body.(*Fell); return b }
func (f Fact) Ailment() *Ailment         { b, _ := f.Body.(*Ailment); return b }
func (f Fact) Arrived() *Arrived         { b, _ := f.Body.(*Arrived); return b }
func (f Fact) Erased() *Erased           { b, _ := f.Body.(*Erased); return b }
func (f Fact) Forgotten() *Forgotten     { b, _ := f.Body.(*Forgotten); return b }
