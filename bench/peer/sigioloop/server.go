// Package sigioloop is the contestant that this module is about: one sigio.Loop,
// and handlers as small as they can be.
package sigioloop

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

// Contestant takes every field of sigio.Options that is a number, a time or a
// switch as an option, by its name: sigio:spin=50us:batch=64.
var Contestant = peer.Contestant{
	Name:    "sigio",
	About:   "sigio.Loop, one thread; options are the fields of sigio.Options",
	Roles:   peer.LoopRoles,
	Serve:   serve,
	Package: "github.com/seed-067c1534/sigio/bench/peer/sigioloop",
}

func serve(c peer.Config) error {
	options, err := loopOptions(&c.Options)
	if err != nil {
		return err
	}
	loop, err := sigio.NewLoop(options)
	if err != nil {
		return err
	}
	switch c.Role {
	case peer.Dispatch:
		return dispatch(loop, &c.Options)
	case peer.EchoTCP, peer.SinkTCP:
		err = serveStreams(loop, c)
	default:
		err = serveDatagrams(loop, c)
	}
	if err != nil {
		return err
	}
	<-loop.Done()
	return loop.Err()
}

// loopOptions goes by reflection, so that an option that the engine gets can be
// measured without a change here.
func loopOptions(o *peer.Options) (sigio.Options, error) {
	var options sigio.Options
	v := reflect.ValueOf(&options).Elem()
	for i := range v.NumField() {
		field, name := v.Field(i), strings.ToLower(v.Type().Field(i).Name)
		switch {
		case field.Type() == reflect.TypeFor[time.Duration]():
			field.SetInt(int64(o.Duration(name, 0)))
		case field.CanInt():
			field.SetInt(int64(o.Int(name, 0)))
		case field.Kind() == reflect.Bool:
			field.SetBool(o.Bool(name, false))
		}
	}
	return options, o.Check()
}

// server is used by the loop's thread only.
type server struct {
	loop *sigio.Loop
	turn *service.Turn
}

// budget is how often a handler reads or accepts before others have their turn.
const budget = 16

func serveStreams(loop *sigio.Loop, c peer.Config) error {
	fd, err := service.Listen(c)
	if err != nil {
		return err
	}
	turn, err := service.NewTurn(c)
	if err != nil {
		return err
	}
	s := &server{loop: loop, turn: turn}
	_, err = loop.Watch(fd, sigio.HandlerFunc(s.accept))
	return err
}

// accept reads a connection before it watches it, which one that is over by then
// does not need.
func (s *server) accept(w *sigio.Watch, _ sigio.Event) sigio.Result {
	for range budget {
		fd := service.Accept(w.FD())
		if fd < 0 {
			return sigio.Drained
		}
		c := &conn{server: s}
		if s.turn.Begin(fd, &c.stream) == service.Over {
			service.Close(fd)
			continue
		}
		if _, err := s.loop.Watch(fd, c); err != nil {
			service.Fatal(fmt.Errorf("watch: %w", err))
		}
	}
	return sigio.More
}

type conn struct {
	server *server
	stream service.Stream
}

func (c *conn) Ready(w *sigio.Watch, ev sigio.Event) sigio.Result {
	for range budget {
		switch c.server.turn.Read(w.FD(), &c.stream) {
		case service.Empty:
			return sigio.Drained
		case service.Short:
			if ev.Short() {
				return sigio.Drained
			}
		case service.Over:
			w.Close()
			service.Close(w.FD())
			return sigio.Drained
		}
	}
	return sigio.More
}

func serveDatagrams(loop *sigio.Loop, c peer.Config) error {
	fd, err := service.Listen(c)
	if err != nil {
		return err
	}
	batch, err := service.NewBatch(c)
	if err != nil {
		return err
	}
	_, err = loop.Watch(fd, sigio.HandlerFunc(func(w *sigio.Watch, _ sigio.Event) sigio.Result {
		for range budget {
			if batch.Read(w.FD()) != service.Full {
				return sigio.Drained
			}
		}
		return sigio.More
	}))
	return err
}
