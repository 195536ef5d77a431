package signals

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// blockedIn reads which signals a thread blocks from its status file, proc(5).
// Bit 0 is signal 1.
func blockedIn(path string) (uint64, error) {
	status, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(status) {
		if set, ok := strings.CutPrefix(string(line), "SigBlk:"); ok {
			set = strings.TrimSpace(set)
			return strconv.ParseUint(set[max(0, len(set)-16):], 16, 64) // MIPS has 128 signals
		}
	}
	return 0, fmt.Errorf("%s does not tell the mask", path)
}
