package sender

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Limits of one message.
const (
	// MaxDatagram is what one UDP datagram over IPv4 holds: 65535 bytes less the headers of IP (20)
	// and UDP (8).
	MaxDatagram = 65507
	// MaxLine is the longest line that is read from Config.Lines, without its newline.
	MaxLine = 1 << 20
)

// Config says what to send, where, and how. Only Target is required.
type Config struct {
	Target Target
	User   string // send_user
	Text   string // send_msg; not used with Lines

	Count int       // how many messages; 0 means 1; not used with Lines
	Lines io.Reader // if not nil, each of its lines is a message

	Number bool // begin each text with "seq=0000000000 ", counting from 0

	Rate        float64 // messages per second of all connections together; 0 means no limit
	Connections int     // how many workers send at the same time; 0 means 1
	// KeepOpen keeps one connection per worker and ends each message with a newline. Otherwise each
	// message has a connection. For datagrams each worker has a socket in both cases.
	KeepOpen bool

	// Ack asks the receiver, over a connection, to acknowledge messages. Each has a send_id then, and is sent
	// again, over a new connection if need be, until it is acknowledged: Sent says that. Connections
	// are kept open. Without an acknowledgement for Timeout what is open has failed, and Run ends.
	Ack bool

	// Timeout bounds a connection attempt and the sending of one message, and over TLS how long is
	// waited for the receiver's end of a connection. 0 means 10 s.
	Timeout time.Duration

	// Progress, if not nil, is called after every message with the counts so far. The calls come
	// from the workers' goroutines, but one at a time, and they hold up the sending: it is up to
	// Progress to do little most of the time.
	Progress func(sent, failed int, elapsed time.Duration)
}

// Run sends what cfg says and returns when everything was tried. A message that cannot be sent is
// counted in the Result and does not end Run. These do, and the Result then says how far it came:
//
//   - the end of ctx: errors.Is finds ctx.Err(); a message under way is not counted
//   - an error of Lines, or a line longer than MaxLine, after the lines before it
//   - a message too large for a datagram of UDP
//   - a file of Target.TLS that is not what it should be
//
// A Read of Lines that is blocked when Run returns is left behind in a goroutine.
func Run(ctx context.Context, cfg Config) (Result, error) {
	r, err := newRun(cfg)
	if err != nil {
		return Result{}, err
	}
	taking, halt := context.WithCancel(ctx)
	defer halt()
	r.halt = halt
	if cfg.Lines != nil {
		r.lines = make(chan job)
		go r.read(taking)
	}
	r.start = time.Now()
	var workers sync.WaitGroup
	for range max(cfg.Connections, 1) {
		if cfg.Ack {
			workers.Go(func() { r.workAcked(ctx, taking) })
		} else {
			workers.Go(func() { r.work(ctx, taking) })
		}
	}
	workers.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Duration = time.Since(r.start)
	return r.result, r.err
}

// run is one call of Run.
type run struct {
	cfg     Config
	tls     *tls.Config   // nil: none
	limiter *rate.Limiter // nil: no limit
	series  string        // what send_ids begin with, or ""
	lines   chan job      // nil: cfg.Text, cfg.Count times
	halt    func()        // ends the context with which workers take messages
	start   time.Time

	mu     sync.Mutex
	taken  int   // of cfg.Count
	err    error // what Run will return
	result Result
}

// job is a message to be sent.
type job struct {
	text   string
	number int
}

