package receiver_test

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

// unread returns how many bytes lie in the receive queues of the connections that
// are connected to a port of this machine, and how many more in the send queues of
// their clients (proc(5), /proc/net/tcp).
func unread(t testing.TB, port int) (bytes int) {
	t.Helper()
	end := fmt.Sprintf(":%04X", port)
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 5 || fields[3] == listening {
				continue
			}
			var tx, rx int
			fmt.Sscanf(fields[4], "%x:%x", &tx, &rx)
			if strings.HasSuffix(fields[1], end) {
				bytes += rx
			} else if strings.HasSuffix(fields[2], end) {
				bytes += tx
			}
		}
		f.Close()
	}
	return bytes
}

const listening = "0A" // TCP_LISTEN: its queue is the backlog

// cpuTime returns the processor time that this process has used.
func cpuTime(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
