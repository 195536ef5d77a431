package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// FreeSpace returns how many bytes an unprivileged process can still write to the file system that
// path is on (statfs(2), f_bavail).
func FreeSpace(path string) (uint64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(path, &st)
		if err == nil {
			return st.Bavail * uint64(st.Bsize), nil
		}
		if err != unix.EINTR {
			return 0, os.NewSyscallError("statfs", err)
		}
	}
}

// LockFile makes path, if need be, and locks it for this process until the file is closed or the
// process ends, however it does (flock(2)). EAGAIN: another process has the lock.
func LockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, os.NewSyscallError("flock", err)
	}
	return f, nil
}
