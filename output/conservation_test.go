package output_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/output"
)

// The property on which the accounting stands: whatever the output does, and whenever Close comes,
// every message that was accepted has exactly one outcome, those delivered are in the output as
// whole lines, and each source's are in order.
func TestConservation(t *testing.T) {
	t.Parallel()
	runs := uint64(100)
	if testing.Short() {
		runs = 20
	}
	base := uint64(time.Now().UnixNano())
	for i := range runs {
		seed := base + i
		ok := t.Run("", func(t *testing.T) { bubble(t, func(t *testing.T) { conservation(t, seed) }) })
		if !ok {
			t.Fatalf("seed %d", seed) // to be put in the place of base
		}
	}
}

func conservation(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	const perSource = 150
	opts := output.Options{
		Limit:     100 + rng.IntN(4000),
		Immediate: rng.IntN(2) == 0,
		GiveUp:    time.Duration(rng.IntN(3)) * 500 * time.Millisecond,
	}
	failAt, blockAt := -1, -1
	switch rng.IntN(4) {
	case 0:
		failAt = rng.IntN(100)
	case 1:
		blockAt = rng.IntN(100)
	}
	trouble := rng.IntN(50) // per cent of the writes
	closeAfter := time.Duration(rng.IntN(2000)) * time.Millisecond
	closeTime := time.Duration(rng.IntN(2000)) * time.Millisecond
	gate := make(chan struct{})
	defer close(gate)
	s := &sink{}
	s.ask = func(call, n int) (int, error) {
		if rng.IntN(4) == 0 {
			time.Sleep(time.Duration(rng.IntN(5000)) * time.Microsecond)
		}
		switch {
		case call == failAt:
			return rng.IntN(n + 1), syscall.EPIPE
		case call == blockAt:
			<-gate
		case rng.IntN(100) < trouble:
			return rng.IntN(n + 1), [...]error{nil, syscall.ENOSPC, syscall.EAGAIN}[rng.IntN(3)]
		}
		return n, nil
	}
	o := open(t, s, opts)

	receipts := make([]*receipt, 1+rng.IntN(4))
	var sources sync.WaitGroup
	for i := range receipts {
		r := new(receipt)
		receipts[i] = r
		rng := rand.New(rand.NewPCG(seed, uint64(i+1)))
		sources.Go(func() {
			for n := range perSource {
				m := msg(fmt.Sprintf("%d:%d:%s", i, n, strings.Repeat("x", rng.IntN(100))))
				for !o.Append(m, r) {
					room := make(chan struct{})
					o.Room(func() { close(room) }) // a second call would panic
					<-room
				}
				if rng.IntN(10) == 0 {
					time.Sleep(time.Duration(rng.IntN(3000)) * time.Microsecond)
				}
			}
		})
	}

	time.Sleep(closeAfter)
	ctx, cancel := context.WithTimeout(t.Context(), closeTime)
	defer cancel()
	err := o.Close(ctx)
	sources.Wait() // Close has made room for all of them
	blocked := blockAt >= 0 && s.calls() == blockAt+1

	delivered, lost := 0, 0
	for i, r := range receipts {
		n := 0
		for _, l := range r.lost {
			n += l
		}
		if r.delivered+n != perSource {
			t.Errorf("source %d: %d messages, %d delivered, %v lost", i, perSource, r.delivered, r.lost)
		}
		delivered += r.delivered
		lost += n
	}
	conserved(t, o, delivered+lost)
	if st := o.Stats(); st.Pending != 0 || st.PendingBytes != 0 || st.Written != uint64(delivered) {
		t.Errorf("%d delivered, %d lost, but %+v", delivered, lost, st)
	}
	switch failed := o.Err(); {
	case failed != nil && !errors.Is(err, syscall.EPIPE),
		failed == nil && err != nil && !errors.Is(err, context.DeadlineExceeded),
		blocked && err == nil:
		t.Errorf("Close() = %v, Err() = %v", err, failed)
	}

	lines := checkLines(t, s.String(), len(receipts))
	if lines != delivered {
		t.Errorf("%d whole lines in the output, %d told as delivered", lines, delivered)
	}
}

// checkLines returns how many whole lines out has, all of them well formed and those of one source
// in order. Only the last may be torn.
func checkLines(t *testing.T, out string, sources int) (whole int) {
	t.Helper()
	last := make([]int, sources)
	for i := range last {
		last[i] = -1
	}
	lines := strings.SplitAfter(out, "\n")
	for _, l := range lines[:len(lines)-1] {
		var source, n int
		var fill string
		if _, err := fmt.Sscanf(l, "%d:%d:", &source, &n); err != nil {
			t.Fatalf("line %q: %v", l, err)
		}
		fill = l[strings.LastIndexByte(l, ':')+1:]
		if strings.Trim(fill, "x") != "\n" || n <= last[source] {
			t.Fatalf("line %q after %d:%d", l, source, last[source])
		}
		last[source] = n
		whole++
	}
	return whole
}
