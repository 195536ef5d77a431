//go:build linux

package main

import (
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
// /proc/net/udp and tcp.
func account(address string) (k kernelAccount, err error) {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return k, err
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return k, err
	}
	local := fmt.Sprintf(":%04X", number)
	for _, row := range table("/proc/net/udp") {
		if strings.HasSuffix(row[1], local) {
			k.udp = true
			k.dropped, err = strconv.Atoi(row[12])
			return k, err
		}
	}
	for _, row := range table("/proc/net/tcp") {
		if strings.HasSuffix(row[1], local) && row[3] == listening {
			_, queue, _ := strings.Cut(row[4], ":") // of a listening socket: connections
			n, err := strconv.ParseInt(queue, 16, 32)
			k.queued = int(n)
			return k, err
		}
	}
	return k, fmt.Errorf("nothing in /proc/net is bound to %s", address)
}

// table returns the fields of each line but the first, which names them.
func table(name string) (rows [][]string) {
	text, _ := os.ReadFile(name) // what is missing is not found, which is reported
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); len(fields) > 12 && fields[0] != "sl" {
			rows = append(rows, fields)
		}
	}
	return rows
}
