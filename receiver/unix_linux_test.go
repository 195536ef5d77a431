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

	"github.com/seed-067c1534/sigio/receiver"
)

func abstract() string {
	return fmt.Sprintf("@sigio-receiver-test-%d-%d", os.Getpid(), abstractNames.Add(1))
}

// sendUnix sends text to a Unix socket.
func sendUnix(t testing.TB, network, path, text string) {
	t.Helper()
	conn, err := net.Dial(network, path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	send(t, conn, text)
}

func TestUnixSockets(t *testing.T) {
	t.Parallel()
	eachWay(t, func(t *testing.T, c receiver.Config) {
		dir := t.TempDir()
		paths := map[string]string{ // to network
			dir + "/stream": "unix", dir + "/datagram": "unixgram",
			abstract(): "unix", abstract(): "unixgram",
		}
		for path, network := range paths {
			c.Listen = append(c.Listen, network+"://"+path)
		}
		s := newSink()
		r := start(t, s, c)
		want := map[string]bool{}
		for path, network := range paths {
			for i := range 3 {
				text := fmt.Sprint(path, i)
				want[text] = true
				sendUnix(t, network, path, text)
			}
		}
		awaitCount(t, s, len(want))
		s.exactly(t, want)
		for _, path := range []string{dir + "/stream", dir + "/datagram"} {
			if info, err := os.Stat(path); err != nil || info.Mode() != os.ModeSocket|0o660 {
				t.Errorf("%v, %v", info, err)
			}
		}
		if m := s.lastMessage(); m.Peer.IsValid() || !strings.HasPrefix(m.Transport, "unix") {
			t.Errorf("%+v", m)
		}
		for _, l := range stop(t, r).Listeners {
			network, path, _ := strings.Cut(l.Address, "://")
			if paths[path] != network || l.Delivered != 3 {
				t.Errorf("%+v", l)
			}
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Error("left:", left)
		}
	})
}

func TestUnixModeAndOwner(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	r := start(t, newSink(), receiver.Config{Listen: []string{fmt.Sprintf("unix://%s?mode=0602&owner=%d:%d", path, os.Getuid(), os.Getgid())}})
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o602 {
		t.Errorf("%v, %v", info, err)
	}
	stop(t, r)
	for owner, want := range map[string]string{"no-such-user": "no user no-such-user", ":no-such-group": "no group no-such-group"} {
		err := startError(t, "unix://"+path+"?owner="+owner)
		if !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	start(t, newSink(), receiver.Config{Listen: []string{"unixgram://" + path + "?owner=nobody:1"}})
	info, err := os.Stat(path)
	if st := info.Sys().(*syscall.Stat_t); err != nil || st.Uid == 0 || st.Gid != 1 {
		t.Errorf("%+v, %v", info, err)
	}
}

// A socket whose program has gone is replaced, and nothing else.
func TestStaleUnixSocket(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"unix", "unixgram"} {
		dir := t.TempDir()
		path := dir + "/s"
		url := network + "://" + path
		stale := listenUnix(t, network, path)
		stale.Close()
		s := newSink()
		r := start(t, s, receiver.Config{Listen: []string{url}})
		sendUnix(t, network, path, "hello")
		awaitCount(t, s, 1)
		if err := startError(t, url); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "somebody's who listens") {
			t.Errorf("a socket that is in use: %v", err)
		}
		other := map[string]string{"unix": "unixgram", "unixgram": "unix"}[network]
		if err := startError(t, other+"://"+path); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a socket of another type that is in use: %v", err)
		}
		sendUnix(t, network, path, "still there")
		awaitCount(t, s, 2)

		// Somebody has put another one in its place meanwhile: that one stays.
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		defer listenUnix(t, network, path).Close()
		stop(t, r)
		if _, err := os.Stat(path); err != nil {
			t.Error("another one's socket was removed:", err)
		}

		file := filepath.Join(dir, "file")
		if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := startError(t, network+"://"+file); !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "is no socket") {
			t.Errorf("a file that is no socket: %v", err)
		}
		if err := startError(t, network+"://"+dir+"/nowhere/s"); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
}

// listenUnix leaves the file when it is closed.
func listenUnix(t *testing.T, network, path string) interface{ Close() error } {
	t.Helper()
	addr := &net.UnixAddr{Name: path, Net: network}
	if network == "unix" {
		l, err := net.ListenUnix(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		return l
	}
	conn, err := net.ListenUnixgram(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// A datagram of a Unix socket may be longer than any message.
func TestUnixDatagramTooLong(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/s"
	s := newSink()
	r := start(t, s, receiver.Config{Listen: []string{"unixgram://" + path}})
	sendUnix(t, "unixgram", path, strings.Repeat("x", 100_000))
	sendUnix(t, "unixgram", path, strings.Repeat("x", 64<<10))
	sendUnix(t, "unixgram", path, " ")
	awaitStats(t, r, "two that are rejected", func(s receiver.Stats) bool {
		return s.Rejected[receiver.CauseOversize] == 1 && s.Rejected[receiver.CauseEmpty] == 1 && s.Delivered == 1
	})
}
