package jetstream_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/jetstream"
	"github.com/seed-067c1534/sigio/message"
)

// cutter passes connections on to a server, and ends each after a random number of bytes.
func cutter(t *testing.T, server string, least, most int64) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	t.Cleanup(func() { l.Close(); all.Wait() })
	all.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", server)
			if err != nil {
				client.Close()
				continue
			}
			end := sync.OnceFunc(func() { client.Close(); behind.Close() })
			all.Go(func() {
				io.CopyN(behind, client, least+rand.Int64N(most-least))
				end()
			})
			all.Go(func() {
				io.CopyN(client, behind, least+rand.Int64N(most-least))
				end()
			})
		}
	})
	return l.Addr().String()
}

// TestConnectionsThatEnd loses one connection after the other, at any byte: some while that is
// published again of which the last one left the outcome open.
func TestConnectionsThatEnd(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	o := options(s)
	o.Group, o.Window = 300, time.Hour
	through := o
	through.Servers = "nats://" + cutter(t, strings.TrimPrefix(s.url(), "nats://"), 4<<10, 300<<10)
	const total = 20000
	var rest []byte
	for n := range total {
		rest = jetstream.AppendRecord(rest, numbered("a", n))
	}
	p := openPublisher(t, through)
	for end := time.Now().Add(fatal); len(rest) > 0 && time.Now().Before(end); {
		n, _ := p.Write(rest)
		rest = rest[n:]
	}
	next := 0
	each(t, o, message.Filter{}, func(m *message.Message) {
		if want := fmt.Sprint("message ", next); string(m.Text) != want {
			t.Fatalf("%s, want %s", m.Text, want)
		}
		next++
	})
	if st := p.Stats(); next != total || st.Connects < 3 {
		t.Errorf("%d messages of %d, with %d connections", next, total, st.Connects)
	}
	t.Logf("%d connections, %d duplicates", p.Stats().Connects, p.Stats().Duplicates)
}
