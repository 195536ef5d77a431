//go:build linux && !(mips || mipsle || mips64 || mips64le)

package sys

const (
	maskSize   = 8 // bytes in the kernel's sigset_t: 64 signals
	codeOffset = 8 // si_code follows si_errno
)
