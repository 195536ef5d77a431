package sigio_test

import (
	"errors"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/siginfo"
)

func TestPostedFunctionsRunInOrder(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		var got []int
		b.watch(5, func(*sigio.Watch) sigio.Result {
			b.loop.Post(func() { got = append(got, 3) })
			got = append(got, 1)
			b.loop.Do(func() { got = append(got, 2) }) // at once
			b.loop.Post(func() {
				got = append(got, 4)
				b.loop.Post(func() { got = append(got, 5) })
			})
			return sigio.Drained
		})
		b.kernel.Queue(sigtest.In(5))
		synctest.Wait()
		if want := []int{1, 2, 3, 4, 5}; !slices.Equal(got, want) {
			b.Errorf("order %v", got)
		}
	})
}

// Each goroutine's functions run in the order in which it posted them, and Do
// returns after its function.
func TestPostFromManyGoroutines(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		const goroutines, each = 8, 200
		var last [goroutines]int
		var posting sync.WaitGroup
		for g := range goroutines {
			posting.Go(func() {
				for i := range each {
					b.loop.Post(func() {
						if last[g] != i {
							b.Errorf("%d: %d came after %d", g, i, last[g])
						}
						last[g]++
					})
				}
				b.loop.Do(func() {
					if !b.loop.OnLoop() || last[g] != each {
						b.Errorf("Do came after %d", last[g])
					}
				})
			})
		}
		posting.Wait()
		if b.loop.OnLoop() {
			b.Error("the test is on the loop")
		}
	})
}

func TestTimersByTheClock(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		start := time.Now()
		var at []time.Duration
		note := func() { at = append(at, time.Since(start)) }
		late := b.loop.AfterFunc(3*time.Second, note)
		b.loop.AfterFunc(2*time.Second, note)
		early := b.loop.AfterFunc(time.Hour, note)
		early.Reset(time.Second) // wakes the loop, which sleeps until the second one
		never := b.loop.AfterFunc(time.Second, note)
		if !never.Stop() || never.Stop() {
			b.Error("Stop")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if want := []time.Duration{time.Second, 2 * time.Second, 3 * time.Second}; !slices.Equal(at, want) {
			b.Errorf("called after %v", at)
		}
		if late.Stop() {
			b.Error("stopped after its call")
		}
		at = nil
		late.Reset(-time.Second)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if len(at) != 1 {
			b.Error("a timer that is due at once")
		}
	})
}

// A timer that is always due again leaves the loop to the others.
func TestATimerThatResetsItselfStarvesNobody(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(5, nil)
		ticks, posted := 0, false
		var timer *sigio.Timer
		timer = b.loop.AfterFunc(time.Hour, func() {
			if ticks++; ticks < 1000 && (!posted || b.called() == 0) {
				timer.Reset(-time.Hour)
			}
		})
		b.loop.AfterFunc(time.Hour, func() {
			b.kernel.Queue(sigtest.In(5))
			b.loop.Post(func() { posted = true })
		})
		time.Sleep(time.Hour + time.Millisecond)
		synctest.Wait()
		if ticks > 5 {
			b.Errorf("%d ticks before the others had their turn", ticks)
		}
	})
}

