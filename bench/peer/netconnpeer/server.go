// Package netconnpeer is sigio's own net.Conn: the program of package stdnet, but for
// where the connections come from.
package netconnpeer

import (
	"context"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/peer/stdnet"
	"github.com/seed-067c1534/sigio/bench/service"
	"github.com/seed-067c1534/sigio/netconn"
)

var Contestant = peer.Contestant{
	Name:    "netconn",
	About:   "sigio's netconn, a goroutine for each connection",
	Roles:   []peer.Role{peer.EchoTCP, peer.EchoUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/netconnpeer",
}

// Network returns what listens, by the options loops and spin, which are the last ones.
func Network(o *peer.Options) (*netconn.Config, error) {
	loops := o.Int("loops", 1)
	options := sigio.Options{Spin: o.Duration("spin", 0)}
	if err := o.Check(); err != nil {
		return nil, err
	}
	group, err := sigio.NewGroup(loops, options)
	if err != nil {
		return nil, err
	}
	return &netconn.Config{Loops: group.Loops()}, nil
}

func serve(c peer.Config) error {
	network, err := Network(&c.Options)
	if err != nil {
		return err
	}
	if c.Role == peer.EchoUDP {
		return serveDatagrams(network, c.Address.String())
	}
	l, err := network.Listen(context.Background(), "tcp4", c.Address.String())
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go stdnet.Echo(conn)
	}
}

func serveDatagrams(network *netconn.Config, address string) error {
	packets, err := network.ListenPacket(context.Background(), "udp4", address)
	if err != nil {
		return err
	}
	conn := packets.(*netconn.UDPConn)
	if err := conn.SetReadBuffer(peer.ReceiveBuffer); err != nil {
		return err
	}
	buf := make([]byte, service.SlotSize)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		conn.WriteToUDPAddrPort(buf[:n], from) // a reply that is lost is the load's to notice
	}
}
