package siginfo

import (
	"testing"
)

// Each field gets a value of its own, at the offset that signalfd.h gives it, so
// that an accessor that reads beside its field is seen.
func TestRecordAccessors(t *testing.T) {
	var r Record
	layoutBytes{
		0: 40, 4: 5, 8: -6, 12: 321, 16: 1000, 20: 7, 24: 3, 28: 0x41, 32: 9, 40: -2, 44: -77,
		48: uint64(0x1234), 72: uint64(0x5678),
	}.fill(r[:])
	for _, f := range []struct {
		name      string
		got, want int
	}{
		{"Signo", r.Signo(), 40},
		{"Errno", r.Errno(), 5},
		{"Code", int(r.Code()), -6},
		{"PID", r.PID(), 321},
		{"UID", r.UID(), 1000},
		{"FD", r.FD(), 7},
		{"TID", r.TID(), 3},
		{"Band", int(r.Band()), 0x41},
		{"Overrun", r.Overrun(), 9},
		{"Status", r.Status(), -2},
		{"Int", r.Int(), -77},
		{"Ptr", int(r.Ptr()), 0x1234},
		{"Addr", int(r.Addr()), 0x5678},
	} {
		if f.got != f.want {
			t.Errorf("%s = %d, want %d", f.name, f.got, f.want)
		}
	}
}

// Whether a 32-bit address was widened with or without its sign, the accessor
// gives the same; on a 64-bit machine it keeps every bit.
func TestRecordAddressWidth(t *testing.T) {
	var r Record
	r.put64(offPtr, 0xffff_ffff_8000_0004)
	r.put64(offAddr, 0xffff_ffff_8000_0004)
	want := uint64(0xffff_ffff_8000_0004)
	if wordSize == 4 {
		want = 0x8000_0004
	}
	if r.Ptr() != want || r.Addr() != want {
		t.Errorf("Ptr %#x, Addr %#x, want %#x", r.Ptr(), r.Addr(), want)
	}
}

func TestPollRecord(t *testing.T) {
	r := PollRecord(40, PollHup, 12)
	fd, band, ok := r.Info().Poll()
	if r.Signo() != 40 || r.Code() != PollHup || fd != 12 || band != Hup|Err || !ok {
		t.Errorf("got %v", r.Info())
	}
}

func TestAccessorsDoNotAllocate(t *testing.T) {
	r := PollRecord(40, PollIn, 7)
	var native [128]byte
	copy(native[:], r[:])
	var sink int
	if n := testing.AllocsPerRun(100, func() {
		sink += r.Signo() + int(r.Code()) + r.FD() + int(r.Band()) + r.Int()
		back := FromNative(&native)
		info := back.Info()
		sink += info.Signo
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkRecord reads what the event loop reads of each record of a batch.
func BenchmarkRecord(b *testing.B) {
	batch := make([]Record, 256)
	for i := range batch {
		batch[i] = PollRecord(40, PollIn, i)
	}
	b.ReportAllocs()
	sum := 0
	for i := 0; b.Loop(); i++ {
		r := &batch[i%len(batch)]
		if r.Signo() == 40 && r.Code() >= PollIn && r.Code() <= PollHup {
			sum += r.FD()
		}
	}
	_ = sum
}

func BenchmarkFromNative(b *testing.B) {
	var native [128]byte
	layoutBytes{0: 40, 4: 1, 8: 1, 16: 7}.fill(native[:])
	b.ReportAllocs()
	sum := 0
	for b.Loop() {
		r := FromNative(&native)
		sum += r.FD()
	}
	_ = sum
}

func BenchmarkInfo(b *testing.B) {
	r := PollRecord(40, PollIn, 7)
	b.ReportAllocs()
	sum := 0
	for b.Loop() {
		info := r.Info()
		fd, _, _ := info.Poll()
		sum += fd
	}
	_ = sum
}

func BenchmarkString(b *testing.B) {
	info := new(PollRecord(40, PollIn, 7)).Info()
	b.ReportAllocs()
	for b.Loop() {
		_ = info.String()
	}
}
