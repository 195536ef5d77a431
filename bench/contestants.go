package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/seed-067c1534/sigio/bench/arena"
	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/peer/cfloor"
	"github.com/seed-067c1534/sigio/bench/peer/command"
	"github.com/seed-067c1534/sigio/bench/peer/epoll"
	"github.com/seed-067c1534/sigio/bench/peer/gnetloop"
	"github.com/seed-067c1534/sigio/bench/peer/httpserver"
	"github.com/seed-067c1534/sigio/bench/peer/netconnpeer"
	"github.com/seed-067c1534/sigio/bench/peer/netpollloop"
	"github.com/seed-067c1534/sigio/bench/peer/rawsignal"
	"github.com/seed-067c1534/sigio/bench/peer/recvmmsg"
	"github.com/seed-067c1534/sigio/bench/peer/sigioloop"
	"github.com/seed-067c1534/sigio/bench/peer/stdnet"
	"github.com/seed-067c1534/sigio/bench/peer/uring"
	"github.com/seed-067c1534/sigio/bench/peer/xnet"
	"github.com/seed-067c1534/sigio/bench/workload"
)

var contestants = []*peer.Contestant{
	&sigioloop.Contestant, &netconnpeer.Contestant, &httpserver.Contestant,
	&stdnet.Contestant, &xnet.Contestant, &gnetloop.Contestant, &netpollloop.Contestant,
	&epoll.Contestant, &uring.Contestant, &recvmmsg.Contestant, &rawsignal.Contestant, &cfloor.Contestant,
	&command.Serve, &command.Rsyslog, &command.SyslogNG, &command.Socat,
}

// usual is who takes part unless --contestants says otherwise.
const usual = "sigio,sigio:spin=50us,netconn,net,xnet,gnet,netpoll,epoll,uring,recvmmsg,signal,c," +
	"serve,serve:format=json,rsyslog,syslog-ng,socat,http,http:on=netconn"

// entries finds the contestants of a list. What cannot run on this machine is told,
// and left out.
func entries(list string, tell io.Writer) (all []arena.Entry, err error) {
	for spec := range strings.SplitSeq(list, ",") {
		name, _, err := peer.Parse(spec)
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(contestants, func(c *peer.Contestant) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no contestant %q; see list", name)
		}
		if why := contestants[i].Reason(); why != "" {
			fmt.Fprintf(tell, "without %s: %s\n", spec, why)
			continue
		}
		all = append(all, arena.Entry{Spec: spec, Contestant: contestants[i]})
	}
	return all, nil
}

// list shows what there is.
func list(w io.Writer) {
	fmt.Fprintln(w, "contestants:")
	for _, c := range contestants {
		why := c.Reason()
		if why != "" {
			why = " (not here: " + why + ")"
		}
		fmt.Fprintf(w, "  %-10s %s%s\n", c.Name, c.About, why)
	}
	fmt.Fprintln(w, "workloads:")
	for _, c := range workload.All(workload.Options{}) {
		fmt.Fprintf(w, "  %s\n", c.Name)
	}
	fmt.Fprintln(w, "names for several:")
	for _, name := range slices.Sorted(maps.Keys(workload.Aliases)) {
		fmt.Fprintf(w, "  %-10s %s\n", name, strings.Join(workload.Aliases[name], ", "))
	}
}
