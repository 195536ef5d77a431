package doctor

import (
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
)

// line returns a file's content without the space around it.
func (m machine) line(path string) (string, bool) {
	content, err := fs.ReadFile(m.files, path)
	return strings.TrimSpace(string(content)), err == nil
}

// number returns the content of a file that holds one number.
func (m machine) number(path string) (uint64, bool) {
	text, ok := m.line(path)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(text, 10, 64)
	return n, err == nil
}

// limit is a resource limit of this process, as in getrlimit(2).
type limit struct{ soft, hard uint64 }

const unlimited = math.MaxUint64

// limit finds a row of /proc/self/limits by its name, as in "Max open files".
func (m machine) limit(name string) (limit, bool) {
	table, ok := m.line("proc/self/limits")
	if !ok {
		return limit{}, false
	}
	for row := range strings.Lines(table) {
		rest, found := strings.CutPrefix(row, name)
		fields := strings.Fields(rest)
		if !found || len(fields) < 2 {
			continue
		}
		soft, ok1 := parseLimit(fields[0])
		hard, ok2 := parseLimit(fields[1])
		return limit{soft, hard}, ok1 && ok2
	}
	return limit{}, false
}

func parseLimit(s string) (uint64, bool) {
	if s == "unlimited" {
		return unlimited, true
	}
	n, err := strconv.ParseUint(s, 10, 64)
	return n, err == nil
}

// status finds a row of /proc/self/status by its name, as in "SigQ".
func (m machine) status(name string) (string, bool) {
	table, ok := m.line("proc/self/status")
	if !ok {
		return "", false
	}
	for row := range strings.Lines(table) {
		if rest, found := strings.CutPrefix(row, name+":"); found {
			return strings.TrimSpace(rest), true
		}
	}
	return "", false
}

// cgroup returns the smallest value of a limit in this process's control group
// and those around it (cgroups(7), version 2), or unlimited. Without version 2,
// or inside a container that shows its own group as the root, the file beside
// the root counts alone.
func (m machine) cgroup(file string) (uint64, bool) {
	groups, ok := m.line("proc/self/cgroup")
	if !ok {
		return 0, false
	}
	path := ""
	for row := range strings.Lines(groups) {
		if rest, found := strings.CutPrefix(row, "0::/"); found {
			path = strings.TrimSpace(rest)
		}
	}
	least, known := uint64(unlimited), false
	for {
		text, ok := m.line(strings.ReplaceAll("sys/fs/cgroup/"+path+"/"+file, "//", "/"))
		if n, isNumber := parseLimit(strings.Replace(text, "max", "unlimited", 1)); ok && isNumber {
			least, known = min(least, n), true
		}
		if path == "" {
			return least, known
		}
		path = path[:max(0, strings.LastIndexByte(path, '/'))]
	}
}

// count writes a limit for people.
func count(n uint64) string {
	if n == unlimited {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}

// size writes a number of bytes for people.
func size(n uint64) string {
	if n == unlimited {
		return "unlimited"
	}
	for _, unit := range []struct {
		bytes uint64
		name  string
	}{{1 << 30, "GiB"}, {1 << 20, "MiB"}, {1 << 10, "KiB"}} {
		if n >= unit.bytes {
			text := strconv.FormatFloat(float64(n)/float64(unit.bytes), 'f', 1, 64)
			return strings.TrimSuffix(text, ".0") + " " + unit.name
		}
	}
	return fmt.Sprintf("%d bytes", n)
}
