// Package httpserver is net/http, on connections of the net package or of netconn. It
// answers with what is behind the slash of the request.
package httpserver

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/netconn"
)

var Contestant = peer.Contestant{
	Name:  "http",
	About: "net/http; options: on=net|netconn, loops=N",
	Roles: []peer.Role{peer.HTTP},
	Serve: serve,
}

func serve(c peer.Config) error {
	on, loops := c.Options.Text("on", "net"), c.Options.Int("loops", 1)
	if err := c.Options.Check(); err != nil {
		return err
	}
	l, err := listen(on, loops, c.Address.String())
	if err != nil {
		return err
	}
	return (&http.Server{Handler: http.HandlerFunc(answer)}).Serve(l)
}

func listen(on string, loops int, address string) (net.Listener, error) {
	switch on {
	case "net":
		return net.Listen("tcp4", address)
	case "netconn":
		group, err := sigio.NewGroup(loops, sigio.Options{})
		if err != nil {
			return nil, err
		}
		network := netconn.Config{Loops: group.Loops()}
		return network.Listen(context.Background(), "tcp4", address)
	}
	return nil, fmt.Errorf("option on: %q is neither net nor netconn", on)
}

// answer sends headers that are the same each time: the load compares all bytes.
func answer(w http.ResponseWriter, r *http.Request) {
	body := r.URL.Path[1:]
	h := w.Header()
	h["Date"] = nil
	h.Set("Content-Type", "text/plain")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	io.WriteString(w, body)
}
