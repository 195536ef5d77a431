// Package gnetloop is github.com/panjf2000/gnet/v2.
package gnetloop

import (
	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/logging"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

var Contestant = peer.Contestant{
	Name:    "gnet",
	About:   "github.com/panjf2000/gnet/v2; options: loops=N, edge=true",
	Roles:   []peer.Role{peer.EchoTCP, peer.EchoUDP, peer.SinkTCP, peer.SinkUDP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/gnetloop",
}

func serve(c peer.Config) error {
	options := []gnet.Option{
		gnet.WithReuseAddr(true), // or else a restart may find its address in use
		gnet.WithLogLevel(logging.ErrorLevel),
		gnet.WithNumEventLoop(c.Options.Int("loops", 1)),
		gnet.WithEdgeTriggeredIO(c.Options.Bool("edge", false)),
	}
	if err := c.Options.Check(); err != nil {
		return err
	}
	address := "tcp4://" + c.Address.String()
	if c.Role == peer.EchoUDP || c.Role == peer.SinkUDP {
		address = "udp4://" + c.Address.String()
		options = append(options, gnet.WithSocketRecvBuffer(peer.ReceiveBuffer))
	}
	var h gnet.EventHandler = new(echo)
	if c.Role == peer.SinkTCP || c.Role == peer.SinkUDP {
		sink, err := service.OpenSink(c.File, c.Flush)
		if err != nil {
			return err
		}
		if c.Role == peer.SinkUDP {
			h = &datagrams{sink: sink}
		} else {
			h = &streams{sink: sink}
		}
	}
	return gnet.Run(h, address, options...)
}

type echo struct{ gnet.BuiltinEventEngine }

func (*echo) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Next(-1)
	if err == nil {
		_, err = c.Write(data)
	}
	if err != nil {
		return gnet.Close
	}
	return gnet.None
}

type datagrams struct {
	gnet.BuiltinEventEngine
	sink *service.Sink
}

func (d *datagrams) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	d.sink.Begin()
	d.sink.Line(data)
	d.sink.End()
	return gnet.None
}

type streams struct {
	gnet.BuiltinEventEngine
	sink *service.Sink
}

func (s *streams) OnOpen(c gnet.Conn) ([]byte, gnet.Action) {
	c.SetContext(new(service.Stream))
	return nil, gnet.None
}

func (s *streams) OnTraffic(c gnet.Conn) gnet.Action {
	data, err := c.Next(-1)
	if err != nil {
		return gnet.Close
	}
	s.sink.Feed(c.Context().(*service.Stream), data)
	return gnet.None
}

func (s *streams) OnClose(c gnet.Conn, _ error) gnet.Action {
	stream := c.Context().(*service.Stream)
	if c.InboundBuffered() > 0 {
		if data, err := c.Next(-1); err == nil {
			s.sink.Feed(stream, data)
		}
	}
	s.sink.Finish(stream)
	return gnet.None
}
