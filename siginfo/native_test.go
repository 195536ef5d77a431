package siginfo

import (
	"encoding/binary"
	"testing"
)

// layoutBytes describes a siginfo_t or a record by the offsets of what is
// not zero in it.
type layoutBytes map[int]any

func (l layoutBytes) fill(b []byte) {
	for off, v := range l {
		switch v := v.(type) {
		case int:
			binary.NativeEndian.PutUint32(b[off:], uint32(v))
		case uint64:
			binary.NativeEndian.PutUint64(b[off:], v)
		case uint16:
			binary.NativeEndian.PutUint16(b[off:], v)
		}
	}
}

const (
	address64 = uint64(0xfffe_0001_8000_0004)
	address32 = -0x7fff_fffc // 0x80000004 as an int32
	wide32    = uint64(0x8000_0004)
)

// The offsets are written out from the C structures, on purpose without the
// constants and the arithmetic under test.
func TestFromNativeLayouts(t *testing.T) {
	abi64 := abi{word: 8}
	abi32 := abi{word: 4}
	mips32 := abi{word: 4, codeFirst: true}
	mips64 := abi{word: 8, codeFirst: true}

	sent := layoutBytes{0: 40, 8: int(PollIn), 20: 7, 28: 0x41}
	tests := []struct {
		name   string
		abi    abi
		native layoutBytes
		want   layoutBytes
	}{
		{"poll/64", abi64, layoutBytes{0: 40, 8: 1, 16: uint64(0x41), 24: 7}, sent},
		{"poll/32", abi32, layoutBytes{0: 40, 8: 1, 12: 0x41, 16: 7}, sent},
		{"poll/mips64", mips64, layoutBytes{0: 40, 4: 1, 16: uint64(0x41), 24: 7}, sent},
		{"poll/mips32", mips32, layoutBytes{0: 40, 4: 1, 12: 0x41, 16: 7}, sent},

		{"errno/64", abi64, layoutBytes{0: 40, 4: 5, 8: 0}, layoutBytes{0: 40, 4: 5}},
		{"errno/mips32", mips32, layoutBytes{0: 40, 8: 5, 4: 0}, layoutBytes{0: 40, 4: 5}},

		{"kill/64", abi64, layoutBytes{0: 10, 16: 321, 20: 1000}, layoutBytes{0: 10, 12: 321, 16: 1000}},
		{"kill/32", abi32, layoutBytes{0: 10, 12: 321, 16: 1000}, layoutBytes{0: 10, 12: 321, 16: 1000}},
		{"kernel/64", abi64, layoutBytes{0: 29, 8: 0x80}, layoutBytes{0: 29, 8: 0x80}},

		{"queue/32", abi32,
			layoutBytes{0: 40, 8: -1, 12: 321, 16: 1000, 20: address32},
			layoutBytes{0: 40, 8: -1, 12: 321, 16: 1000, 44: address32, 48: wide32}},
		{"timer/32", abi32,
			layoutBytes{0: 40, 8: int(Timer), 12: 3, 16: 9, 20: address32},
			layoutBytes{0: 40, 8: int(Timer), 24: 3, 32: 9, 44: address32, 48: wide32}},

		{"child/64", abi64,
			layoutBytes{0: sigCHLD, 8: 1, 16: 55, 20: 1000, 24: 2, 32: uint64(11), 40: uint64(12)},
			layoutBytes{0: sigCHLD, 8: 1, 12: 55, 16: 1000, 40: 2, 56: uint64(11), 64: uint64(12)}},
		{"child/32", abi32,
			layoutBytes{0: sigCHLD, 8: 1, 12: 55, 16: 1000, 20: 2, 24: 11, 28: -1},
			layoutBytes{0: sigCHLD, 8: 1, 12: 55, 16: 1000, 40: 2, 56: uint64(11), 64: ^uint64(0)}},

		{"fault/64", abi64,
			layoutBytes{0: sigSEGV, 8: 1, 16: address64, 24: -1},
			layoutBytes{0: sigSEGV, 8: 1, 72: address64}},
		{"fault/32", abi32,
			layoutBytes{0: sigSEGV, 8: 1, 12: address32, 16: -1},
			layoutBytes{0: sigSEGV, 8: 1, 72: wide32}},
		{"memory/64", abi64,
			layoutBytes{0: sigBUS, 8: 4, 16: address64, 24: uint16(12)},
			layoutBytes{0: sigBUS, 8: 4, 72: address64, 80: uint16(12)}},
		{"memory/32", abi32,
			layoutBytes{0: sigBUS, 8: 5, 12: address32, 16: uint16(12)},
			layoutBytes{0: sigBUS, 8: 5, 72: wide32, 80: uint16(12)}},

		{"sys/64", abi64,
			layoutBytes{0: sigSYS, 8: 1, 16: address64, 24: 59, 28: 0x4000003e},
			layoutBytes{0: sigSYS, 8: 1, 84: 59, 88: address64, 96: 0x4000003e}},
		{"sys/32", abi32,
			layoutBytes{0: sigSYS, 8: 1, 12: address32, 16: 59, 20: 0x4000003e},
			layoutBytes{0: sigSYS, 8: 1, 84: 59, 88: wide32, 96: 0x4000003e}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var from [128]byte
			var want Record
			tt.native.fill(from[:])
			tt.want.fill(want[:])
			if got := tt.abi.record(&from); got != want {
				t.Errorf("got  %x\nwant %x", got[:offEnd], want[:offEnd])
			}
		})
	}
}

// A value stored as an int and one stored as a pointer share their bytes in the
// native union, so on a big-endian machine the int is the pointer's upper half.
func TestFromNativeValue64(t *testing.T) {
	var from [128]byte
	layoutBytes{0: 40, 8: -1, 16: 321, 20: 1000, 24: address64}.fill(from[:])
	r := abi{word: 8}.record(&from)
	if r.u64(offPtr) != address64 {
		t.Errorf("ptr = %#x, want %#x", r.u64(offPtr), address64)
	}
	if want := binary.NativeEndian.Uint32(from[24:]); r.u32(offInt) != want {
		t.Errorf("int = %#x, want the first half %#x", r.u32(offInt), want)
	}
}

// FromNative must use the layout of the architecture that runs the test.
func TestFromNativeHost(t *testing.T) {
	var from [128]byte
	layoutBytes{0: 40, 4: 1, 8: 1}.fill(from[:]) // code and errno alike: any order
	if wordSize == 8 {
		layoutBytes{16: uint64(0x41), 24: 7}.fill(from[:])
	} else {
		layoutBytes{12: 0x41, 16: 7}.fill(from[:])
	}
	want := PollRecord(40, PollIn, 7)
	want.put32(offErrno, 1)
	if got := FromNative(&from); got != want {
		t.Errorf("got  %x\nwant %x", got[:offEnd], want[:offEnd])
	}
}
