package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sender"
	"github.com/seed-067c1534/sigio/internal/sigtest"
)

// chorus are senders that send numbered lines until they are told to stop. The last one asks for
// acknowledgements, so that its messages have a send_id.
type chorus struct {
	sent     [3]atomic.Int64
	stopping atomic.Bool
	sending  sync.WaitGroup
}

func startChorus(t *testing.T, address string, rate float64) *chorus {
	c := &chorus{}
	for i := range c.sent {
		in, out := io.Pipe()
		c.sending.Go(func() {
			for !c.stopping.Load() {
				if _, err := fmt.Fprintf(out, "a message of sender %d, of the length that many have: %s\n", i, strings.Repeat("x", 60)); err != nil {
					return
				}
			}
			out.Close()
		})
		c.sending.Go(func() {
			defer in.Close()
			r, err := sender.Run(t.Context(), sender.Config{
				Target: sender.Target{Network: "tcp", Address: address}, User: fmt.Sprint("sender", i), Lines: in, Number: true,
				KeepOpen: true, Ack: i == len(c.sent)-1, Rate: rate, Timeout: 2 * time.Minute,
				Progress: func(sent, _ int, _ time.Duration) { c.sent[i].Store(int64(sent)) },
			})
			if err != nil || r.Failed > 0 {
				t.Errorf("sender %d: %+v %v", i, r, err)
			}
		})
	}
	t.Cleanup(c.stop)
	return c
}

// stop returns when everything has been sent.
func (c *chorus) stop() {
	c.stopping.Store(true)
	c.sending.Wait()
}

func (c *chorus) total() (sum int64) {
	for i := range c.sent {
		sum += c.sent[i].Load()
	}
	return sum
}

// memory is a line of /proc/PID/status, such as VmRSS, in bytes.
func (s *served) memory(t *testing.T, line string) int64 {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(content), line+":")
	rest, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	n, err := strconv.ParseInt(rest, 10, 64)
	if err != nil {
		t.Fatalf("no %s in\n%s", line, content)
	}
	return n << 10
}

// accountRead is what these tests need of the file of --stats.
type accountRead struct {
	Received, Delivered, Pending uint64
	Rejected                     map[string]uint64
	Outputs                      []struct {
		Output        string
		Lost, Retries uint64
	}
	Spool *struct {
		Outputs []struct{ Behind uint64 }
	}
}

// behind is how many records wait in the spool for outputs.
func (a *accountRead) behind() (n uint64) {
	for _, o := range a.Spool.Outputs {
		n += o.Behind
	}
	return n
}

// stopEmpty stops a serve that has a spool, and lets it start again until nothing is in there: at the
// end nobody waits long for an output that takes nothing, as one does for a while on a slow disk.
func (s *served) stopEmpty(t *testing.T, stats string, again func() *served) {
	t.Helper()
	sigtest.Until(t, "the spool to be empty", func() bool {
		s.stop(t)
		a := statsOf(t, stats)
		if a.behind() == 0 {
			return true
		}
		s = again()
		return t.Failed()
	})
}

func statsOf(t *testing.T, path string) (a accountRead) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &a); err != nil {
		t.Fatal(err)
	}
	return a
}

// untilStored waits until a stream, as read returns it, has so many messages, and returns what
// distinct says of them.
func untilStored(t *testing.T, total int64, read func() io.Reader) (n, late int64) {
	t.Helper()
	sigtest.Until(t, "all to be in the stream", func() bool {
		n, late = distinct(t, "stream", read())
		return n >= total
	})
	return n, late
}

// distinct reads messages, wants none twice, and returns how many there are, and how many of them come
// behind a later one of their sender.
func distinct(t *testing.T, where string, in io.Reader) (total, late int64) {
	t.Helper()
	type message struct {
		user string
		n    int
	}
	seen, last := map[message]bool{}, map[string]int{}
	numbered(t, where, in, false, func(user string, n int) {
		if seen[message{user, n}] {
			t.Fatalf("%s: %s has message %d twice", where, user, n)
		}
		seen[message{user, n}] = true
		if n < last[user] {
			late++
		}
		last[user] = max(last[user], n)
		total++
	})
	return total, late
}

// counted reads messages, wants those of each sender in order and none twice, and returns how many
// there are, and whether some are missing in between. With repeats, those of the senders whose
// messages have no send_id may come again.
func counted(t *testing.T, where string, in io.Reader, repeats bool) (total int64, gaps bool) {
	t.Helper()
	next := map[string]int{}
	numbered(t, where, in, false, func(user string, n int) {
		if n < next[user] && repeats && user != "sender2" {
			return
		}
		if n < next[user] {
			t.Fatalf("%s: %s has message %d after %d", where, user, n, next[user]-1)
		}
		gaps = gaps || n > next[user]
		next[user] = n + 1
		total++
	})
	return total, gaps
}

