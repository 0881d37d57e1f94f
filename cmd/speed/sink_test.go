package speed

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// sink is a mail server that takes everything and keeps nothing but who got how
// many, and when the last came. It does as little as can be, so that what sends is
// measured.
type sink struct {
	addr  string
	wait  time.Duration              // before each answer
	told  func(to []byte, m arrival) // of each message, before its last answer; nil: nobody
	count atomic.Int64
	last  atomic.Int64 // when the last answer to a message went out, in Unix nanoseconds

	l     net.Listener
	mu    sync.Mutex
	conns map[net.Conn]bool
	kept  []byte // one message, the last that was asked for
	want  atomic.Bool
	all   sync.WaitGroup
}

// arrival is one message on its way in.
type arrival struct {
	begun time.Time // when MAIL FROM came
	data  []byte    // of use until told returns; nil where nobody asked
}

// sink starts one; set changes it before it listens.
func (b *bench) sink(set func(*sink)) *sink {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &sink{addr: l.Addr().String(), l: l, conns: map[net.Conn]bool{}}
	if set != nil {
		set(s)
	}
	s.all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns[c] = true
			s.mu.Unlock()
			s.all.Go(func() { s.serve(c) })
		}
	})
	b.Cleanup(func() {
		l.Close()
		s.mu.Lock()
		for c := range s.conns {
			c.Close()
		}
		s.mu.Unlock()
		s.all.Wait()
	})
	return s
}

func (s *sink) serve(c net.Conn) {
	defer func() {
		c.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	in := bufio.NewReaderSize(c, 64<<10)
	say := func(answer string) bool {
		if s.wait > 0 {
			time.Sleep(s.wait)
		}
		_, err := io.WriteString(c, answer)
		return err == nil
	}
	var to, kept []byte
	var begun time.Time
	for ok := say("220 sink\r\n"); ok; {
		l, err := in.ReadSlice('\n')
		if err != nil || len(l) < 4 {
			return
		}
		switch strings.ToUpper(string(l[:4])) {
		case "EHLO":
			ok = say("250-sink\r\n250-8BITMIME\r\n250-PIPELINING\r\n250-SMTPUTF8\r\n250 SIZE 33554432\r\n")
		case "MAIL":
			begun = time.Now()
			ok = say("250 2.1.0 ok\r\n")
		case "RCPT":
			if from, end := bytes.IndexByte(l, '<'), bytes.IndexByte(l, '>'); from >= 0 && end > from {
				to = append(to[:0], l[from+1:end]...)
			}
			ok = say("250 2.1.5 ok\r\n")
		case "DATA":
			if ok = say("354 go on\r\n"); !ok {
				return
			}
			keep := s.want.Load()
			kept = kept[:0]
			for {
				l, err := in.ReadSlice('\n')
				if err != nil && err != bufio.ErrBufferFull {
					return
				}
				if len(l) == 3 && l[0] == '.' {
					break
				}
				if keep {
					kept = append(kept, l...)
				}
			}
			if keep {
				s.mu.Lock()
				s.kept = append(s.kept[:0], kept...)
				s.mu.Unlock()
			}
			if s.told != nil {
				s.told(to, arrival{begun, kept})
			}
			ok = say("250 2.0.0 queued\r\n")
			s.last.Store(time.Now().UnixNano())
			s.count.Add(1)
		case "QUIT":
			say("221 2.0.0 bye\r\n")
			return
		default:
			ok = say("250 2.0.0 ok\r\n")
		}
	}
}

// await waits until so many messages have come in all, and returns when the last
// of them was answered.
func (s *sink) await(b *bench, n int64, within time.Duration) time.Time {
	b.Helper()
	b.until("the mails are there", within, func() bool { return s.count.Load() >= n })
	return time.Unix(0, s.last.Load())
}
