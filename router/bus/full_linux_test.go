package bus

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"sitrep/channels"
	"sitrep/router/incident"
)

// smallDisk mounts one of 24 MiB. It needs root, which CI has.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=24m"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("mount a small disk: %v", err)
		}
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// filler takes all the room there is on a disk, until its file is removed.
func filler(t *testing.T, dir string) (file string) {
	t.Helper()
	f, err := os.Create(filepath.Join(dir, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{1 << 16, 1} {
		for err = nil; err == nil; {
			_, err = f.Write(make([]byte, size))
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	f.Close()
	return f.Name()
}

func TestAFullDisk(t *testing.T) {
	disk := smallDisk(t)
	synctest.Test(t, func(t *testing.T) {
		b := open(t, filepath.Join(disk, "store"))
		defer b.Close()
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		if err := b.Replay(ctx, nil); err != nil {
			t.Fatal(err)
		}
		q, err := b.Queue(ctx, channels.Email)
		if err != nil {
			t.Fatal(err)
		}
		defer q.Close()
		read := 0
		var reader sync.WaitGroup
		reader.Go(func() {
			for after := uint64(0); ctx.Err() == nil; { // as the router does
				b.Inputs(ctx, after, func(seq uint64, inputs []incident.Input, _ bool) error {
					read += len(inputs)
					after = seq
					return nil
				})
				select {
				case <-time.After(time.Second):
				case <-ctx.Done():
				}
			}
		})

		accepted := 0
		put := func() error {
			began := time.Now()
			in := incident.Input{At: time.Now(), Reason: strings.Repeat("x", 1000), Resolve: &incident.Resolve{Incident: "SR-1"}}
			err := b.Put(ctx, in)
			if took := time.Since(began); took > 6*time.Second {
				t.Errorf("a caller waited %v", took)
			}
			if err == nil {
				accepted++
			} else if !errors.Is(err, ErrFull) {
				t.Errorf("got %v", err)
			}
			return err
		}
		for range 20 {
			if err := put(); err != nil {
				t.Fatal(err)
			}
		}
		full := filler(t, disk)
		var refused error
		for n := 0; n < 100 && refused == nil; n++ {
			refused = put()
		}
		if refused == nil {
			t.Fatal("a full disk took everything")
		}
		synctest.Wait()
		if err := b.Probe(ctx); err == nil {
			t.Error("the probe says that all is well")
		}
		began := time.Now()
		if err := put(); err == nil || time.Since(began) > time.Second {
			t.Errorf("the second caller got %v after %v", err, time.Since(began))
		}
		if err := b.Commit(ctx, incident.Commit{}); err == nil || errors.Is(err, ErrNotAlone) {
			t.Errorf("a commit got %v", err)
		}
		time.Sleep(10 * time.Minute)

		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Second)
		if err := b.Probe(ctx); err != nil {
			t.Errorf("with room again: %v", err)
		}
		for range 20 {
			if err := put(); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Commit(ctx, incident.Commit{}); err != nil {
			t.Error(err)
		}
		part := channels.Part{Incident: "SR-1", Update: 1, Channel: channels.Email, Audience: "board"}
		if err := b.PutPart(ctx, part); err != nil {
			t.Error(err)
		}
		if c, err := q.Next(ctx, false); err != nil || c.Part().ID() != part.ID() {
			// The offers stood still with the engine: one stumble is announced.
			if c, err = q.Next(ctx, false); err != nil || c.Part().ID() != part.ID() {
				t.Errorf("offered %v, %v", c, err)
			}
		}
		time.Sleep(time.Minute)
		all, _ := readInputs(t, b, 0)
		stop()
		reader.Wait()
		if len(all) < accepted || read != len(all) {
			t.Errorf("%d inputs were accepted, %d are stored, and a reader that went on got %d", accepted, len(all), read)
		}
	})
}

func TestAStartOnAFullDiskSaysSo(t *testing.T) {
	disk := smallDisk(t)
	filler(t, disk)
	_, err := Open(t.Context(), Options{Dir: filepath.Join(disk, "store"), Log: slog.New(slog.DiscardHandler)})
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "hint: make room") {
		t.Errorf("got %v", err)
	}
}

// A start that finds the disk full changes nothing.
func TestAStartAfterAFullDiskGoesOn(t *testing.T) {
	disk := smallDisk(t)
	dir := filepath.Join(disk, "store")
	b := open(t, dir)
	if err := b.Put(t.Context(), tick(1)); err != nil {
		t.Fatal(err)
	}
	b.Close()
	full := filler(t, disk)
	if _, err := Open(t.Context(), Options{Dir: dir, Log: slog.New(slog.DiscardHandler)}); err == nil {
		t.Fatal("it started")
	}
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}
	b = open(t, dir)
	defer b.Close()
	if all, _ := readInputs(t, b, 0); len(all) != 1 {
		t.Errorf("%d inputs, want 1", len(all))
	}
}
