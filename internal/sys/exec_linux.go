package sys

import (
	"os"
	"syscall"
)

// Exec replaces the program of this process by itself, with the calling thread's
// signal mask (execve(2) of /proc/self/exe). It returns only if that fails.
func Exec(args, env []string) error {
	return os.NewSyscallError("execve", syscall.Exec("/proc/self/exe", args, env))
}
