package doctor

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/seed-067c1534/sigio/receiver"
)

// What a machine should allow. Below it a check warns: sigio still works, and
// says what it loses.
const (
	wantQueued      = 4096                          // signals: a burst of this many between two turns of a loop
	wantDescriptors = 4096                          // as many connections at once
	wantBuffer      = receiver.DefaultReceiveBuffer // bytes: what sigio serve asks for
	wantBacklog     = 1024                          // connections between two turns of a loop
	wantPorts       = 10000                         // short connections from one client address in a minute
	wantMemory      = 64 << 20
	wantTasks       = 64 // threads
)

func kernelVersion(m machine) (Check, bool) {
	release, ok := m.line("proc/sys/kernel/osrelease")
	if !ok {
		return Check{}, false
	}
	c := Check{Name: "kernel", Status: OK, Value: "Linux " + release,
		Meaning: "Has everything that sigio uses: thread-directed I/O signals, signalfd, recvmmsg, exact drop counts."}
	var major, minor int
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		c.Status, c.Meaning = Warn, "The version is not in the usual form; the trials below tell more."
		return c, true
	}
	switch {
	case major < 3 || major == 3 && minor < 9:
		c.Status = Fail
		c.Meaning = "Too old: SO_REUSEPORT came with 3.9."
		c.Fix = "install a newer kernel"
	case major < 4 || major == 4 && minor < 12:
		c.Status = Warn
		c.Meaning = "Datagrams that the kernel drops cannot be counted at any time: SO_MEMINFO came with 4.12."
		c.Fix = "install a newer kernel"
	}
	return c, true
}

func signalQueue(m machine) (Check, bool) {
	l, ok := m.limit("Max pending signals")
	if !ok {
		return Check{}, false
	}
	used := uint64(0)
	if sigq, ok := m.status("SigQ"); ok {
		text, _, _ := strings.Cut(sigq, "/")
		used, _ = strconv.ParseUint(text, 10, 64)
	}
	c := Check{Name: "signal queue", Status: OK,
		Value: fmt.Sprintf("%s signals, %d in use (RLIMIT_SIGPENDING, hard limit %s)", count(l.soft), used, count(l.hard)),
		Meaning: "All processes of a user share this queue. When it is full the kernel sends plain SIGIO, " +
			"and sigio looks at every descriptor instead: slower, but nothing is lost."}
	free := uint64(0)
	if used < l.soft {
		free = l.soft - used
	}
	if free >= wantQueued {
		return c, true
	}
	c.Status = Warn
	if free == 0 {
		c.Meaning = "The queue is full, so that sigio works by polling. " + c.Meaning
	}
	if l.hard > l.soft && l.hard-min(used, l.hard) >= wantQueued {
		c.Fix = "ulimit -S -i " + count(l.hard) + "   (or: sigio serve --raise-limits)"
	} else {
		c.Fix = fmt.Sprintf("sudo prlimit --pid $$ --sigpending=%d:%[1]d   (a service: LimitSIGPENDING=%[1]d)", 65536)
	}
	return c, true
}

func descriptors(m machine) (Check, bool) {
	l, ok := m.limit("Max open files")
	if !ok {
		return Check{}, false
	}
	c := Check{Name: "descriptors", Status: OK,
		Value:   fmt.Sprintf("%s (RLIMIT_NOFILE; Go programs raise the soft limit to the hard one)", count(l.hard)),
		Meaning: "One for each connection. At the limit, new connections wait until others end."}
	if l.hard < wantDescriptors {
		c.Status = Warn
		c.Fix = fmt.Sprintf("sudo prlimit --pid $$ --nofile=%d:%[1]d   (a service: LimitNOFILE=%[1]d)", 65536)
	}
	return c, true
}

