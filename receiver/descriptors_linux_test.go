package receiver_test

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// limitDescriptors lowers the number of descriptors that this process may have.
func limitDescriptors(t testing.TB, n uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = n
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}

func init() {
	// Silent clients, in a process that has as many descriptors as it likes: the Go
	// runtime raises the limit in force at its start.
	helpers["silent"] = func(addrs []string, ready func()) error {
		for range 200 {
			conn, err := net.DialTimeout("tcp", addrs[0], sigtest.Fatal)
			if err != nil {
				return err
			}
			defer conn.Close()
		}
		ready()
		sigtest.WaitForEnd()
		return nil
	}
}

// 64 descriptors in total, and 200 silent clients: the default limit leaves enough
// for everything else.
func TestFewDescriptors(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		if !sigtest.Alone(t) {
			return
		}
		s := newSink()
		limitDescriptors(t, 64)
		r := start(t, s, c)
		sigtest.Start(t, "silent", addresses(r, "tcp")[0])
		stats := awaitStats(t, r, "all to be accepted", func(s receiver.Stats) bool {
			return s.Connections.Accepted == 200 && s.Connections.Open < 50
		})
		if stats.Connections.Closed[receiver.EndLimit] == 0 || stats.Connections.AcceptFailures > 0 {
			t.Errorf("%+v", stats.Connections)
		}
		for range 10 {
			checkService(t, r, s)
		}
	})
}

// Connections up to the limit of descriptors, and beyond: whoever is silent gives
// way.
func TestNoDescriptorForAConnection(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		if !sigtest.Alone(t) {
			return
		}
		s := newSink()
		limitDescriptors(t, 64)
		c.MaxConnections = 1000
		r := start(t, s, c)
		// The sockets of the honest clients exist before.
		var honest []net.Conn
		for range 8 {
			honest = append(honest, dial(t, r, "tcp"))
			send(t, honest[len(honest)-1], "before\n")
		}
		awaitCount(t, s, 8)
		stop := sigtest.Start(t, "silent", addresses(r, "tcp")[0])
		stats := awaitStats(t, r, "all to be accepted", func(s receiver.Stats) bool { return s.Connections.Accepted == 208 })
		if stats.Connections.Closed[receiver.EndLimit] == 0 || stats.Connections.AcceptFailures == 0 {
			t.Errorf("%+v", stats.Connections)
		}
		for _, conn := range honest {
			send(t, conn, "after\n")
		}
		awaitCount(t, s, 16)
		idle(t)
		stop()
		awaitStats(t, r, "the silent ones to go", func(s receiver.Stats) bool { return s.Connections.Open == 8 })
		checkService(t, r, s)
	})
}

// When nobody can give way, nothing spins, nothing ends, and it goes on by itself.
func TestNoDescriptorAtAll(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		if !sigtest.Alone(t) {
			return
		}
		s := newSink()
		limitDescriptors(t, 64)
		warned := make(chan string, 100)
		c.Warn = func(text string) { warned <- text }
		r := start(t, s, c)
		conn := dial(t, r, "tcp") // in the backlog before long
		awaitStats(t, r, "it to be accepted", func(s receiver.Stats) bool { return s.Connections.Open == 1 })
		send(t, conn, "hello\n")
		awaitCount(t, s, 1)
		// The last client takes the last descriptor.
		var all []*os.File
		for {
			f, err := os.Open("/dev/null")
			if err != nil {
				break
			}
			all = append(all, f)
		}
		all[len(all)-1].Close()
		all = all[:len(all)-1]
		late := dial(t, r, "tcp")
		send(t, late, "late")
		late.(*net.TCPConn).CloseWrite()
		awaitStats(t, r, "an accept to fail", func(s receiver.Stats) bool { return s.Connections.AcceptFailures > 0 })
		idle(t)
		if s.count() != 1 {
			t.Fatal("it was accepted, so that nothing was tested")
		}
		// It recovers when a connection ends,
		conn.Close()
		awaitCount(t, s, 2)
		// and when anything else does.
		again, err := net.Dial("tcp", addresses(r, "tcp")[0])
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		f, err := os.Open("/dev/null")
		for ; err == nil; f, err = os.Open("/dev/null") {
			all = append(all, f)
		}
		send(t, again, "again")
		for _, f := range all {
			f.Close()
		}
		again.(*net.TCPConn).CloseWrite()
		awaitCount(t, s, 3)
		select {
		case text := <-warned:
			t.Log("warned:", text)
		default:
			t.Error("nobody was warned")
		}
	})
}

// idle checks that this process uses less than 5 % of a processor.
func idle(t testing.TB) {
	t.Helper()
	const span = 300 * time.Millisecond
	before := cpuTime(t)
	<-time.After(span)
	if used := cpuTime(t) - before; used > span/20 {
		t.Errorf("%v of processor time in %v", used, span)
	}
}
