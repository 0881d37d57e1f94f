package bus

import (
	"testing"
	"time"

	"sitrep/channels"
)

// TestTheSameIsStoredOnce: also where the first of it is an hour old, and where it
// was stored before the start.
func TestTheSameIsStoredOnce(t *testing.T) {
	dir := t.TempDir()
	texts := []channels.Text{{Language: "nl", Text: "E-mail is gestoord."}}
	b := open(t, dir)
	put := func(want uint64) {
		t.Helper()
		hash, err := b.PutTexts(t.Context(), texts)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.Texts(t.Context(), hash); err != nil || len(got) != 1 || got[0].Text != texts[0].Text {
			t.Fatalf("%v, %v", got, err)
		}
		if state, err := b.info(t.Context(), streamTexts); err != nil || state.Msgs != want {
			t.Errorf("%d messages, %v; want %d", state.Msgs, err, want)
		}
	}
	put(1)
	put(1)
	for subject := range b.shelved.all {
		b.shelved.all[subject] = time.Now().Add(-shelvedFor - time.Second)
	}
	put(1)
	b.Close()
	b = open(t, dir)
	defer b.Close()
	put(1)
	if len(b.shelved.all) != 0 {
		t.Error("what an earlier run stored may be as old as it likes")
	}
}
