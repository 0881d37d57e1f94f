package agenda

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxSize is how large a calendar, or a list of silences, may be.
	maxSize = 10 << 20
	// fetchTime is how long one may take to come.
	fetchTime = 30 * time.Second
)

// errTooLarge says that there is more than sitrep takes.
var errTooLarge = fmt.Errorf("it is larger than %d MiB", maxSize>>20)

// Answer is a status that is none of success.
type Answer int

func (a Answer) Error() string { return "the server answers " + strconv.Itoa(int(a)) }

// Get fetches what a web address has. No error repeats the address: a calendar's may be
// as good as a password.
func Get(client *http.Client, address func() (string, error), accept string) func(context.Context) ([]byte, error) {
	return func(ctx context.Context) ([]byte, error) {
		ctx, cancel := context.WithTimeout(ctx, fetchTime)
		defer cancel()
		at, err := address()
		if err != nil {
			return nil, err
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
		if err != nil {
			return nil, errors.New("its address is none")
		}
		r.Header.Set("Accept", accept)
		answer, err := client.Do(r)
		if err != nil {
			return nil, Plain(err)
		}
		defer answer.Body.Close()
		if answer.StatusCode != http.StatusOK {
			return nil, Answer(answer.StatusCode)
		}
		data, err := io.ReadAll(io.LimitReader(answer.Body, maxSize+1))
		if err != nil {
			return nil, Plain(err)
		}
		return data, nil
	}
}

// Plain is an error without the address that it is about.
func Plain(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}
