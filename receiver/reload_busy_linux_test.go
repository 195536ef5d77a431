package receiver_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/receiver"
)

// A loop that is busy closes what is given up later. Nobody who only gives up addresses waits for
// it, a path is free at once, and an address can be taken again as soon as the loop gets to it.
func TestListenWhileLoopIsBusy(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		path := filepath.Join(t.TempDir(), "socket")
		stays, unix, abstract := "udp://127.0.0.1:0", "unix://"+path, fmt.Sprintf("unix://@sigio-busy-%d-%p", os.Getpid(), s)
		c.Listen = []string{stays, "tcp://127.0.0.2:0", unix, abstract}
		r := start(t, s, c)
		again := []string{stays, unix, abstract, "tcp://" + living(r, "tcp")[0]}

		s.holdUp(t, r)
		gone := make(chan error, 1)
		go func() {
			_, err := r.Listen([]string{stays})
			gone <- err
		}()
		select {
		case err := <-gone:
			must(t, err)
		case <-time.After(sigtest.Fatal):
			s.mu.Unlock()
			t.Fatal("giving up addresses waits for the loop")
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the file of a socket that was given up: %v", err)
		}
		taken := make(chan error)
		go func() {
			_, err := r.Listen(again)
			taken <- err
		}()
		select {
		case err := <-taken: // nobody can have closed the old sockets
			t.Errorf("while the loop is busy: %v", err)
			s.mu.Unlock()
		case <-time.After(50 * time.Millisecond): // time enough to fail
			s.mu.Unlock()
			if err := <-taken; err != nil {
				t.Fatal(err)
			}
		}
		before := s.count()
		for _, url := range again[1:] {
			network, address, _ := strings.Cut(url, "://")
			conn, err := net.Dial(network, address)
			must(t, err)
			defer conn.Close()
			send(t, conn, "again\n")
		}
		awaitCount(t, s, before+3)
	})
}

// One that is still in use by somebody else is not waited for.
func TestListenOnTakenWhileOthersLeave(t *testing.T) {
	s := newSink()
	other := start(t, s, receiver.Config{Listen: []string{"tcp://127.0.0.1:0"}})
	r := start(t, s, receiver.Config{Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.2:0"}})
	listen(t, r, "udp://127.0.0.1:0")
	if _, err := r.Listen([]string{"udp://127.0.0.1:0", "tcp://" + living(other, "tcp")[0]}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Error(err)
	}
}