func receiveBuffer(m machine) (Check, bool) {
	most, ok := m.number("proc/sys/net/core/rmem_max")
	if !ok {
		return Check{}, false
	}
	usual, _ := m.number("proc/sys/net/core/rmem_default")
	c := Check{Name: "receive buffer", Status: OK,
		Value: fmt.Sprintf("up to %s (net.core.rmem_max), %s if not asked for (rmem_default)", size(most), size(usual)),
		Meaning: "Datagrams wait here until they are read; what does not fit is dropped. sigio serve asks for " +
			size(wantBuffer) + " and counts the drops."}
	if most < wantBuffer {
		c.Status = Warn
		c.Fix = fmt.Sprintf("sudo sysctl -w net.core.rmem_max=%d", wantBuffer)
	}
	return c, true
}

func backlog(m machine) (Check, bool) {
	n, ok := m.number("proc/sys/net/core/somaxconn")
	if !ok {
		return Check{}, false
	}
	c := Check{Name: "backlog", Status: OK, Value: fmt.Sprintf("%d connections (net.core.somaxconn)", n),
		Meaning: "Connections wait here until they are accepted; the clients of what does not fit try again after a second."}
	if n < wantBacklog {
		c.Status = Warn
		c.Fix = "sudo sysctl -w net.core.somaxconn=4096"
	}
	return c, true
}

func ports(m machine) (Check, bool) {
	text, ok := m.line("proc/sys/net/ipv4/ip_local_port_range")
	if !ok {
		return Check{}, false
	}
	var low, high int
	if _, err := fmt.Sscan(text, &low, &high); err != nil || high < low {
		return Check{}, false
	}
	c := Check{Name: "client ports", Status: OK, Value: fmt.Sprintf("%d to %d (net.ipv4.ip_local_port_range)", low, high),
		Meaning: "Each connection that sigio send makes takes one, and keeps it for a minute after its end (TIME_WAIT)."}
	if high-low+1 < wantPorts {
		c.Status = Warn
		c.Fix = `sudo sysctl -w net.ipv4.ip_local_port_range="16384 65535"`
	}
	return c, true
}

func multipath(m machine) (Check, bool) {
	c := Check{Name: "multipath TCP", Status: OK, Value: "not in this kernel",
		Meaning: "sigio's own listeners are plain TCP. Listeners of Go's net package are MPTCP where the kernel has it; " +
			"their signals are the same, only more of them."}
	if n, ok := m.number("proc/sys/net/mptcp/enabled"); ok {
		c.Value = map[bool]string{true: "on (net.mptcp.enabled)", false: "off (net.mptcp.enabled)"}[n != 0]
	}
	return c, true
}

func leases(m machine) (Check, bool) {
	on, ok := m.number("proc/sys/fs/leases-enable")
	if !ok {
		return Check{}, false
	}
	seconds, _ := m.number("proc/sys/fs/lease-break-time")
	c := Check{Name: "file leases", Status: OK, Value: fmt.Sprintf("on, to be given up within %d s (fs.lease-break-time)", seconds),
		Meaning: "A lease tells its holder by a signal that somebody else opens the file."}
	if on == 0 {
		c.Status, c.Value = Warn, "off (fs.leases-enable)"
		c.Fix = "sudo sysctl -w fs.leases-enable=1"
	}
	return c, true
}

func memory(m machine) (Check, bool) {
	n, ok := m.cgroup("memory.max")
	if !ok || n == unlimited {
		return Check{}, false
	}
	c := Check{Name: "memory", Status: OK, Value: size(n) + " (control group, memory.max)",
		Meaning: "Receive buffers count towards it; beyond it the kernel ends the process."}
	if n < wantMemory {
		c.Status = Warn
		c.Fix = "systemd: MemoryMax=256M; docker: --memory 256m"
	}
	return c, true
}

func tasks(m machine) (Check, bool) {
	n, ok := m.cgroup("pids.max")
	if !ok || n == unlimited {
		return Check{}, false
	}
	c := Check{Name: "threads", Status: OK, Value: count(n) + " (control group, pids.max)",
		Meaning: "Each loop has a thread, and the Go runtime has some."}
	if n < wantTasks {
		c.Status = Warn
		c.Fix = "systemd: TasksMax=512; docker: --pids-limit 512"
	}
	return c, true
}
