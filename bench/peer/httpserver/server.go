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

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/peer/netconnpeer"
)

var Contestant = peer.Contestant{
	Name:  "http",
	About: "net/http; options: on=net|netconn, and those of netconn",
	Roles: []peer.Role{peer.HTTP},
	Serve: serve,
}

func serve(c peer.Config) error {
	l, err := listen(&c)
	if err != nil {
		return err
	}
	return (&http.Server{Handler: http.HandlerFunc(Answer)}).Serve(l)
}

func listen(c *peer.Config) (net.Listener, error) {
	switch on := c.Options.Text("on", "net"); on {
	case "net":
		if err := c.Options.Check(); err != nil {
			return nil, err
		}
		return net.Listen("tcp4", c.Address.String())
	case "netconn":
		network, err := netconnpeer.Network(&c.Options)
		if err != nil {
			return nil, err
		}
		return network.Listen(context.Background(), "tcp4", c.Address.String())
	default:
		return nil, fmt.Errorf("option on: %q is neither net nor netconn", on)
	}
}

// Answer sends headers that are the same each time: the load compares all bytes.
func Answer(w http.ResponseWriter, r *http.Request) {
	body := r.URL.Path[1:]
	h := w.Header()
	h["Date"] = nil
	h.Set("Content-Type", "text/plain")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	io.WriteString(w, body)
}
