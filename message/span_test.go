package message

import (
	"math/rand/v2"
	"testing"
)

// TestSpans compares the searches by words with searches by bytes: every byte at every place of slices of
// every short length, between bytes that are not found, and random ones.
func TestSpans(t *testing.T) {
	t.Parallel()
	check := func(b []byte) {
		for i := range len(b) + 1 {
			if got, want := quoted(b, i), find(b, i, func(c byte) bool { return c < ' ' || c == '"' || c == '\\' }); got != want {
				t.Fatalf("quoted(%q, %d) is %d, want %d", b, i, got, want)
			}
			for _, p := range [...][2]byte{{}, {'\\', 0}, {'\\', '"'}, {'a', '~'}} {
				ends := func(c byte) bool { return c < ' ' || c >= 0x7f || c == p[0] || c == p[1] }
				if got, want := printable(b, i, p[0], p[1]), find(b, i, ends); got != want {
					t.Fatalf("printable(%q, %d, %q) is %d, want %d", b, i, p, got, want)
				}
			}
		}
	}
	for n := range 20 {
		for at := range n {
			for c := range 256 {
				for _, fill := range [...]byte{'x', '!', '#', '[', ']', '~', 0x80, 0xff} {
					b := make([]byte, n)
					for i := range b {
						b[i] = fill
					}
					b[at] = byte(c)
					check(b)
				}
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	near := []byte("\x00\x01\x1f !\"#[\\]~\x7f\x80\x81\x9f\xa0\xa2\xdc\xfe\xff")
	for range 20000 {
		b := make([]byte, r.IntN(30))
		for i := range b {
			b[i] = near[r.IntN(len(near))]
		}
		check(b)
	}
}

func find(b []byte, i int, ends func(byte) bool) int {
	for i < len(b) && !ends(b[i]) {
		i++
	}
	return i
}
