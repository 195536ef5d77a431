// Package netpollloop is github.com/cloudwego/netpoll, which has no datagrams.
package netpollloop

import (
	"context"

	"github.com/cloudwego/netpoll"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

var Contestant = peer.Contestant{
	Name:    "netpoll",
	About:   "github.com/cloudwego/netpoll; option: pollers=N",
	Roles:   []peer.Role{peer.EchoTCP, peer.SinkTCP},
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/netpollloop",
}

type streamKey struct{}

func serve(c peer.Config) error {
	pollers := c.Options.Int("pollers", 1)
	if err := c.Options.Check(); err != nil {
		return err
	}
	if err := netpoll.Configure(netpoll.Config{PollerNum: pollers}); err != nil {
		return err
	}
	l, err := netpoll.CreateListener("tcp4", c.Address.String())
	if err != nil {
		return err
	}
	var loop netpoll.EventLoop
	if c.Role == peer.EchoTCP {
		loop, err = netpoll.NewEventLoop(echo)
	} else {
		loop, err = newSink(c)
	}
	if err != nil {
		return err
	}
	return loop.Serve(l)
}

func echo(_ context.Context, c netpoll.Connection) error {
	data, err := c.Reader().Next(c.Reader().Len())
	if err != nil {
		return err
	}
	if _, err := c.Writer().WriteBinary(data); err != nil {
		return err
	}
	// Release only afterwards: the writer may refer to the data until then.
	if err := c.Writer().Flush(); err != nil {
		return err
	}
	return c.Reader().Release()
}

func newSink(c peer.Config) (netpoll.EventLoop, error) {
	sink, err := service.OpenSink(c.File, c.Flush)
	if err != nil {
		return nil, err
	}
	feed := func(stream *service.Stream, c netpoll.Connection) error {
		data, err := c.Reader().Next(c.Reader().Len())
		if err != nil {
			return err
		}
		sink.Feed(stream, data)
		return c.Reader().Release()
	}
	// OnPrepare and not OnConnect, with which netpoll 0.7.2 can lose a connection
	// that is over at once, with its data.
	return netpoll.NewEventLoop(func(ctx context.Context, c netpoll.Connection) error {
		return feed(ctx.Value(streamKey{}).(*service.Stream), c)
	}, netpoll.WithOnPrepare(func(c netpoll.Connection) context.Context {
		stream := new(service.Stream)
		c.AddCloseCallback(func(c netpoll.Connection) error {
			if c.Reader().Len() > 0 {
				feed(stream, c)
			}
			sink.Finish(stream)
			return nil
		})
		return context.WithValue(context.Background(), streamKey{}, stream)
	}))
}
