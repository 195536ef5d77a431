package sigtest

import (
	"errors"
	"sync"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/siginfo"
)

// Signo is the real-time signal of a Kernel, the one that a loop uses unless it
// is told otherwise.
const Signo = 40

// Kernel is a kernel that lives in memory and does what a test tells it: it
// queues signals, loses them, answers poll(2), and forgets what was armed. A
// descriptor is any number, whether or not there is a file.
//
// A test may tell it things from any goroutine. The methods up to OwnWake are
// what a loop calls. It waits on nothing but channels, so that it can be used in
// a bubble of testing/synctest, where time stands still while the loop works.
type Kernel struct {
	mu        sync.Mutex
	batches   [][]siginfo.Record
	full      bool
	armed     map[int]bool
	ready     map[int]siginfo.Band
	refused   map[int]error
	before    map[int]func()
	broken    error
	noThreads error

	repeated []siginfo.Record
	repeats  int

	threads, polls, looked int

	kick chan struct{} // ends a Sleep; one deep
}

// NewKernel returns a Kernel with nothing queued and no descriptor ready.
func NewKernel() *Kernel {
	return &Kernel{
		armed:   map[int]bool{},
		ready:   map[int]siginfo.Band{},
		refused: map[int]error{},
		before:  map[int]func(){},
		kick:    make(chan struct{}, 1),
	}
}

// Attach counts the threads, or returns the error given to RefuseThreads. What was
// queued and armed for an earlier thread is gone.
func (k *Kernel) Attach() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.noThreads != nil {
		return k.noThreads
	}
	if k.threads++; k.threads > 1 {
		k.batches = nil
		clear(k.armed)
	}
	return nil
}

// Detach does nothing.
func (k *Kernel) Detach() {}

// Arm notes fd down, or returns the error given to Refuse.
func (k *Kernel) Arm(fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.refused[fd]; err != nil {
		return err
	}
	k.armed[fd] = true
	return nil
}

// Disarm forgets fd.
func (k *Kernel) Disarm(fd int) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.armed, fd)
	return nil
}

// Rearm is Arm, after what BeforeArm asked for.
func (k *Kernel) Rearm(fd int) error {
	k.mu.Lock()
	f := k.before[fd]
	delete(k.before, fd)
	k.mu.Unlock()
	if f != nil {
		f()
	}
	return k.Arm(fd)
}

// Verify arms fd again if Silence was called for it.
func (k *Kernel) Verify(fd int) (repaired bool, err error) {
	k.mu.Lock()
	repaired = !k.armed[fd]
	k.mu.Unlock()
	if repaired {
		err = k.Arm(fd)
	}
	return repaired, err
}

// Take returns what is left of the oldest batch, at most one batch at a time.
func (k *Kernel) Take(records []siginfo.Record) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.take(records)
}

func (k *Kernel) take(records []siginfo.Record) (int, error) {
	if k.broken != nil {
		return 0, k.broken
	}
	if k.repeats > 0 {
		k.repeats--
		return copy(records, k.repeated), nil
	}
	if len(k.batches) == 0 {
		return 0, nil
	}
	n := copy(records, k.batches[0])
	if k.batches[0] = k.batches[0][n:]; len(k.batches[0]) == 0 {
		k.batches = k.batches[1:]
	}
	return n, nil
}

// Sleep waits until there is something to take, and takes one record.
func (k *Kernel) Sleep(d time.Duration, record *siginfo.Record) (bool, error) {
	var over <-chan time.Time
	if d >= 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		over = timer.C
	}
	for {
		if found, got, err := k.takeOne(record); found {
			return got, err
		}
		select {
		case <-k.kick: // perhaps for what has been taken since
		case <-over:
			return false, nil
		}
	}
}

func (k *Kernel) takeOne(record *siginfo.Record) (found, got bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.repeats > 0 {
		return true, false, nil // for Take, since those are whole batches
	}
	var one [1]siginfo.Record
	n, err := k.take(one[:])
	if n == 1 {
		*record = one[0]
	}
	return n == 1 || err != nil, n == 1, err
}

// Poll answers with what SetReady and Event said.
func (k *Kernel) Poll(fds []sys.PollFd) (n int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.polls++
	k.looked += len(fds)
	for i := range fds {
		want := siginfo.Band(uint16(fds[i].Events)) | siginfo.Err | siginfo.Hup | siginfo.NVal
		found := k.ready[int(fds[i].Fd)] & want
		fds[i].Revents = int16(found)
		if found != 0 {
			n++
		}
	}
	return n, nil
}

// Wake queues a signal that OwnWake knows, or, when the queue is full, a SIGIO.
func (k *Kernel) Wake() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.full {
		k.mark(WakeMark())
		return
	}
	k.queue(WakeRecord())
}

// OwnWake knows what Wake sent.
func (k *Kernel) OwnWake(r *siginfo.Record) bool {
	return *r == WakeRecord() || *r == WakeMark()
}

// ErrBroken is what Take returns after Break.
var ErrBroken = errors.New("the kernel of the test is broken")
