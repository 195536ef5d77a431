package sys

import "golang.org/x/sys/unix"

// Kind tells what kind of socket fd is, and whether it listens (SO_DOMAIN, SO_TYPE,
// SO_PROTOCOL, SO_ACCEPTCONN, socket(7)). ENOTSOCK: it is none. EPROTONOSUPPORT: it
// is one of a kind that Network does not have.
func Kind(fd int) (n Network, listening bool, err error) {
	var values [4]int
	for i, option := range []int{unix.SO_DOMAIN, unix.SO_TYPE, unix.SO_PROTOCOL, unix.SO_ACCEPTCONN} {
		if values[i], err = getInt(fd, unix.SOL_SOCKET, option); err != nil {
			return 0, false, err
		}
	}
	listening = values[3] != 0
	unixSocket := values[0] == unix.AF_UNIX
	switch kind, protocol := values[1], values[2]; {
	case unixSocket && kind == unix.SOCK_STREAM:
		return UnixStream, listening, nil
	case unixSocket && kind == unix.SOCK_SEQPACKET:
		return UnixSeqpacket, listening, nil
	case unixSocket && kind == unix.SOCK_DGRAM:
		return UnixDatagram, listening, nil
	case protocol == unix.IPPROTO_TCP:
		return TCP, listening, nil
	case protocol == unix.IPPROTO_MPTCP:
		return MPTCP, listening, nil
	case protocol == unix.IPPROTO_UDP:
		return UDP, listening, nil
	}
	return 0, false, unix.EPROTONOSUPPORT
}
