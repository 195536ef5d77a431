// Package load is the client side: sockets, paces, histograms, and the look at what
// the server's process has used. It runs in a process of its own, on one thread that
// never sleeps while it measures.
package load

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// tick is 1/USER_HZ, in which /proc counts time on every architecture of ours.
const tick = 10 * time.Millisecond

// Tree returns a process and its descendants.
func Tree(pid int) []int {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", all[i]))
		for _, task := range tasks {
			list, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", all[i], task.Name()))
			for child := range strings.FieldsSeq(string(list)) {
				if n, err := strconv.Atoi(child); err == nil {
					all = append(all, n)
				}
			}
		}
	}
	return all
}

// CPU returns the processor time of a process and its descendants, those included
// that have ended and been waited for.
func CPU(pid int) (sum time.Duration) {
	for _, p := range Tree(pid) {
		sum += processClock(p) + reaped(p)
	}
	return sum
}

// processClock reads the process's clock (clock_getcpuclockid(3)), which is exact
// where /proc counts in ticks of 10 ms.
func processClock(pid int) time.Duration {
	const sched = 2 // CPUCLOCK_SCHED
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|sched), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// reaped is cutime + cstime of /proc/PID/stat.
func reaped(pid int) time.Duration {
	f := statFields(fmt.Sprintf("/proc/%d/stat", pid))
	if len(f) < 15 {
		return 0
	}
	return time.Duration(number(f[13])+number(f[14])) * tick
}

// statFields returns what follows the name, which may have spaces in it.
func statFields(path string) []string {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
}

func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// Memory returns what a process and its descendants have in memory now, and at the
// most, in bytes (VmRSS and VmHWM, proc(5)).
func Memory(pid int) (now, peak int64) {
	for _, p := range Tree(pid) {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", p))
		for line := range strings.Lines(string(text)) {
			key, value, _ := strings.Cut(line, ":")
			value, _, _ = strings.Cut(strings.TrimSpace(value), " ")
			switch key {
			case "VmRSS":
				now += number(value) << 10
			case "VmHWM":
				peak += number(value) << 10
			}
		}
	}
	return now, peak
}

// Busy returns the time that all processors have spent in processes.
func Busy() time.Duration {
	text, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line)
	if len(f) < 4 {
		return 0
	}
	return time.Duration(number(f[1])+number(f[2])+number(f[3])) * tick
}
