// Package recvmmsg is a loop around recvmmsg(2) on a socket that blocks: what
// receiving datagrams costs at the least, with no notification at all.
package recvmmsg

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

var Contestant = peer.Contestant{
	Name:    "recvmmsg",
	About:   "a loop that blocks in recvmmsg",
	Roles:   []peer.Role{peer.EchoUDP, peer.SinkUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/recvmmsg",
}

func serve(c peer.Config) error {
	if err := c.Options.Check(); err != nil {
		return err
	}
	runtime.LockOSThread()
	fd, err := service.Listen(c)
	if err != nil {
		return err
	}
	if err := unix.SetNonblock(fd, false); err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	batch, err := service.NewBatch(c)
	if err != nil {
		return err
	}
	for {
		batch.Wait(fd)
	}
}
