package sender_test

import (
	"context"
	"fmt"
	"net"

	"github.com/seed-067c1534/sigio/internal/sender"
)

func Example() {
	server, _ := net.ListenPacket("udp", "127.0.0.1:0")
	defer server.Close()

	to, _ := sender.ParseURL("udp://" + server.LocalAddr().String())
	result, err := sender.Run(context.Background(), sender.Config{
		Target: to,
		User:   "ann",
		Text:   "hello",
		Number: true,
		Count:  3,
	})
	fmt.Println(err, result.Err())
	fmt.Println(result.Sent, "sent,", result.Failed, "failed")

	_, err = sender.ParseURL("localhost:8888")
	fmt.Println(err)
	// Output:
	// <nil> <nil>
	// 3 sent, 0 failed
	// sigio: target "localhost:8888" names no protocol: write udp://localhost:8888 or tcp://localhost:8888
}
