package output_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// ledger is the simplest Receipt: it counts.
type ledger struct{ delivered, lost int }

func (l *ledger) Delivered(n int)      { l.delivered += n }
func (l *ledger) Lost(n int, _ string) { l.lost += n }

func Example() {
	out := output.NewWriter(os.Stdout, output.Options{Format: message.AppendRaw})
	var account ledger
	var m message.Message
	for _, body := range []string{"first", "second"} {
		m.Parse([]byte(body))
		out.Append(&m, &account) // never waits, and keeps nothing of m
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := out.Close(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%d delivered, %d lost\n", account.delivered, account.lost)
	// Output:
	// first
	// second
	// 2 delivered, 0 lost
}

// A full buffer makes the source wait, not the Writer drop.
func ExampleWriter_Room() {
	out := output.NewWriter(os.Stdout, output.Options{Format: message.AppendRaw, Limit: 100})
	var m message.Message
	for i := range 5 {
		m.Parse(fmt.Appendf(nil, "message %d, of which only a few find room", i))
		for !out.Append(&m, nil) {
			room := make(chan struct{})
			out.Room(func() { close(room) })
			<-room // an event loop would stop reading from the source instead
		}
	}
	out.Close(context.Background())
	// Output:
	// message 0, of which only a few find room
	// message 1, of which only a few find room
	// message 2, of which only a few find room
	// message 3, of which only a few find room
	// message 4, of which only a few find room
}

// A pipe whose reader is gone is an end that the program can explain.
func ExampleWriter_Done() {
	r, w, _ := os.Pipe()
	r.Close()
	out := output.NewWriter(w, output.Options{})
	var account ledger
	out.Append(&message.Message{Text: []byte("nobody reads this")}, &account)
	<-out.Done()
	fmt.Println("the reader is gone:", errors.Is(out.Err(), syscall.EPIPE))
	out.Close(context.Background())
	fmt.Printf("%d delivered, %d lost\n", account.delivered, account.lost)
	// Output:
	// the reader is gone: true
	// 0 delivered, 1 lost
}
