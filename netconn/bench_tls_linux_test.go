package netconn_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/seed-067c1534/sigio/netconn"
)

// BenchmarkTLS writes to a peer that reads all, with crypto/tls alone and with TLSConn,
// on either package's connections. The peers are the same.
func BenchmarkTLS(b *testing.B) {
	clientConfig, serverConfig := tlsConfigs(b, tls.VersionTLS13)
	clients := []struct {
		name string
		make func(net.Conn) handshaker
	}{
		{"crypto", func(c net.Conn) handshaker { return tls.Client(c, clientConfig) }},
		{"TLSConn", func(c net.Conn) handshaker { return netconn.TLSClient(c, clientConfig) }},
	}
	for _, size := range []int{64, 16 << 10, 256 << 10} {
		for _, on := range []string{"net", "netconn"} {
			for _, client := range clients {
				b.Run(fmt.Sprintf("size=%d/%s/%s", size, on, client.name), func(b *testing.B) {
					x, y := below[on](b)
					c, peer := client.make(x), tls.Server(y, serverConfig)
					shakeHands(b, c, peer)
					go io.Copy(io.Discard, peer)
					message := make([]byte, size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if _, err := c.Write(message); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
