package sigtest

import (
	"slices"

	"github.com/seed-067c1534/sigio/siginfo"
)

// Queue queues one batch of signals, which no other is added to.
func (k *Kernel) Queue(records ...siginfo.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.queue(records...)
}

func (k *Kernel) queue(records ...siginfo.Record) {
	k.batches = append(k.batches, slices.Clone(records))
	k.wakeSleeper()
}

func (k *Kernel) wakeSleeper() {
	select {
	case k.kick <- struct{}{}:
	default:
	}
}

// Repeat makes the next n calls of Take return the same batch. It allocates
// nothing. The records are k's own until then.
func (k *Kernel) Repeat(n int, batch []siginfo.Record) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.repeats, k.repeated = n, batch
	k.wakeSleeper()
}

// Event does what the kernel does when something happens to fd: poll(2) finds it
// from now on, and if fd is armed a signal is queued, or the mark of a loss if
// the queue is full.
func (k *Kernel) Event(fd int, code siginfo.Code) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready[fd] |= siginfo.BandOf(code)
	switch {
	case !k.armed[fd]:
	case k.full:
		k.mark(Mark())
	default:
		k.queue(siginfo.PollRecord(Signo, code, fd))
	}
}

// mark queues a SIGIO ahead of everything, unless there is one already: a
// standard signal does not queue.
func (k *Kernel) mark(r siginfo.Record) {
	for _, batch := range k.batches {
		for i := range batch {
			if batch[i].Signo() != Signo {
				return
			}
		}
	}
	k.batches = slices.Insert(k.batches, 0, []siginfo.Record{r})
	k.wakeSleeper()
}

// Fill fills the queue with somebody else's signals, or empties it of them.
func (k *Kernel) Fill(full bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.full = full
}

// SetReady says what poll(2) finds about fd from now on.
func (k *Kernel) SetReady(fd int, band siginfo.Band) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ready[fd] = band
}

// Refuse makes Arm fail for fd.
func (k *Kernel) Refuse(fd int, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.refused[fd] = err
}

// BeforeArm makes the next Rearm of fd call f before it arms.
func (k *Kernel) BeforeArm(fd int, f func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.before[fd] = f
}

// RefuseThreads makes Attach fail.
func (k *Kernel) RefuseThreads(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.noThreads = err
}

// Silence does what code elsewhere in a program may do: fd signals no more.
func (k *Kernel) Silence(fd int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.armed, fd)
}

// Break makes every Take fail with ErrBroken.
func (k *Kernel) Break() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.broken = ErrBroken
	k.wakeSleeper()
}

// Armed returns the armed descriptors in ascending order.
func (k *Kernel) Armed() []int {
	k.mu.Lock()
	defer k.mu.Unlock()
	var fds []int
	for fd := range k.armed {
		fds = append(fds, fd)
	}
	slices.Sort(fds)
	return fds
}

// Polls returns how often Poll was called, and for how many descriptors in total.
func (k *Kernel) Polls() (calls, descriptors int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.polls, k.looked
}

// Threads returns how many threads the loop has had.
func (k *Kernel) Threads() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.threads
}
