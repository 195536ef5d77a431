// Package stdnet is the net package, used as everybody uses it: a goroutine for
// each connection, and one for the datagrams.
package stdnet

import (
	"net"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

var Contestant = peer.Contestant{
	Name:    "net",
	About:   "the net package, a goroutine for each connection",
	Roles:   []peer.Role{peer.EchoTCP, peer.EchoUDP, peer.SinkTCP, peer.SinkUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/stdnet",
}

const (
	smallBuffer = 4 << 10  // of a connection
	largeBuffer = 64 << 10 // of one that has filled the small one
)

func serve(c peer.Config) error {
	if err := c.Options.Check(); err != nil {
		return err
	}
	var sink *service.Sink
	if c.Role == peer.SinkTCP || c.Role == peer.SinkUDP {
		var err error
		if sink, err = service.OpenSink(c.File, c.Flush); err != nil {
			return err
		}
	}
	if c.Role == peer.EchoUDP || c.Role == peer.SinkUDP {
		return serveDatagrams(c, sink)
	}
	l, err := net.Listen("tcp4", c.Address.String())
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		if sink != nil {
			go collect(conn, sink)
		} else {
			go Echo(conn)
		}
	}
}

// Echo sends back what comes on a connection, and closes it at the end.
func Echo(conn net.Conn) {
	defer conn.Close()
	buf := make([]byte, smallBuffer)
	for {
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		if _, err := conn.Write(buf[:n]); err != nil {
			return
		}
	}
}

func collect(conn net.Conn, sink *service.Sink) {
	defer conn.Close()
	var stream service.Stream
	buf := make([]byte, smallBuffer)
	for {
		n, err := conn.Read(buf)
		sink.Feed(&stream, buf[:n])
		if err != nil {
			sink.Finish(&stream)
			return
		}
		if n == smallBuffer {
			buf = make([]byte, largeBuffer)
		}
	}
}

func serveDatagrams(c peer.Config, sink *service.Sink) error {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(c.Address))
	if err != nil {
		return err
	}
	if err := conn.SetReadBuffer(peer.ReceiveBuffer); err != nil {
		return err
	}
	buf := make([]byte, service.SlotSize)
	for {
		n, from, err := conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return err
		}
		if sink == nil {
			conn.WriteToUDPAddrPort(buf[:n], from) // a reply that is lost is the load's to notice
			continue
		}
		sink.Begin()
		sink.Line(buf[:n])
		sink.End()
	}
}
