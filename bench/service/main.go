package service

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/seed-067c1534/sigio/bench/peer"
)

// Order is peer.Config in the form in which it is passed on to a server's process.
type Order struct {
	Spec    string
	Role    peer.Role
	Address string
	File    string
	Flush   time.Duration
	Folder  string
	Sigio   string
}

// Config returns the order in the form that a contestant gets.
func (o Order) Config() (peer.Config, error) {
	_, options, err := peer.Parse(o.Spec)
	if err != nil {
		return peer.Config{}, err
	}
	address, err := netip.ParseAddrPort(o.Address)
	return peer.Config{
		Role: o.Role, Address: address, File: o.File, Flush: o.Flush, Folder: o.Folder, Sigio: o.Sigio, Options: options,
	}, err
}

// Main is the program of a server's process: the order is its last argument. It
// chooses among contestants by the name in the order.
func Main(contestants ...*peer.Contestant) {
	if err := serve(contestants); err != nil {
		Fatal(err)
	}
}

func serve(contestants []*peer.Contestant) error {
	var o Order
	if err := json.Unmarshal([]byte(os.Args[len(os.Args)-1]), &o); err != nil {
		return fmt.Errorf("the order: %w", err)
	}
	config, err := o.Config()
	if err != nil {
		return err
	}
	name, _, _ := peer.Parse(o.Spec)
	for _, c := range contestants {
		if c.Name != name {
			continue
		}
		err := c.Serve(config)
		if err == nil && o.Role != peer.Dispatch {
			err = errors.New("the server came to an end")
		}
		return err
	}
	return fmt.Errorf("there is no contestant %s here", name)
}
