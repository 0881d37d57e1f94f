package incident

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"
)

// laden sets whatever can be set to something that is not its zero.
func laden(v reflect.Value, depth int) {
	if !v.CanSet() || depth > 12 {
		return
	}
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("naïve <\"words\">\n")
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(7)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(7)
	case reflect.Float32, reflect.Float64:
		v.SetFloat(0.25)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		laden(v.Elem(), depth+1)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		laden(v.Index(0), depth+1)
		laden(v.Index(1), depth+1)
	case reflect.Array:
		for i := range v.Len() {
			laden(v.Index(i), depth+1)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, of := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		laden(key, depth+1)
		laden(of, depth+1)
		v.SetMapIndex(key, of)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 678_900_000, time.UTC)))
			return
		}
		for i := range v.NumField() {
			laden(v.Field(i), depth+1)
		}
	}
}

// TestFactsReadAsTheyWereWritten: every kind, with everything in it and with nothing, by
// this room's reading and writing and by encoding/json's.
func TestFactsReadAsTheyWereWritten(t *testing.T) {
	if len(kinds) < 50 || len(kindOf) != len(kinds) || len(nameOf) != len(kinds) {
		t.Errorf("of %d kinds %d have a name of their own, and %d a type", len(kinds), len(kindOf), len(nameOf))
	}
	for _, k := range kinds {
		full, bare := reflect.New(k.of), reflect.New(k.of)
		laden(full.Elem(), 0)
		for _, body := range []reflect.Value{full, bare} {
			// What encoding/json leaves out does not come back.
			data, err := json.Marshal(body.Interface())
			if err != nil {
				t.Fatal(err)
			}
			want := reflect.New(k.of)
			if err := json.Unmarshal(data, want.Interface()); err != nil {
				t.Fatal(err)
			}
			f := Fact{At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Service: "mail", Reason: "naïve <b>\n", Body: want.Interface()}
			c := Commit{Number: 3, At: f.At, Facts: []Fact{f}, Answers: []Answer{{Input: "x"}}}
			wire := fmt.Sprintf(`{"at":"2026-01-02T03:04:05Z","service":"mail","reason":"naïve \u003cb\u003e\n","%s":%s}`, k.name, data)
			ours, err := c.Encode()
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			if whole := fmt.Sprintf(`{"number":3,"inbox":0,"at":"2026-01-02T03:04:05Z","facts":[%s],"answers":[{"input":"x"}]}`, wire); string(ours) != whole || string(theirs) != whole {
				t.Errorf("written\n%s\nand\n%s\nwant\n%s", ours, theirs, whole)
			}
			read, err := ReadCommit(ours)
			if err != nil || !reflect.DeepEqual(read, c) {
				t.Errorf("%s: %v\n%+v\nwant\n%+v", k.name, err, read, c)
			}
			var again Commit
			if err := json.Unmarshal(ours, &again); err != nil || !reflect.DeepEqual(again, c) {
				t.Errorf("%s: encoding/json reads %v\n%+v\nwant\n%+v", k.name, err, again, c)
			}
		}
	}
	var f Fact
	for text, want := range map[string]bool{`{"at":"2026-01-02T03:04:05Z","of the future":{"a":[1]},"heard":{}}`: true, `[]`: false, `{"at":7}`: false, `{"heard":3}`: false, `{`: false, `7`: false} {
		if err := json.Unmarshal([]byte(text), &f); (err == nil) != want || want && f.Heard() == nil {
			t.Errorf("%s: %v, %+v", text, err, f)
		}
	}
	if _, err := json.Marshal(Fact{Body: new(int)}); err == nil {
		t.Error("a number is a fact")
	}
	if data, err := json.Marshal(Fact{Body: (*Heard)(nil)}); err != nil || string(data) != `{"at":"0001-01-01T00:00:00Z"}` {
		t.Errorf("a fact of nothing is %s, %v", data, err)
	}
}
