package siginfo

// Info is a decoded signal: a value to keep, print, log and compare. Signo, Errno
// and Code are always valid. The other fields depend on the signal, so each is
// behind a method that also reports whether this signal carries it.
//
// Infos come from [Record.Info].
type Info struct {
	Signo int  // number of the signal
	Errno int  // error number that came with it, almost always 0
	Code  Code // why it was sent, or by which means

	raw Record
}

// Info decodes r. The result holds a copy of r and no reference to it, so that a
// buffer of records can be read into again.
func (r *Record) Info() Info {
	return Info{Signo: r.Signo(), Errno: r.Errno(), Code: r.Code(), raw: *r}
}

// Raw returns the record that i was decoded from.
func (i Info) Raw() Record { return i.raw }

// Poll returns what an I/O signal is about: the descriptor and the band. It is
// an I/O signal if the code is one of PollIn to PollHup and the signal has no
// codes of its own, or if the code is [SigIO]; the latter can be forged by any
// process of the same user.
func (i Info) Poll() (fd int, band Band, ok bool) {
	if i.layout() != layoutPoll {
		return 0, 0, false
	}
	return i.raw.FD(), i.raw.Band(), true
}

// Sender returns the process that sent the signal and its real user id. A
// process id of 0 is one in a pid namespace that the receiver cannot see. For
// [AsyncIO] the field is filled by the C library or, for a USB request, holds
// part of an address: do not rely on it.
func (i Info) Sender() (pid, uid int, ok bool) {
	switch i.layout() {
	case layoutKill:
		ok = i.Code == User
	case layoutQueue:
		ok = true
	}
	if !ok {
		return 0, 0, false
	}
	return i.raw.PID(), i.raw.UID(), true
}

// Value returns the value that came with the signal, from sigqueue(3), a timer,
// a message queue or an asynchronous request, in both its readings: the sender
// knows which of the two it wrote.
func (i Info) Value() (sivalInt int, sivalPtr uint64, ok bool) {
	switch i.layout() {
	case layoutQueue:
		ok = i.Code != TKill
	case layoutTimer:
		ok = true
	}
	if !ok {
		return 0, 0, false
	}
	return i.raw.Int(), i.raw.Ptr(), true
}

// Timer returns the POSIX timer that expired, by the number that timer_create(2)
// gave it, and how many further expirations this one signal stands for.
func (i Info) Timer() (id, overrun int, ok bool) {
	if i.layout() != layoutTimer {
		return 0, 0, false
	}
	return i.raw.TID(), i.raw.Overrun(), true
}

// Child returns the child that a SIGCHLD is about, its real user id, and its
// exit status (code CLD_EXITED) or else the number of the signal that ended,
// stopped or continued it. SIGCHLD does not queue: one may stand for many
// children, so wait until there is none left.
func (i Info) Child() (pid, uid, status int, ok bool) {
	if i.layout() != layoutChild {
		return 0, 0, 0, false
	}
	return i.raw.PID(), i.raw.UID(), i.raw.Status(), true
}

// Fault returns the address that caused a SIGSEGV, SIGBUS, SIGILL, SIGFPE or
// SIGTRAP of the thread itself.
func (i Info) Fault() (addr uint64, ok bool) {
	switch i.layout() {
	case layoutFault, layoutMemory:
		return i.raw.Addr(), true
	}
	return 0, false
}

// Syscall returns the system call that a SIGSYS is about: the address of the
// instruction, the call's number, and the AUDIT_ARCH_* value that gives the
// number its meaning; see seccomp(2).
func (i Info) Syscall() (addr uint64, nr int, arch uint32, ok bool) {
	if i.layout() != layoutSys {
		return 0, 0, 0, false
	}
	return i.raw.u64(offCallAddr) & addressMask, int(int32(i.raw.u32(offSyscall))), i.raw.u32(offArch), true
}

func (i Info) layout() layout { return layoutOf(i.Signo, i.Code) }
