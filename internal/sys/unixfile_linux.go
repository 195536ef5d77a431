package sys

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// FileID tells one file from another that has its name later.
type FileID struct{ Device, Inode uint64 }

// UnixFile says what the file of a Unix socket is to be like. A negative UID or GID
// leaves the owner as it is.
type UnixFile struct {
	Mode     os.FileMode // permission bits
	UID, GID int
}

// ListenUnixFile is ListenUnix for a path, with the file as f says. The socket of a
// program that has gone is replaced: one on which nobody listens any more, as
// connect(2) tells. Somebody's socket, and a file that is no socket, stay: the error
// is EADDRINUSE. At no moment can somebody connect whom f does not let.
func ListenUnixFile(n Network, path string, backlog int, f UnixFile) (fd int, id FileID, err error) {
	unlock := lockFolder(path)
	defer unlock()
	if err := removeStale(n, path); err != nil {
		return -1, id, err
	}
	if fd, err = Socket(n, false); err != nil {
		return -1, id, err
	}
	defer func() {
		if err != nil {
			_ = Close(fd)
			fd = -1
		}
	}()
	// What the file may be when bind makes it (net/unix/af_unix.c, unix_bind_bsd);
	// the umask may take away from it, for the moment.
	if err := unix.Fchmod(fd, uint32(f.Mode.Perm())); err != nil {
		return fd, id, os.NewSyscallError("fchmod", err)
	}
	if err := BindUnix(fd, path); err != nil {
		return fd, id, err
	}
	if id, err = f.apply(path); err != nil {
		_ = os.Remove(path) // it is ours, the folder is locked
		return fd, id, err
	}
	if n != UnixDatagram {
		return fd, id, listen(fd, backlog)
	}
	return fd, id, nil
}

// RemoveUnixFile removes the file at path if it is still the one that
// ListenUnixFile has made, and says whether it was.
func RemoveUnixFile(path string, id FileID) bool {
	unlock := lockFolder(path)
	defer unlock()
	var st unix.Stat_t
	if unix.Lstat(path, &st) != nil || fileID(&st) != id {
		return false
	}
	return os.Remove(path) == nil
}

func fileID(st *unix.Stat_t) FileID { return FileID{uint64(st.Dev), st.Ino} }

// lockFolder keeps two programs from each taking the other's new socket for a stale
// one. Who holds the lock of a folder for long is no program of this kind: it is not
// waited for.
func lockFolder(path string) (unlock func()) {
	dir, err := unix.Open(filepath.Dir(path), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return func() {} // without the right to read it
	}
	for range 100 {
		if unix.Flock(dir, unix.LOCK_EX|unix.LOCK_NB) != unix.EWOULDBLOCK {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return func() { _ = unix.Close(dir) }
}

// removeStale removes the socket at path if nobody listens on it.
func removeStale(n Network, path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("%s is there, and is no socket: %w", path, syscall.EADDRINUSE)
	}
	probe, err := Socket(n, false)
	if err != nil {
		return err
	}
	defer Close(probe)
	err = ConnectUnix(probe, path)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, syscall.ENOENT):
		return nil
	case err == nil, errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EPROTOTYPE):
		// EAGAIN: its backlog is full. EPROTOTYPE: it is of another type.
		return fmt.Errorf("%s is somebody's who listens: %w", path, syscall.EADDRINUSE)
	}
	return err
}

// apply gives the file at path, which was just made, its owner and its mode. It does
// so by way of a descriptor, so that it cannot be led to another file.
func (f UnixFile) apply(path string) (id FileID, err error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return id, os.NewSyscallError("open", err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return id, os.NewSyscallError("fstat", err)
	}
	if f.UID >= 0 || f.GID >= 0 {
		if err := unix.Fchownat(fd, "", f.UID, f.GID, unix.AT_EMPTY_PATH); err != nil {
			return id, os.NewSyscallError("chown", err)
		}
	}
	if os.FileMode(st.Mode).Perm() != f.Mode.Perm() {
		if err := unix.Chmod("/proc/self/fd/"+strconv.Itoa(fd), uint32(f.Mode.Perm())); err != nil {
			return id, os.NewSyscallError("chmod", err)
		}
	}
	return fileID(&st), nil
}
