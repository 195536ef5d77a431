// Package xnet is golang.org/x/net/ipv4, which takes many datagrams at once.
package xnet

import (
	"net"

	"golang.org/x/net/ipv4"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

var Contestant = peer.Contestant{
	Name:    "xnet",
	About:   "golang.org/x/net/ipv4 ReadBatch and WriteBatch",
	Roles:   []peer.Role{peer.EchoUDP, peer.SinkUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/xnet",
}

func serve(c peer.Config) error {
	if err := c.Options.Check(); err != nil {
		return err
	}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(c.Address))
	if err != nil {
		return err
	}
	if err := conn.SetReadBuffer(peer.ReceiveBuffer); err != nil {
		return err
	}
	batch := ipv4.NewPacketConn(conn)
	messages := make([]ipv4.Message, service.BatchSize)
	for i := range messages {
		messages[i].Buffers = [][]byte{make([]byte, service.SlotSize)}
	}
	if c.Role == peer.EchoUDP {
		return echo(batch, messages)
	}
	sink, err := service.OpenSink(c.File, c.Flush)
	if err != nil {
		return err
	}
	for {
		n, err := batch.ReadBatch(messages, 0)
		if err != nil {
			return err
		}
		sink.Begin()
		for i := range messages[:n] {
			sink.Line(messages[i].Buffers[0][:messages[i].N])
		}
		sink.End()
	}
}

func echo(batch *ipv4.PacketConn, messages []ipv4.Message) error {
	for {
		n, err := batch.ReadBatch(messages, 0)
		if err != nil {
			return err
		}
		for i := range messages[:n] {
			m := &messages[i]
			m.Buffers[0] = m.Buffers[0][:m.N]
		}
		for sent := 0; sent < n; {
			k, err := batch.WriteBatch(messages[sent:n], 0)
			if err != nil {
				return err
			}
			sent += k
		}
		for i := range messages[:n] {
			m := &messages[i]
			m.Buffers[0] = m.Buffers[0][:service.SlotSize]
		}
	}
}
