package sys

import (
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// OpenPTY makes a pseudoterminal, pty(7): what is written to master is typed
// on slave. The slave starts in canonical mode with echo, as a login terminal
// does. Neither becomes the process's controlling terminal. The caller owns both.
func OpenPTY() (master, slave int, err error) {
	master, err = Open("/dev/ptmx", os.O_RDWR)
	if err != nil {
		return -1, -1, err
	}
	slave, err = openSlave(master)
	if err != nil {
		_ = Close(master)
		return -1, -1, err
	}
	return master, slave, nil
}

func openSlave(master int) (int, error) {
	number, err := unix.IoctlGetUint32(master, unix.TIOCGPTN)
	if err != nil {
		return -1, os.NewSyscallError("ioctl", err)
	}
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return -1, os.NewSyscallError("ioctl", err)
	}
	return Open("/dev/pts/"+strconv.FormatUint(uint64(number), 10), os.O_RDWR)
}

// SetRaw switches a terminal from lines to single bytes: no echo, no editing,
// no signals from keys (cfmakeraw of termios(3), input side).
func SetRaw(fd int) error {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return os.NewSyscallError("ioctl", err)
	}
	t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
	return os.NewSyscallError("ioctl", unix.IoctlSetTermios(fd, unix.TCSETS, t))
}