func newRun(cfg Config) (*run, error) {
	switch {
	case !cfg.Target.known():
		return nil, fmt.Errorf("sigio: target %q: the protocol must be udp, tcp, tls, unix or unixgram", cfg.Target)
	case cfg.Ack && !cfg.Target.Stream():
		return nil, fmt.Errorf("sigio: target %q: datagrams are not acknowledged: send to %s://%s", cfg.Target,
			map[string]string{"udp": "tcp", "unixgram": "unix"}[cfg.Target.Network], cfg.Target.Address)
	case cfg.Count < 0 || cfg.Connections < 0 || cfg.Rate < 0:
		return nil, errors.New("sigio: a count, a rate and a number of connections cannot be negative")
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 10 * time.Second
	}
	if cfg.Count == 0 {
		cfg.Count = 1
	}
	r := &run{cfg: cfg}
	var err error
	if r.tls, err = cfg.Target.secure(); err != nil {
		return nil, err
	}
	if cfg.Ack {
		r.cfg.KeepOpen = true
		r.series = rand.Text()[:12]
	}
	if cfg.Rate > 0 {
		// A timer is late by a millisecond or so. A burst of 5 ms of messages makes up for that;
		// with a burst of 1 a high rate would not be reached.
		r.limiter = rate.NewLimiter(rate.Limit(cfg.Rate), int(min(max(cfg.Rate/200, 1), 1e6)))
	}
	if cfg.Lines == nil { // all messages are of one size
		if _, err := r.encode(job{text: cfg.Text}, time.Now()); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// read makes a message of each line.
func (r *run) read(taking context.Context) {
	in := bufio.NewScanner(r.cfg.Lines)
	in.Buffer(nil, MaxLine+len("\r\n"))
	n := 0
	for ; in.Scan() && len(in.Bytes()) <= MaxLine; n++ {
		select {
		case r.lines <- job{in.Text(), n}:
		case <-taking.Done():
			return // without close: the workers see for themselves
		}
	}
	switch err := in.Err(); {
	case errors.Is(err, bufio.ErrTooLong), len(in.Bytes()) > MaxLine:
		r.fault(fmt.Errorf("sigio: line %d is longer than %d bytes, the most that is sent as one message", n+1, MaxLine))
	case err != nil:
		r.fault(fmt.Errorf("sigio: reading line %d: %w", n+1, err))
	}
	close(r.lines)
}

// next waits for the next message and until the rate allows it. It returns false when there is none
// or taking has ended.
func (r *run) next(taking context.Context) (j job, ok bool) {
	if r.lines != nil {
		select {
		case j, ok = <-r.lines:
		case <-taking.Done():
			r.interrupted(taking)
		}
	} else {
		r.mu.Lock()
		if ok = r.taken < r.cfg.Count; ok {
			j = job{r.cfg.Text, r.taken}
			r.taken++
		}
		r.mu.Unlock()
	}
	if !ok {
		return j, false
	}
	if r.limiter != nil && r.limiter.Wait(taking) != nil || taking.Err() != nil {
		r.interrupted(taking)
		return j, false
	}
	return j, true
}

// interrupted notes that messages were left because ctx has ended, or would end before the rate
// allows the next one.
func (r *run) interrupted(ctx context.Context) {
	err := ctx.Err()
	if err == nil {
		err = context.DeadlineExceeded
	}
	r.fault(fmt.Errorf("sigio: sending was interrupted: %w", err))
}

// fault notes what Run will return, unless there is something already.
func (r *run) fault(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
}

// encode returns a message as it goes over the wire.
func (r *run) encode(j job, now time.Time) ([]byte, error) {
	if r.cfg.Number {
		j.text = fmt.Sprintf("seq=%010d %s", j.number, j.text)
	}
	id := ""
	if r.series != "" {
		id = r.series + "-" + strconv.Itoa(j.number)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(struct {
		User string `json:"send_user"`
		Time string `json:"send_time"`
		Text string `json:"send_msg"`
		ID   string `json:"send_id,omitempty"`
	}{r.cfg.User, now.Format(time.DateTime), j.text, id})
	if err != nil {
		return nil, fmt.Errorf("sigio: message %d: %w", j.number+1, err)
	}
	out := b.Bytes() // ends with a newline
	if !r.separated() {
		out = out[:len(out)-1]
	}
	if r.cfg.Target.Network == "udp" && len(out) > MaxDatagram {
		return nil, fmt.Errorf("sigio: message %d has %d bytes as JSON, a UDP datagram holds at most %d: shorten it, or send it to tcp://%s",
			j.number+1, len(out), MaxDatagram, r.cfg.Target.Address)
	}
	return out, nil
}

// separated says whether messages share a connection.
func (r *run) separated() bool { return r.cfg.KeepOpen && r.cfg.Target.Stream() }
