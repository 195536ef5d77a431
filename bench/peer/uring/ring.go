package uring

import (
	"fmt"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers and structures of include/uapi/linux/io_uring.h, as far as they are used.
const (
	sysSetup, sysEnter, sysRegister = 425, 426, 427

	opNop, opSendmsg, opRecvmsg, opAccept, opSend, opRecv = 0, 9, 10, 13, 26, 27

	setupCQSize, setupCoopTaskrun    = 1 << 3, 1 << 8
	setupSingleIssuer, setupDeferRun = 1 << 12, 1 << 13
	enterGetEvents                   = 1 << 0
	sqeBufferSelect                  = 1 << 5
	acceptMultishot, recvMultishot   = 1 << 0, 1 << 1
	cqeBuffer, cqeMore               = 1 << 0, 1 << 1
	registerBufferRing               = 22
	offSQRing, offSQEs               = 0, 0x10000000
)

type params struct {
	sqEntries, cqEntries, flags, sqCPU, sqIdle, features, wqFD uint32
	_                                                          [3]uint32
	sq                                                         struct {
		head, tail, mask, entries, flags, dropped, array, _ uint32
		_                                                   uint64
	}
	cq struct {
		head, tail, mask, entries, overflow, cqes, flags, _ uint32
		_                                                   uint64
	}
}

type sqe struct {
	op, flags uint8
	ioprio    uint16
	fd        int32
	off, addr uint64
	len       uint32
	opFlags   uint32
	userData  uint64
	bufGroup  uint16
	_         [22]byte
}

type cqe struct {
	userData uint64
	res      int32
	flags    uint32
}

type bufferSlot struct {
	addr uint64
	len  uint32
	id   uint16
	tail uint16 // in the first slot: the ring's tail
}

// Room for what is under way: an operation of each of ten thousand connections.
const (
	entries     = 4096
	completions = 32768
	buffers     = 1024
	bufferSize  = 16 << 10
)

// ring is one io_uring with one group of provided buffers, used by one thread.
type ring struct {
	fd               int
	sqes             []sqe
	sqTail, sqMask   uint32
	sqHeadP, sqTailP *uint32
	submitted        uint32
	cqes             []cqe
	cqMask           uint32
	cqHeadP, cqTailP *uint32

	slots  []bufferSlot
	data   []byte
	tail16 uint16
}

func newRing() (*ring, error) {
	p := params{cqEntries: completions, flags: setupCQSize | setupCoopTaskrun | setupSingleIssuer | setupDeferRun}
	fd, _, errno := syscall.Syscall(sysSetup, entries, uintptr(unsafe.Pointer(&p)), 0)
	if errno != 0 {
		return nil, fmt.Errorf("io_uring_setup: %w", errno)
	}
	r := &ring{fd: int(fd)}
	size := max(int(p.sq.array+p.sqEntries*4), int(p.cq.cqes+p.cqEntries*uint32(unsafe.Sizeof(cqe{}))))
	rings, err := unix.Mmap(r.fd, offSQRing, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	list, err := unix.Mmap(r.fd, offSQEs, int(p.sqEntries)*int(unsafe.Sizeof(sqe{})), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("mmap: %w", err)
	}
	word := func(offset uint32) *uint32 { return (*uint32)(unsafe.Pointer(&rings[offset])) }
	r.sqHeadP, r.sqTailP, r.sqMask = word(p.sq.head), word(p.sq.tail), *word(p.sq.mask)
	r.cqHeadP, r.cqTailP, r.cqMask = word(p.cq.head), word(p.cq.tail), *word(p.cq.mask)
	r.sqes = unsafe.Slice((*sqe)(unsafe.Pointer(&list[0])), p.sqEntries)
	r.cqes = unsafe.Slice((*cqe)(unsafe.Pointer(word(p.cq.cqes))), p.cqEntries)
	for i, array := 0, unsafe.Slice(word(p.sq.array), p.sqEntries); i < len(array); i++ {
		array[i] = uint32(i)
	}
	return r, r.provide()
}

// provide registers the ring of buffers, and gives them all to the kernel.
func (r *ring) provide() error {
	memory, err := unix.Mmap(-1, 0, buffers*16+buffers*bufferSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("mmap: %w", err)
	}
	r.slots = unsafe.Slice((*bufferSlot)(unsafe.Pointer(&memory[0])), buffers)
	r.data = memory[buffers*16:]
	register := struct {
		addr         uint64
		entries      uint32
		group, flags uint16
		_            [3]uint64
	}{addr: uint64(uintptr(unsafe.Pointer(&memory[0]))), entries: buffers}
	if _, _, errno := syscall.Syscall6(sysRegister, uintptr(r.fd), registerBufferRing, uintptr(unsafe.Pointer(&register)), 1, 0, 0); errno != 0 {
		return fmt.Errorf("io_uring_register: %w", errno)
	}
	for id := range buffers {
		r.giveBack(uint16(id))
	}
	return nil
}

// buffer returns a buffer's memory.
func (r *ring) buffer(id uint16) []byte {
	return r.data[int(id)*bufferSize : (int(id)+1)*bufferSize]
}

// giveBack lets the kernel use a buffer again.
func (r *ring) giveBack(id uint16) {
	s := &r.slots[r.tail16%buffers]
	s.addr, s.len, s.id = uint64(uintptr(unsafe.Pointer(&r.buffer(id)[0]))), bufferSize, id
	r.tail16++
	// The tail shares a word with the first slot's id; a store of the whole
	// word is the atomic one that Go has.
	word := (*uint32)(unsafe.Pointer(&r.slots[0].id))
	atomic.StoreUint32(word, uint32(r.slots[0].id)|uint32(r.tail16)<<16)
}

// next returns an empty entry for a request, which is sent with the next wait.
func (r *ring) next() *sqe {
	if r.sqTail-atomic.LoadUint32(r.sqHeadP) == uint32(len(r.sqes)) {
		r.enter(0)
	}
	e := &r.sqes[r.sqTail&r.sqMask]
	*e = sqe{}
	r.sqTail++
	return e
}

// enter hands over the requests, and waits for some completions. Only a call that
// may sleep goes through the scheduler.
func (r *ring) enter(wait uintptr) {
	atomic.StoreUint32(r.sqTailP, r.sqTail)
	var n uintptr
	var errno syscall.Errno
	if wait == 0 {
		n, _, errno = syscall.RawSyscall6(sysEnter, uintptr(r.fd), uintptr(r.sqTail-r.submitted), 0, enterGetEvents, 0, 0)
	} else {
		n, _, errno = syscall.Syscall6(sysEnter, uintptr(r.fd), uintptr(r.sqTail-r.submitted), wait, enterGetEvents, 0, 0)
	}
	switch errno {
	case 0:
		r.submitted += uint32(n)
	case syscall.EINTR, syscall.EAGAIN, syscall.EBUSY:
	default:
		panic(fmt.Sprintf("io_uring_enter: %v", errno))
	}
}

// each calls f for what has been completed, and waits for it if need be.
func (r *ring) each(f func(*cqe)) {
	head := *r.cqHeadP
	r.enter(0)
	if head == atomic.LoadUint32(r.cqTailP) {
		r.enter(1)
	}
	for tail := atomic.LoadUint32(r.cqTailP); head != tail; head++ {
		f(&r.cqes[head&r.cqMask])
	}
	atomic.StoreUint32(r.cqHeadP, head)
}
