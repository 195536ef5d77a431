package output_test

import (
	"bytes"
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fatal is absurdly long: it only ends a test that hangs.
const fatal = 60 * time.Second

// line is a Format whose result is easy to predict.
func line(dst []byte, m *message.Message) []byte {
	return append(append(dst, m.Text...), '\n')
}

func msg(text string) *message.Message { return &message.Message{Text: []byte(text)} }

// receipt records what it is told.
type receipt struct {
	mu        sync.Mutex
	calls     int
	delivered int
	lost      map[string]int
}

var _ output.Receipt = (*receipt)(nil)

func (r *receipt) Delivered(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	r.delivered += n
}

func (r *receipt) Lost(n int, cause string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if r.lost == nil {
		r.lost = make(map[string]int)
	}
	r.lost[cause] += n
}

// told fails the test unless r was told exactly this.
func (r *receipt) told(t *testing.T, delivered, lost int, cause string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	others := 0
	for c, n := range r.lost {
		if c != cause {
			others += n
		}
	}
	if r.delivered != delivered || r.lost[cause] != lost || others != 0 {
		t.Fatalf("told %d delivered, lost %v; want %d delivered, %d lost (%s)", r.delivered, r.lost, delivered, lost, cause)
	}
}

// sink is an io.Writer that keeps what it accepts and asks before for each write what to do. In a
// synctest bubble it also knows when.
type sink struct {
	// ask returns how many of n bytes to take in the call'th write, and with which error. nil takes
	// everything.
	ask func(call, n int) (int, error)

	mu     sync.Mutex
	got    bytes.Buffer
	writes []int
	at     []time.Time
}

func (s *sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	call := len(s.writes)
	s.writes = append(s.writes, len(p))
	s.at = append(s.at, time.Now())
	s.mu.Unlock()
	n, err := len(p), error(nil)
	if s.ask != nil {
		n, err = s.ask(call, len(p))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got.Write(p[:min(max(n, 0), len(p))])
	return n, err
}

func (s *sink) calls() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.writes)
}

func (s *sink) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.got.String()
}

// bubble runs f in a bubble of its own, with a clock that jumps (testing/synctest).
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, f)
}

// pass lets d of a bubble's time pass, and then everything come to rest.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// open returns a Writer with the format line that is closed without mercy at the end of the test.
func open(t *testing.T, w interface{ Write([]byte) (int, error) }, opts output.Options) *output.Writer {
	t.Helper()
	opts.Format = line
	o := output.NewWriter(w, opts)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		o.Close(ctx)
	})
	return o
}

// put appends and fails the test if there is no room.
func put(t *testing.T, o *output.Writer, r output.Receipt, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !o.Append(msg(text), r) {
			t.Fatalf("no room for %.20q: %+v", text, o.Stats())
		}
	}
}

// conserved fails the test unless every accepted message is accounted for.
func conserved(t *testing.T, o *output.Writer, accepted int) {
	t.Helper()
	s := o.Stats()
	if s.Written+s.Lost+uint64(s.Pending) != uint64(accepted) || s.Pending < 0 || s.PendingBytes < 0 {
		t.Fatalf("accepted %d, but %+v", accepted, s)
	}
}
