package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/netconn"
)

// start returns a Config with one loop, and what ends it.
func start() (*netconn.Config, func()) {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return &netconn.Config{Loops: []*sigio.Loop{loop}}, func() { loop.Close() }
}

// The loops are the program's own: they are closed after the connections.
func ExampleConfig() {
	group, err := sigio.NewGroup(2, sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer group.Close()
	network := netconn.Config{Loops: group.Loops(), Timeout: time.Second}

	l, err := network.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	conn, err := network.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddr().String() == l.Addr().String())
	// Output: true
}

// A server of net/http runs on the listener, and its client on DialContext.
func ExampleConfig_Listen() {
	network, stop := start()
	defer stop()
	l, err := network.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "woken by a signal")
	})}
	go server.Serve(l)
	defer server.Close()

	transport := &http.Transport{DialContext: network.DialContext}
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	response, err := client.Get("http://" + l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	// Output: woken by a signal <nil>
}

// Errors are those of package net.
func ExampleConfig_Dial() {
	network, stop := start()
	defer stop()
	_, err := network.Dial("unix", "/nobody/listens/here")
	fmt.Println(err)
	fmt.Println(errors.Is(err, syscall.ENOENT))
	// Output:
	// dial unix /nobody/listens/here: connect: no such file or directory
	// true
}

func ExampleConfig_DialContext() {
	network, stop := start()
	defer stop()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := network.DialContext(ctx, "tcp", "192.0.2.1:80")
	fmt.Println(err, errors.Is(err, context.Canceled))
	// Output: dial tcp 192.0.2.1:80: operation was canceled true
}

func ExampleConfig_ListenPacket() {
	network, stop := start()
	defer stop()
	p, err := network.ListenPacket(context.Background(), "udp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	p.WriteTo([]byte("to myself"), p.LocalAddr())
	buf := make([]byte, 64)
	n, from, err := p.ReadFrom(buf)
	fmt.Println(string(buf[:n]), from.String() == p.LocalAddr().String(), err)
	// Output: to myself true <nil>
}

// A connection of package net goes on as one of a loop's.
func ExampleConfig_FromConn() {
	network, stop := start()
	defer stop()
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	mine, err := network.FromListener(l)
	if err != nil {
		log.Fatal(err)
	}
	defer mine.Close()
	old, err := net.Dial("tcp", mine.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	conn, err := network.FromConn(old) // closes old
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	accepted, err := mine.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer accepted.Close()
	io.WriteString(conn, "hello")
	buf := make([]byte, 8)
	n, err := accepted.Read(buf)
	fmt.Printf("%s %v %T\n", buf[:n], err, conn)
	// Output: hello <nil> *netconn.TCPConn
}

// A listening socket goes to another process as a file, and becomes a listener there.
func ExampleConfig_FileListener() {
	network, stop := start()
	defer stop()
	l, err := network.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	f, err := l.(*netconn.Listener).File()
	if err != nil {
		log.Fatal(err)
	}
	l.Close()
	again, err := network.FileListener(f)
	if err != nil {
		log.Fatal(err)
	}
	defer again.Close()
	f.Close()
	fmt.Println(again.Addr().String() == l.Addr().String())
	// Output: true
}

// net.Buffers knows package net's own types only, so it is the connection that takes
// them.
func ExampleTCPConn_WriteBuffers() {
	network, stop := start()
	defer stop()
	l, err := network.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	a, err := network.Dial("tcp", l.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	parts := net.Buffers{[]byte("head "), []byte("and "), []byte("body")}
	n, err := a.(*netconn.TCPConn).WriteBuffers(&parts) // one system call
	a.Close()
	text, _ := io.ReadAll(b)
	fmt.Println(n, err, string(text))
	// Output: 13 <nil> head and body
}

// io.Copy moves a file to a connection inside the kernel.
func ExampleTCPConn_ReadFrom() {
	network, stop := start()
	defer stop()
	l, err := network.Listen(context.Background(), "tcp", "localhost:0")
	if err != nil {
		log.Fatal(err)
	}
	defer l.Close()
	f, err := os.Open("doc.go")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	go func() {
		a, err := network.Dial("tcp", l.Addr().String())
		if err != nil {
			log.Fatal(err)
		}
		defer a.Close()
		io.Copy(a, f)
	}()
	b, err := l.Accept()
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	text, err := io.ReadAll(b)
	fmt.Println(strings.HasPrefix(string(text), "// Package netconn"), err)
	// Output: true <nil>
}

// A deadline ends a read that waits.
func ExampleUnixConn() {
	network, stop := start()
	defer stop()
	p, err := network.ListenPacket(context.Background(), "unixgram", "@sigio-example")
	if err != nil {
		log.Fatal(err)
	}
	defer p.Close()
	p.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, _, err = p.(*netconn.UnixConn).ReadFrom(make([]byte, 8))
	fmt.Println(errors.Is(err, os.ErrDeadlineExceeded))
	// Output: true
}
