package receiver_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// unread returns how many bytes lie unread in the connections of this process that
// have a local port, and how many connections those are.
func unread(t testing.TB, port int) (bytes, conns int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		fd, _ := strconv.Atoi(entry.Name())
		if _, err := unix.Getpeername(fd); err != nil {
			continue // no connection
		}
		local, err := unix.Getsockname(fd)
		if err != nil || localPort(local) != port {
			continue
		}
		if n, err := unix.IoctlGetInt(fd, unix.TIOCINQ); err == nil {
			bytes += n
			conns++
		}
	}
	return bytes, conns
}

func localPort(a unix.Sockaddr) int {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return a.Port
	case *unix.SockaddrInet6:
		return a.Port
	}
	return 0
}

// timeWait says whether a connection of a port of this machine is in TIME_WAIT
// (proc(5), /proc/net/tcp), or the kernel keeps no more of them.
func timeWait(t testing.TB, port int) bool {
	for line := range strings.Lines(read(t, "/proc/net/tcp")) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) && fields[3] == "06" {
			return true
		}
	}
	var inUse, orphans, n int
	_, tcp, _ := strings.Cut(read(t, "/proc/net/sockstat"), "TCP: ")
	fmt.Sscanf(tcp, "inuse %d orphan %d tw %d", &inUse, &orphans, &n)
	most, err := strconv.Atoi(strings.TrimSpace(read(t, "/proc/sys/net/ipv4/tcp_max_tw_buckets")))
	if err != nil {
		t.Fatal(err)
	}
	return n >= most*9/10
}

func read(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// cpuTime returns the processor time that this process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
