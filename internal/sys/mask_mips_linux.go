//go:build linux && (mips || mipsle || mips64 || mips64le)

package sys

const (
	maskSize   = 16 // MIPS has 128 signals
	codeOffset = 4  // MIPS has si_code before si_errno
)
