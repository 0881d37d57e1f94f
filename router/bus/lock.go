package bus

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// lock takes the storage folder for this process. The kernel releases it when
// the process ends, however it ends.
func lock(file string) (*os.File, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the storage folder's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another sitrep runs on the storage folder %s\nhint: stop it first, or give this one another --storage.path", filepath.Dir(file))
	}
	return f, nil
}
