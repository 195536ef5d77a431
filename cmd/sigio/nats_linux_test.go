package main

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/seed-067c1534/sigio/internal/sigtest"
)

// natsServer is a nats-server in the test's process, which can be stopped and started again.
type natsServer struct {
	t       *testing.T
	options natsserver.Options
	running *natsserver.Server
}

// startNATS starts one, as change wants it.
func startNATS(t *testing.T, change ...func(*natsserver.Options)) *natsServer {
	t.Helper()
	address := netip.MustParseAddrPort(freePort(t))
	s := &natsServer{t: t, options: natsserver.Options{Host: "127.0.0.1", Port: int(address.Port()), JetStream: true,
		StoreDir: t.TempDir(), NoSigs: true, NoLog: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 4 << 30}}
	for _, f := range change {
		f(&s.options)
	}
	s.start()
	s.options.Port = s.running.Addr().(*net.TCPAddr).Port // change may want another
	t.Cleanup(s.stop)
	return s
}

// start returns when clients can connect.
func (s *natsServer) start() {
	s.t.Helper()
	options := s.options
	running, err := natsserver.NewServer(&options)
	if err != nil {
		s.t.Fatal(err)
	}
	go running.Start()
	if !running.ReadyForConnections(sigtest.Fatal) {
		s.t.Fatal("nats-server does not start")
	}
	s.running = running
}

// stop returns when it has ended, which it may have before.
func (s *natsServer) stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

func (s *natsServer) host() string { return fmt.Sprintf("127.0.0.1:%d", s.options.Port) }