// Close may be called from anywhere and more than once.
func TestCloseFromEverywhere(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(b *bench, stop func()){
		"handler": func(b *bench, stop func()) {
			b.watch(5, func(*sigio.Watch) sigio.Result { stop(); return sigio.More })
			b.kernel.Queue(sigtest.In(5))
		},
		"post":  func(b *bench, stop func()) { b.loop.Post(stop) },
		"do":    func(b *bench, stop func()) { b.loop.Do(stop) },
		"timer": func(b *bench, stop func()) { b.loop.AfterFunc(time.Second, stop) },
		"flood": func(b *bench, stop func()) {
			b.watch(5, func(*sigio.Watch) sigio.Result { return sigio.More }).Again()
			stop()
		},
		"goroutines": func(b *bench, stop func()) {
			for range 10 {
				go stop()
			}
		},
		"reposting": func(b *bench, stop func()) {
			var again func()
			again = func() { b.loop.Post(again) }
			b.loop.Post(again)
			stop()
		},
		"a goroutine that was given to Go": func(b *bench, stop func()) {
			b.loop.Go(func() { go stop() })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onTwin(t, sigio.Options{}, func(b *bench) {
				ask(b, func() {
					if err := b.loop.Close(); err != nil {
						b.Error(err)
					}
				})
				<-b.loop.Done()
				for range 2 {
					if err := b.loop.Close(); err != nil || b.loop.Err() != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}

func TestAfterClose(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		w, waiting := b.watch(5, nil), make(chan error)
		silent, err := b.loop.Watch(6, nil)
		if err != nil {
			b.Fatal(err)
		}
		go func() { waiting <- silent.WaitRead(b.Context()) }()
		timer := b.loop.AfterFunc(time.Second, func() { b.Error("a timer ran") })
		ran := 0
		b.loop.Do(func() {
			b.loop.Post(func() { ran++ })
			b.loop.Close()
			if err := b.loop.Post(func() { ran++ }); !errors.Is(err, net.ErrClosed) {
				b.Error("Post after Close:", err)
			}
		})
		<-b.loop.Done()
		if ran != 1 {
			b.Errorf("ran %d of 1", ran)
		}
		if err := <-waiting; !errors.Is(err, net.ErrClosed) {
			b.Error("WaitRead:", err)
		}
		_, err = b.loop.Watch(7, nil)
		for what, err := range map[string]error{
			"Watch":     err,
			"Post":      b.loop.Post(func() {}),
			"Do":        b.loop.Do(func() {}),
			"Go":        b.loop.Go(func() {}),
			"WaitRead":  silent.WaitRead(b.Context()),
			"WaitWrite": silent.WaitWrite(b.Context()),
		} {
			if !errors.Is(err, net.ErrClosed) {
				b.Errorf("%s after Close: %v", what, err)
			}
		}
		if err := w.Close(); err != nil {
			b.Error(err)
		}
		w.Again()
		w.WantWrite()
		if timer.Stop() {
			b.Error("Stop after Close")
		}
		timer.Reset(0)
		b.loop.AfterFunc(0, func() { b.Error("a timer ran") })
		time.Sleep(time.Hour)
		b.expect()
	})
}

// Close waits for what was given to Go.
func TestCloseWaitsForWork(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		worked := false
		b.loop.Go(func() {
			time.Sleep(time.Minute)
			if b.loop.OnLoop() {
				b.Error("on the loop")
			}
			worked = true
		})
		if b.loop.Close(); !worked {
			b.Error("Close did not wait")
		}
	})
}

// Where must name what ran, also after something else ran and ended oddly.
func TestPanicsAreAttributed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, where string
		run         func(b *bench)
	}{
		{"post", "a function given to Post", func(b *bench) { b.loop.Post(func() { panic("x") }) }},
		{"timer", "a timer's function", func(b *bench) { b.loop.AfterFunc(time.Hour, func() { panic("x") }) }},
		{"handler", "the handler of descriptor 5", func(b *bench) {
			b.watch(5, func(*sigio.Watch) sigio.Result { panic("x") })
			b.watch(6, nil)
			b.kernel.Queue(sigtest.In(5), sigtest.In(6), sigtest.In(6)) // leaves 6 uncalled
		}},
		{"post after Goexit in a handler", "a function given to Post", func(b *bench) {
			b.watch(5, func(w *sigio.Watch) sigio.Result { w.Close(); runtime.Goexit(); return 0 })
			b.kernel.Queue(sigtest.In(5))
			synctest.Wait()
			b.loop.Post(func() { panic("x") })
		}},
		{"observe after Goexit in a function", "Options.Observe", func(b *bench) {
			b.loop.Post(runtime.Goexit)
			synctest.Wait()
			b.kernel.Queue(sigtest.Sent(sigtest.Signo, siginfo.User, 1, 77))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			observe := func(r *siginfo.Record) {
				if r.Int() == 77 {
					panic("x")
				}
			}
			onTwin(t, sigio.Options{Observe: observe}, func(b *bench) {
				test.run(b)
				<-b.loop.Done()
				var p *sigio.PanicError
				if err := b.loop.Close(); !errors.As(err, &p) || !strings.HasPrefix(p.Where, test.where) || p.Value != "x" {
					b.Errorf("Close returned %v", err)
				}
			})
		})
	}
}

func TestAKernelErrorEndsTheLoop(t *testing.T) {
	t.Parallel()
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(5, nil)
		b.kernel.Break()
		<-b.loop.Done()
		if err := b.loop.Close(); !errors.Is(err, sigtest.ErrBroken) || b.loop.Err() != err {
			b.Error(err)
		}
	})
}

// Without a thread there is no loop, and a loop that cannot have another one ends.
func TestNoThread(t *testing.T) {
	t.Parallel()
	cause := errors.New("the cause")
	k := sigtest.NewKernel()
	k.RefuseThreads(cause)
	if _, err := sigio.StartLoop(k, sigio.Options{}); !errors.Is(err, cause) {
		t.Error(err)
	}
	onTwin(t, sigio.Options{}, func(b *bench) {
		b.watch(5, nil)
		b.kernel.RefuseThreads(cause)
		b.loop.Post(runtime.Goexit)
		<-b.loop.Done()
		if err := b.loop.Close(); !errors.Is(err, cause) {
			b.Error(err)
		}
	})
}
