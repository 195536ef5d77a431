package receiver_test

import (
	"crypto/tls"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/receiver"
)

// The first address with TLS may come while others are being served. The worker for it comes
// along, and takes part in all that concerns workers.
func TestListenFirstTLS(t *testing.T) {
	eachWay(t, func(t *testing.T, c receiver.Config) {
		s := newSink()
		a := newAuthority(t)
		a.issue("server", "server")
		plain, gone, secret := "tcp://127.0.0.1:0", "udp://127.0.0.1:0", a.url("server", "")
		c.Listen = []string{plain, gone}
		r := start(t, s, c)
		send(t, dial(t, r, "tcp"), "before\n")
		send(t, dial(t, r, "udp"), "by UDP")
		awaitCount(t, s, 2)

		// What cannot be done leaves nothing behind that is in the way of what can.
		if _, err := r.Listen([]string{plain, secret, "unix:///proc/nowhere"}); err == nil || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("%v", err)
		}
		listen(t, r, plain, secret)
		for range 2 {
			conn, err := a.dial(r, new(tls.Config))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			send(t, conn, "by TLS\n")
		}
		send(t, dial(t, r, "tcp"), "after\n")
		awaitCount(t, s, 5)
		if err := r.Alive(t.Context()); err != nil {
			t.Error(err)
		}
		listen(t, r, plain)
		listen(t, r, plain, a.url("server", "&tls=1.3"), gone)
		conn, err := tls.Dial("tcp", living(r, "tls")[0], &tls.Config{RootCAs: a.pool, ServerName: "localhost"})
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		send(t, conn, "again\n")
		send(t, dialUDP(t, living(r, "udp")[0]), "and again")
		awaitCount(t, s, 7)
		stop(t, r) // and nothing is left, as TestMain finds
	})
}
