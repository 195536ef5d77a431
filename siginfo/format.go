package siginfo

import (
	"log/slog"
	"strconv"
)

// attrs lists what i carries, in the order in which every form shows it. A value
// is a string or an int64 and nothing else. Addresses are strings, because a
// JSON number loses the low bits of a large one.
func (i Info) attrs() []slog.Attr {
	as := make([]slog.Attr, 0, 10)
	as = append(as,
		slog.String("signal", SignalName(i.Signo)),
		slog.String("code", i.Code.Name(i.Signo)),
		slog.Int("signo", i.Signo),
		slog.Int("si_code", int(i.Code)))
	if i.Errno != 0 {
		as = append(as, slog.Int("errno", i.Errno))
	}
	if fd, band, ok := i.Poll(); ok {
		as = append(as, slog.Int("fd", fd), slog.String("band", band.String()))
	}
	if pid, uid, ok := i.Sender(); ok {
		as = append(as, slog.Int("pid", pid), slog.Int("uid", uid))
	}
	if id, overrun, ok := i.Timer(); ok {
		as = append(as, slog.Int("timer", id), slog.Int("overrun", overrun))
	}
	if n, ptr, ok := i.Value(); ok {
		as = append(as, slog.Int("value", n), slog.String("ptr", hex(ptr)))
	}
	if pid, uid, status, ok := i.Child(); ok {
		as = append(as, slog.Int("pid", pid), slog.Int("uid", uid), slog.Int("status", status))
	}
	if addr, ok := i.Fault(); ok {
		as = append(as, slog.String("addr", hex(addr)))
	}
	if addr, nr, arch, ok := i.Syscall(); ok {
		as = append(as, slog.String("addr", hex(addr)), slog.Int("syscall", nr), slog.String("arch", hex(uint64(arch))))
	}
	return as
}

// String is one line for people: the names of the signal and the code, then
// what the signal carries, as in "SIGRTMIN+6 POLL_IN fd=7 band=IN|RDNORM". A
// program should read the JSON form instead.
func (i Info) String() string {
	as := i.attrs()
	b := make([]byte, 0, 64)
	b = append(b, as[0].Value.String()...)
	b = append(b, ' ')
	b = append(b, as[1].Value.String()...)
	for _, a := range as[4:] { // the names say what signo and si_code say
		b = append(b, ' ')
		b = append(b, a.Key...)
		b = append(b, '=')
		b = append(b, a.Value.String()...)
	}
	return string(b)
}

// LogValue makes a group of i with the keys of MarshalJSON.
func (i Info) LogValue() slog.Value { return slog.GroupValue(i.attrs()...) }

// MarshalJSON encodes i as one flat object. These keys are always there:
//
//	"signal"   name of the signal, as of SignalName: "SIGRTMIN+6"
//	"code"     name of the code, as of Code.Name: "POLL_IN"
//	"signo"    number of the signal
//	"si_code"  number of the code
//
// The others are there when the signal carries them:
//
//	"errno"                     error number, if not 0
//	"fd", "band"                I/O signal: descriptor, names of the band's bits
//	"pid", "uid"                sender, or child
//	"timer", "overrun"          timer: its number, expirations left out
//	"value", "ptr"              value that was sent: as a number, as an address
//	"status"                    child: exit status or signal
//	"addr"                      address of a fault or of a system call
//	"syscall", "arch"           SIGSYS: system call, AUDIT_ARCH_* value
//
// "ptr", "addr" and "arch" are strings in hexadecimal ("0x7f00"), the other
// numbers are JSON numbers. The keys stay as they are; later versions may add
// some. MarshalJSON never fails.
func (i Info) MarshalJSON() ([]byte, error) {
	b := make([]byte, 0, 128)
	sep := byte('{')
	for _, a := range i.attrs() {
		b = append(b, sep)
		b = strconv.AppendQuote(b, a.Key)
		b = append(b, ':')
		if a.Value.Kind() == slog.KindInt64 {
			b = strconv.AppendInt(b, a.Value.Int64(), 10)
		} else {
			b = strconv.AppendQuote(b, a.Value.String()) // printable ASCII: Go's quotes are JSON's
		}
		sep = ','
	}
	return append(b, '}'), nil
}

func hex(v uint64) string { return "0x" + strconv.FormatUint(v, 16) }
