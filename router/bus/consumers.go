package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// sparePositions removes what the engine keeps of a worker's position in the outbox
// where it is damaged: of some flipped bits it would take all memory that there is,
// or turn in circles, before it says anything. Without it a worker is offered
// everything once more, and its ledger says what of that is finished.
func (b *Bus) sparePositions() error {
	files, err := filepath.Glob(filepath.Join(b.dir, "nats", "jetstream", "*", "streams", streamOutbox, "obs", "*", "o.dat"))
	if err != nil {
		return fmt.Errorf("look for the positions of workers: %w", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || err == nil && position(data) {
			continue
		}
		b.log.Warn("where a worker was in the outbox is damaged; it is offered everything once more", "consumer", filepath.Base(filepath.Dir(file)))
		if err := os.RemoveAll(filepath.Dir(file)); err != nil {
			return fmt.Errorf("remove a damaged position: %w", err)
		}
	}
	return nil
}

// position reports whether a file can be a consumer's state as the engine writes it
// (version 2): numbers of seven bits a byte, among them how many entries follow.
func position(data []byte) bool {
	const magic, version = 22, 2
	if len(data) < 2 || data[0] != magic || data[1] != version {
		return false
	}
	data = data[2:]
	number := func() (n uint64, ok bool) {
		n, size := binary.Uvarint(data)
		if size <= 0 {
			return 0, false
		}
		data = data[size:]
		return n, true
	}
	numbers := func(count uint64) bool {
		for range count {
			if _, ok := number(); !ok {
				return false
			}
		}
		return true
	}
	if !numbers(4) { // acknowledged, and delivered
		return false
	}
	pending, ok := number()
	if !ok || pending > uint64(len(data)) || pending > 0 && !numbers(1+3*pending) {
		return false
	}
	again, ok := number()
	return ok && again <= uint64(len(data)) && numbers(2*again)
}
