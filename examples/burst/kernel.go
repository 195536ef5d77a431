//go:build linux

package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
)

// kernelAccount is what the kernel says of a server's socket from outside.
type kernelAccount struct {
	udp     bool
	dropped int // datagrams for which the receive buffer had no room
	queued  int // connections that nobody has accepted
}

// listening is TCP_LISTEN of include/net/tcp_states.h, as /proc/net/tcp writes it.
const listening = "0A"

// account finds the socket that is bound to address in the tables of proc(5),
// /proc/net/udp and tcp. These are not read in one piece: a row can be missed when
// others come and go meanwhile, so it looks more than once.
func account(address string) (kernelAccount, error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return kernelAccount{}, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return kernelAccount{}, err
	}
	local := fmt.Sprintf(":%04X", number)
	for range 20 {
		row := find("/proc/net/udp", func(row []string) bool { return strings.HasSuffix(row[1], local) })
		if row != nil {
			dropped, err := strconv.Atoi(row[12])
			return kernelAccount{udp: true, dropped: dropped}, err
		}
		row = find("/proc/net/tcp", func(row []string) bool { return strings.HasSuffix(row[1], local) && row[3] == listening })
		if row != nil {
			_, queue, _ := strings.Cut(row[4], ":") // of a listening socket: connections
			n, err := strconv.ParseInt(queue, 16, 32)
			return kernelAccount{queued: int(n)}, err
		}
	}
	return kernelAccount{}, fmt.Errorf("nothing in /proc/net is bound to %s", address)
}

// find returns the fields of the first line that fits. It reads no further: the
// listening sockets stand at the top of a table that may be very long.
func find(name string, fits func(row []string) bool) []string {
	f, err := os.Open(name)
	if err != nil {
		return nil // and found nowhere, which is reported
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		row := strings.Fields(lines.Text())
		if len(row) > 12 && row[0] != "sl" && fits(row) {
			return row
		}
	}
	return nil
}
