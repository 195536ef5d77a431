package netconn_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/seed-067c1534/sigio/netconn"
)

// A write that timed out is continued from where it ended.
func ExampleTLSConn() {
	network, stop := start()
	defer stop()
	cert, pool, err := newCertificate() // for 127.0.0.1
	if err != nil {
		log.Fatal(err)
	}
	l, err := network.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()

	read, received := make(chan bool), make(chan int64)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			log.Fatal(err)
		}
		server := netconn.TLSServer(conn, &tls.Config{Certificates: []tls.Certificate{cert}})
		defer server.Close()
		if err := server.Handshake(); err != nil {
			log.Fatal(err)
		}
		<-read // a server that is busy with something else
		n, err := io.Copy(io.Discard, server)
		if err != nil {
			log.Fatal(err)
		}
		received <- n
	}()

	conn, err := network.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	client := netconn.TLSClient(conn, &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"})
	if err := client.Handshake(); err != nil {
		log.Fatal(err)
	}
	data := make([]byte, 32<<20)
	client.SetWriteDeadline(time.Now().Add(10 * time.Millisecond))
	n, err := client.Write(data)
	fmt.Println("all:", n == len(data), "timed out:", errors.Is(err, os.ErrDeadlineExceeded))

	close(read)
	client.SetWriteDeadline(time.Time{})
	m, err := client.Write(data[n:])
	fmt.Println("all:", n+m == len(data), "error:", err)
	fmt.Println("closed:", client.Close())
	fmt.Println("received:", <-received == int64(len(data)))
	// Output:
	// all: false timed out: true
	// all: true error: <nil>
	// closed: <nil>
	// received: true
}