// allDelivered reads the account, in which all that was sent must have been delivered.
func allDelivered(t *testing.T, stats string, total int64) accountRead {
	t.Helper()
	a := statsOf(t, stats)
	if a.Received != a.Delivered || int64(a.Received) != total || a.Pending != 0 {
		t.Errorf("%d were sent; the account: received %d, delivered %d, pending %d", total, a.Received, a.Delivered, a.Pending)
	}
	return a
}

// fileHasAll wants all messages in a file.
func fileHasAll(t *testing.T, path string, total int64) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if n, gaps := counted(t, "file", f, false); n != total || gaps {
		t.Errorf("the file has %d messages of %d", n, total)
	}
}

// untilLines waits until a file has so many lines.
func untilLines(t *testing.T, path string, n int64) {
	t.Helper()
	sigtest.Until(t, "all to be in the file", func() bool {
		content, _ := os.ReadFile(path)
		return int64(bytes.Count(content, []byte("\n"))) >= n
	})
}

// away is how long a test stops a nats-server.
func away() time.Duration {
	if os.Getenv("SIGIO_SOAK") != "" {
		return 30 * time.Second
	}
	return 1500 * time.Millisecond
}

// TestNATSAway stops a nats-server under load, and starts it again.
func TestNATSAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		args    string // of the output
		spooled bool
		drops   bool // what its queue does not hold is lost, and counted
		others  bool // the other output goes on meanwhile
		never   bool // it does not come back as long as serve runs
	}{
		{name: "block", args: "queue=1MiB"},
		{name: "drop-oldest", args: "queue=256KiB&policy=drop-oldest", drops: true, others: true},
		{name: "spool", args: "queue=1MiB", spooled: true, others: true},
		{name: "spool, for good", args: "queue=1MiB", spooled: true, others: true, never: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			nats := startNATS(t)
			address := freePort(t)
			stream := "nats://" + nats.host() + "/LOGS.app"
			stats, file := filepath.Join(dir, "stats"), filepath.Join(dir, "x.jsonl")
			args := []string{"--listen", "tcp://" + address, "--stats", stats, "--output", stream + "?window=1h&timeout=2s&" + c.args, "--output", "file:" + file + "?format=json"}
			if c.spooled {
				args = append(args, "--spool", filepath.Join(dir, "spool"))
			}
			if c.never { // the end waits for it no longer than that
				args = append(args, "--drain-timeout", "3s")
			} else {
				args = append(args, "--drain-timeout", "60s")
			}
			serve := func() *served { return startServe(t, filepath.Join(dir, "log"), args...) }
			s := serve()
			chorus := startChorus(t, address, 4000)
			sigtest.Until(t, "some messages", func() bool { return chorus.total() > 10000 })
			before := s.memory(t, "VmHWM")

			nats.stop()
			sizeAt := func() int64 { info, _ := os.Stat(file); return info.Size() }
			size, sent := sizeAt(), chorus.total()
			<-time.After(away() / 2)
			halfway := s.memory(t, "VmHWM")
			<-time.After(away() / 2)
			if c.others { // the file gets at least what was sent, less what is on its way
				sigtest.Until(t, "the other output to grow", func() bool {
					meanwhile := chorus.total() - sent
					return meanwhile >= 10000 && sizeAt()-size >= 150*(meanwhile-10000)
				})
			}
			meanwhile := chorus.total() - sent
			during := s.memory(t, "VmHWM")
			// An embedded store takes buffers of its own before it stays as it is.
			if during > before+128<<20 || during > halfway+48<<20 {
				t.Errorf("memory has grown from %d to %d and %d MiB", before>>20, halfway>>20, during>>20)
			}
			sigtest.Until(t, "a warning", func() bool {
				content, _ := os.ReadFile(filepath.Join(dir, "log"))
				return strings.Contains(string(content), "kept and tried again")
			})
			if !c.never {
				nats.start()
			}
			chorus.stop()
			untilLines(t, file, chorus.total()) // what is on its way in the kernel does not outlive serve
			if c.spooled && !c.never {          // at the end nobody waits for what is slow
				untilStored(t, chorus.total(), func() io.Reader { return found(t, stream) })
			}
			s.stop(t)

			total := chorus.total()
			a := allDelivered(t, stats, total)
			if c.never {
				nats.start()
				serve().stopEmpty(t, stats, serve)
			}
			fileHasAll(t, file, total)
			// What is in the stream, and was not acknowledged when serve ended, is published again.
			n, gaps := counted(t, "stream", found(t, stream), c.never)
			lost := int64(0)
			for _, o := range a.Outputs {
				if o.Output == stream {
					lost = int64(o.Lost)
				}
			}
			if c.never {
				lost = 0 // what an output gives up at its end stays in the spool
			}
			if n+lost != total || gaps != c.drops || (lost > 0) != c.drops {
				t.Errorf("the stream has %d messages of %d, %d are counted as lost", n, total, lost)
			}
			t.Logf("%d messages, %d of them while the server was away, %d lost; VmHWM %d MiB before, then %d and %d MiB",
				total, meanwhile, lost, before>>20, halfway>>20, during>>20)
		})
	}
}
