//go:build linux

// Profiler says in which functions a thread of this program spends its time. The
// kernel samples the thread after every few milliseconds of its work, and each
// sample is a signal.
//
//	profiler [SECONDS]
//
// Its lesson: even performance counters signal (perf_event_open(2), "Overflow
// handling"). The signal says only that there is a sample; the sample itself lies in
// memory that the kernel shares with the program.
package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/seed-067c1534/sigio"
	"golang.org/x/sys/unix"
)

const (
	period = 1_000_000 // ns of the thread's time between two samples, at least
	pages  = 8         // of the ring buffer: a power of two
)

func main() {
	log.SetFlags(0)
	seconds := 1.0
	if len(os.Args) > 1 {
		var err error
		if seconds, err = strconv.ParseFloat(os.Args[1], 64); err != nil {
			log.Fatal("usage: profiler [SECONDS]")
		}
	}
	if err := run(time.Duration(seconds * float64(time.Second))); err != nil {
		log.Fatal("profiler: ", err)
	}
}

func run(d time.Duration) error {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		return err
	}
	defer loop.Close()

	// The goroutine that works stays on one thread, which is the one to sample.
	var stop atomic.Bool
	tid, done := make(chan int), make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		tid <- unix.Gettid()
		for !stop.Load() {
			work()
		}
	}()
	p, err := open(<-tid)
	if err != nil {
		stop.Store(true)
		return err
	}
	defer p.close()
	w, err := loop.Watch(p.fd, p)
	if err != nil {
		stop.Store(true)
		return err
	}
	<-time.After(d)
	stop.Store(true)
	<-done
	loop.Do(p.read)
	w.Close()
	p.report(os.Stdout)
	return nil
}

// profile is the handler: it counts the samples by function.
type profile struct {
	fd        int
	memory    []byte // shared with the kernel: a page that describes, then the ring
	control   *unix.PerfEventMmapPage
	ring      []byte
	samples   map[string]int
	lost      uint64
	signals   int
	elsewhere int
}

func open(tid int) (*profile, error) {
	attr := unix.PerfEventAttr{
		Type:        unix.PERF_TYPE_SOFTWARE, // works in virtual machines, too
		Config:      unix.PERF_COUNT_SW_TASK_CLOCK,
		Size:        uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
		Sample:      period,
		Sample_type: unix.PERF_SAMPLE_IP,
		Bits:        unix.PerfBitExcludeKernel | unix.PerfBitExcludeHv, // all that others than root may
	}
	fd, err := unix.PerfEventOpen(&attr, tid, -1, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
		return nil, fmt.Errorf("this machine does not allow it (kernel.perf_event_paranoid): %w", os.NewSyscallError("perf_event_open", err))
	} else if err != nil {
		return nil, os.NewSyscallError("perf_event_open", err)
	}
	p := &profile{fd: fd, samples: map[string]int{}}
	page := os.Getpagesize()
	if p.memory, err = unix.Mmap(fd, 0, (1+pages)*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); err == nil {
		p.control = (*unix.PerfEventMmapPage)(unsafe.Pointer(&p.memory[0]))
		p.ring = p.memory[page:]
		err = unix.SetNonblock(fd, true)
	}
	if err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("mmap", err)
	}
	return p, nil
}

func (p *profile) close() {
	unix.Munmap(p.memory)
	unix.Close(p.fd)
}

func (p *profile) Ready(_ *sigio.Watch, ev sigio.Event) sigio.Result {
	p.signals += ev.Signals
	p.read()
	return sigio.Drained
}

// read takes what is in the ring: the kernel writes up to Data_head, and may write
// again where Data_tail has passed.
func (p *profile) read() {
	head := atomic.LoadUint64(&p.control.Data_head)
	tail := p.control.Data_tail
	for tail < head {
		header := p.at(tail, 8) // type, misc, size of struct perf_event_header
		kind, size := binary.NativeEndian.Uint32(header), binary.NativeEndian.Uint16(header[6:])
		switch record := p.at(tail, int(size)); kind {
		case unix.PERF_RECORD_SAMPLE:
			p.count(uintptr(binary.NativeEndian.Uint64(record[8:])))
		case unix.PERF_RECORD_LOST:
			p.lost += binary.NativeEndian.Uint64(record[16:])
		}
		tail += uint64(size)
	}
	atomic.StoreUint64(&p.control.Data_tail, tail)
}

// at copies from the ring, around its end.
func (p *profile) at(offset uint64, n int) []byte {
	record := make([]byte, n)
	for i := range record {
		record[i] = p.ring[(offset+uint64(i))%uint64(len(p.ring))]
	}
	return record
}

func (p *profile) count(pc uintptr) {
	if f := runtime.FuncForPC(pc); f != nil {
		p.samples[f.Name()]++
		return
	}
	p.elsewhere++ // not Go: the vDSO
}

func (p *profile) report(w *os.File) {
	total := p.elsewhere
	for _, n := range p.samples {
		total += n
	}
	fmt.Fprintf(w, "%d samples, %d signals, %d lost\n", total, p.signals, p.lost)
	names := slices.SortedFunc(maps.Keys(p.samples), func(a, b string) int { return p.samples[b] - p.samples[a] })
	for _, name := range names[:min(5, len(names))] {
		fmt.Fprintf(w, "%5.1f%%  %s\n", 100*float64(p.samples[name])/float64(total), name)
	}
}

// work is what is profiled: three parts of four in one function, one in another.
func work() {
	heavy(3000)
	light(1000)
}

var sink uint64

//go:noinline
func heavy(n int) {
	for range n {
		sink = sink*6364136223846793005 + 1442695040888963407
	}
}

//go:noinline
func light(n int) {
	for range n {
		sink = sink*2862933555777941757 + 3037000493
	}
}
