package sys

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func TestWholeLargestDatagram(t *testing.T) {
	t.Parallel()
	receiver, sender, to := udpPair(t)
	want := bytes.Repeat([]byte("0123456789abcdef"), 65507/16+1)[:65507]
	if n, err := SendTo(sender, want, to); n != len(want) || err != nil {
		t.Fatal(n, err)
	}
	b := NewDatagramBatch(4, 65507)
	if n, err := b.Receive(receiver); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if !bytes.Equal(b.Payload(0), want) || b.Truncated(0) || b.Addr(0).Port() != localAddr(t, sender).Port() {
		t.Errorf("%d bytes, truncated %v, from %v", len(b.Payload(0)), b.Truncated(0), b.Addr(0))
	}
}

func TestBatchKeepsDatagramsApart(t *testing.T) {
	t.Parallel()
	receiver, sender, to := udpPair(t)
	b := NewDatagramBatch(3, 8)
	if n, err := b.Receive(receiver); n != 0 || err != syscall.EAGAIN {
		t.Fatalf("empty socket: %d, %v", n, err)
	}
	// Two rounds with different senders and sizes: nothing of the first may show in the second.
	for round, texts := range [][]string{{"one", "", "exactly8", "nine-byte"}, {"", "x"}} {
		for _, s := range texts {
			if _, err := SendTo(sender, []byte(s), to); err != nil {
				t.Fatal(err)
			}
		}
		var got []string
		for len(got) < len(texts) {
			n, err := b.Receive(receiver)
			if err != nil {
				t.Fatalf("round %d after %q: %v", round, got, err)
			}
			for i := range n {
				s := string(b.Payload(i))
				if b.Truncated(i) {
					s += "..."
				}
				got = append(got, s)
				if b.Addr(i) != netip.AddrPortFrom(to.Addr(), localAddr(t, sender).Port()) {
					t.Errorf("from %v", b.Addr(i))
				}
				if _, ok := b.Arrival(i); ok {
					t.Error("a time that nobody asked for")
				}
			}
		}
		want := strings.ReplaceAll(strings.Join(texts, "|"), "nine-byte", "nine-byt...")
		if strings.Join(got, "|") != want {
			t.Errorf("round %d: got %q, want %q", round, strings.Join(got, "|"), want)
		}
	}
}

func TestBatchReportsAPendingError(t *testing.T) {
	t.Parallel()
	gone, sender, to := udpPair(t)
	must(t, Connect(sender, to))
	closeEarly(t, gone)
	if _, err := Send(sender, []byte("x")); err != nil {
		t.Fatal(err)
	}
	await(t, sender, unix.POLLERR)
	b := NewDatagramBatch(2, 8)
	if n, err := b.Receive(sender); n != 0 || err != syscall.ECONNREFUSED {
		t.Errorf("%d, %v", n, err)
	}
	if _, err := b.Receive(sender); err != syscall.EAGAIN {
		t.Errorf("after the error was taken: %v", err)
	}
}

func TestBatchOfUnixDatagramsHasNoAddress(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	fd, err := ListenUnix(UnixDatagram, path, 0)
	receiver := own(t, fd, err)
	fd, err = Socket(UnixDatagram, false)
	sender := own(t, fd, err)
	must(t, ConnectUnix(sender, path))
	_, err = Send(sender, []byte("hello"))
	must(t, err)
	b := NewDatagramBatch(1, 16)
	if n, err := b.Receive(receiver); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if string(b.Payload(0)) != "hello" || b.Addr(0).IsValid() {
		t.Errorf("%q from %v", b.Payload(0), b.Addr(0))
	}
}

// received + drops = sent, exactly.
func TestDropsAreCountedExactly(t *testing.T) {
	t.Parallel()
	receiver, sender, to := udpPair(t)
	if _, err := SetReceiveBuffer(receiver, 4096); err != nil {
		t.Fatal(err)
	}
	b := NewDatagramBatch(16, 512)
	payload := make([]byte, 512)
	const sent = 200
	received := 0
	drain := func() {
		for {
			n, err := b.Receive(receiver)
			if err != nil {
				if !errors.Is(err, syscall.EAGAIN) {
					t.Fatal(err)
				}
				return
			}
			received += n
		}
	}
	for range sent {
		if _, err := SendTo(sender, payload, to); err != nil {
			t.Fatal(err)
		}
	}
	drain()
	drops, err := Drops(receiver)
	must(t, err)
	if drops == 0 || received+int(drops) != sent {
		t.Fatalf("sent %d, received %d, dropped %d", sent, received, drops)
	}
}

// The time is found among others, and a malformed length ends the search instead
// of a panic.
func TestArrivalSurvivesOtherControlMessages(t *testing.T) {
	t.Parallel()
	receiver, sender, to := udpPair(t)
	must(t, StampArrival(receiver))
	must(t, setInt(receiver, unix.SOL_SOCKET, unix.SO_RXQ_OVFL, 1))
	must(t, setInt(receiver, unix.IPPROTO_IP, unix.IP_PKTINFO, 1))
	b := NewDatagramBatch(4, 16)
	before := time.Now()
	for range 3 {
		_, err := SendTo(sender, []byte("hello"), to)
		must(t, err)
	}
	after := time.Now()
	if n, err := b.Receive(receiver); n != 3 || err != nil {
		t.Fatal(n, err)
	}
	for i := range 3 {
		if at, ok := b.Arrival(i); !ok || at.Before(before.Add(-time.Second)) || at.After(after.Add(time.Second)) {
			t.Errorf("arrived at %v, %v; sent between %v and %v", at, ok, before, after)
		}
	}
	first := (*unix.Cmsghdr)(unsafe.Pointer(&b.control[0]))
	for _, bad := range []int{0, 1, 1 << 20, -1} {
		first.SetLen(bad)
		if _, ok := b.Arrival(0); ok {
			t.Errorf("length %d believed", bad)
		}
	}
}
