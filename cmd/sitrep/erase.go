package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sitrep/channels"
	"sitrep/router/audit"
	"sitrep/router/bus"
	"sitrep/router/incident"
)

func runErase(ctx context.Context, at storeAt, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	return told(stderr, func() error {
		addresses, err := addressesOf(args, stdin)
		if err != nil {
			return noFile{err}
		}
		erased, left, err := erase(ctx, at, addresses)
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, incident.Fact{Body: &erased})
		if left == nil { // the engine is stopped, and its files are at rest
			left, err = holding(at.dir, addresses)
		}
		if err == nil {
			err = nothingLeft(left)
		}
		if err != nil {
			return err
		}
		if at.config != "" {
			fmt.Fprintln(stdout, "no message of the streams holds it any more; the servers may keep it in their own logs until they compact them, which takes minutes and cannot be seen from here; backups and snapshots made before hold it")
		} else {
			fmt.Fprintln(stdout, "no file under the storage path holds it any more; copies and exports made before do")
		}
		fmt.Fprintln(stdout, "take it out of the configuration and its contact files as well: who stands there is told again")
		return nil
	})
}

// addressesOf reads what is to be erased. Errors do not repeat it: they may end
// in a journal.
func addressesOf(args []string, stdin io.Reader) (all []string, err error) {
	var given []string
	for _, a := range args {
		if a != "-" {
			given = append(given, a)
			continue
		}
		lines := bufio.NewScanner(stdin)
		for lines.Scan() {
			given = append(given, lines.Text())
		}
		if err := lines.Err(); err != nil {
			return nil, fmt.Errorf("read the addresses: %w", err)
		}
	}
	for n, a := range given {
		if a = strings.TrimSpace(a); a == "" {
			continue
		}
		if a, err = address(a); err != nil {
			return nil, fmt.Errorf("address %d of %d %w", n+1, len(given), err)
		}
		all = append(all, a)
	}
	if all == nil {
		return nil, errors.New("no address is given\nhint: sitrep erase - reads them from the standard input, a line each")
	}
	return all, nil
}

var (
	phone     = regexp.MustCompile(`^\+[0-9]{7,15}$`)
	separated = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "", ".", "", "/", "")
)

// address brings an address to the form in which it is stored, but for its case.
func address(a string) (string, error) {
	if at := strings.Index(a, "@"); at > 0 && at < len(a)-1 && !strings.ContainsAny(a, " <>") {
		return strings.ToLower(a), nil
	}
	if number := separated.Replace(a); phone.MatchString(number) {
		return number, nil
	}
	return "", errors.New("is neither an email address nor a phone number\nhint: write a phone number with its country, as +31612345678, and an email address without a name")
}

// erase opens the store, verifies the chain, and erases. Left is which streams of a
// cluster still hold an address; nil: the store is in a folder.
func erase(ctx context.Context, at storeAt, addresses []string) (erased incident.Erased, left map[string]bool, err error) {
	store, err := offline(ctx, at)
	if err != nil {
		return erased, nil, err
	}
	defer store.Close()
	last, err := caughtUp(ctx, store)
	if err != nil {
		return erased, nil, err
	}
	forms, err := formsOf(addresses)
	if err != nil {
		return erased, nil, err
	}
	look := func() (map[string]bool, error) {
		if store.OnCluster() {
			return store.Holding(ctx, forms)
		}
		return holding(at.dir, addresses)
	}
	erased, err = store.Erase(ctx, last, func(p channels.Person) bool {
		return slices.ContainsFunc(addresses, func(a string) bool { return strings.EqualFold(a, p.Email) || a == p.Phone })
	}, func(stream string) (bool, error) {
		held, err := look()
		return held[stream], err
	})
	if err != nil {
		return erased, nil, fmt.Errorf("erase: %w\nhint: nothing is lost; erase again to finish", err)
	}
	if _, err = caughtUp(ctx, store); err == nil && store.OnCluster() {
		left, err = look()
	}
	return erased, left, err
}

// caughtUp reads the facts, writes the lines of the audit that follow from them and
// are not written yet, and returns the last commit.
func caughtUp(ctx context.Context, store *bus.Bus) (last incident.Commit, err error) {
	var lines audit.Gather
	if lines.Last, err = store.Audited(ctx); err != nil {
		return last, err
	}
	err = store.Replay(ctx, func(c incident.Commit) error {
		for _, f := range c.Facts {
			lines.Take(f)
		}
		last = c
		return nil
	})
	if err != nil {
		return last, fmt.Errorf("read the facts: %w", err)
	}
	for _, l := range lines.Left() {
		if err := store.Audit(ctx, l); err != nil {
			return last, err
		}
	}
	return last, nil
}

// formsOf is how addresses may stand somewhere, in lower case: as they are, and as JSON
// may write them.
func formsOf(addresses []string) (forms [][]byte, err error) {
	for _, a := range addresses {
		quoted, err := json.Marshal(a)
		if err != nil {
			return nil, err
		}
		forms = append(forms, []byte(a), bytes.ToLower(bytes.Trim(quoted, `"`)))
	}
	return forms, nil
}

// holding returns the streams of which some file holds an address, as it is or as
// JSON may write it, in whatever case; "" is what belongs to no stream.
func holding(dir string, addresses []string) (map[string]bool, error) {
	forms, err := formsOf(addresses)
	if err != nil {
		return nil, err
	}
	held := map[string]bool{}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) { // the engine just wrote it anew
			return nil
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if bus.Contains(data, forms) {
			held[bus.StreamOf(filepath.ToSlash(name))] = true
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("search the storage folder: %w", err)
	}
	return held, nil
}

// nothingLeft says where something is left.
func nothingLeft(held map[string]bool) error {
	if len(held) == 0 {
		return nil
	}
	var where []string
	for _, name := range slices.Sorted(maps.Keys(held)) {
		switch name {
		case "SITREP_INBOX":
			where = append(where, "inputs that are not decided yet (start sitrep, stop it after a minute, and erase again)")
		case "SITREP_FACTS":
			where = append(where, "facts: in an alert, or in words that somebody gave")
		case "SITREP_TEXTS":
			where = append(where, "texts of updates: in an alert, or in words that somebody gave")
		case "":
			where = append(where, "a file that is not sitrep's")
		default:
			where = append(where, name)
		}
	}
	return fmt.Errorf("the address is in no roster any more, and still stands in:\n  %s\nhint: facts cannot be changed; they go with their incident, after --data.retention=incidents", strings.Join(where, "\n  "))
}
