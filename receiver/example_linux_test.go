package receiver_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

// printer is a simple Output: it has no buffer, so it is never full. A program that
// writes to what may be slow takes *output.Writer.
type printer struct{ printed chan struct{} }

func (p printer) Append(m *message.Message, r receiver.Receipt) bool {
	fmt.Printf("%s says %q by %s\n", m.User, m.Text, m.Transport)
	r.Delivered(1)
	p.printed <- struct{}{}
	return true
}

func (p printer) Room(f func()) { f() }

func Example() {
	out := printer{make(chan struct{}, 1)}
	r, err := receiver.New(receiver.Config{
		Listen: []string{"udp://localhost:0"}, // the kernel chooses a port
		Output: out,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := r.Start(); err != nil {
		fmt.Println(err)
		return
	}

	address := r.Stats().Listeners[0].Address // udp://127.0.0.1:...
	conn, err := net.Dial("udp", strings.TrimPrefix(address, "udp://"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprint(conn, `{"send_user":"ann","send_time":"2026-11-22 21:14:00","send_msg":"hello"}`)
	<-out.printed

	if err := r.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	s := r.Stats()
	fmt.Printf("received %d = delivered %d + rejected %v\n", s.Received, s.Delivered, s.Rejected)
	// Output:
	// ann says "hello" by udp
	// received 1 = delivered 1 + rejected map[]
}

// Lines of another kind become messages by a function of the program's own.
func ExampleParseFunc() {
	colon := func(m *message.Message, body []byte) {
		user, text, _ := bytes.Cut(body, []byte(": "))
		m.Parse(nil) // sets the rest
		m.User, m.Text, m.Body, m.Raw = user, text, body, false
	}
	out := printer{make(chan struct{}, 1)}
	r, err := receiver.New(receiver.Config{
		Listen: []string{"tcp://localhost:0"},
		Input:  "colon",
		Inputs: map[string]receiver.ParseFunc{"colon": colon},
		Output: out,
	})
	if err == nil {
		err = r.Start()
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Shutdown(context.Background())

	conn, err := net.Dial("tcp", strings.TrimPrefix(r.Stats().Listeners[0].Address, "tcp://"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	fmt.Fprintln(conn, "ann: hello")
	<-out.printed
	// Output:
	// ann says "hello" by tcp
}
