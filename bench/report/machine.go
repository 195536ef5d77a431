package report

import (
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine says where it was measured.
type Machine struct {
	Kernel     string `json:"kernel"`
	Processor  string `json:"processor"`
	Processors int    `json:"processors"`
	Go         string `json:"go"`
	Arch       string `json:"arch"`
}

// ThisMachine describes the machine that we run on.
func ThisMachine() Machine {
	m := Machine{Processors: runtime.NumCPU(), Go: runtime.Version(), Arch: runtime.GOARCH}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		m.Kernel = unix.ByteSliceToString(name.Release[:])
	}
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			m.Processor = strings.TrimSpace(value)
			break
		}
	}
	return m
}
