package spool_test

import (
	"net"
	"testing"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/seed-067c1534/sigio/internal/jetstream"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
)

// TestRemoteStore keeps the messages of two receivers in one server, which is stopped and started
// again under load.
func TestRemoteStore(t *testing.T) {
	t.Parallel()
	o := server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(),
		NoSigs: true, NoLog: true, JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 4 << 30}
	start := func() *server.Server {
		c := o
		s, err := server.NewServer(&c)
		if err != nil {
			t.Fatal(err)
		}
		go s.Start()
		if !s.ReadyForConnections(sigtest.Fatal) {
			t.Fatal("no server")
		}
		return s
	}
	s := start()
	o.Port = s.Addr().(*net.TCPAddr).Port
	remote := jetstream.Options{Servers: "nats://" + s.Addr().String()}
	var a, b, c kept
	one := open(t, spool.Options{Remote: remote, Name: "one"}, &a, &b)
	two := open(t, spool.Options{Remote: remote, Name: "two"}, &c)
	const total = 60000
	done := make(chan struct{}, 2)
	go func() { one.give(0, total); done <- struct{}{} }()
	go func() { two.give(0, total); done <- struct{}{} }()
	for n := range int64(2) {
		sigtest.Until(t, "messages to be stored", func() bool { return one.tally.delivered.Load() > n*total/3 })
		s.Shutdown()
		s.WaitForShutdown()
		s = start()
	}
	<-done
	<-done
	one.end()
	two.end()
	s.Shutdown()
	wantAll(t, &a, total)
	wantAll(t, &b, total)
	wantAll(t, &c, total)
}
