package output_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// One queue for each output: a disk that is slow does not make the terminal wait.
func ExampleFan() {
	folder, _ := os.MkdirTemp("", "fan")
	defer os.RemoveAll(folder)
	file, err := output.OpenFile(filepath.Join(folder, "messages.log"), output.FileOptions{RotateSize: 100 << 20, Keep: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	screen := output.NewWriter(os.Stdout, output.Options{Format: message.AppendRaw})
	disk := output.NewWriter(file, output.Options{Format: message.AppendRaw, Persist: true, DropOldest: true})

	out := output.NewFan(screen, disk)
	var account ledger
	var m message.Message
	m.Parse([]byte("to both"))
	out.Append(&m, &account)
	screen.Close(context.Background())
	disk.Close(context.Background())
	file.Close()

	kept, _ := os.ReadFile(filepath.Join(folder, "messages.log"))
	fmt.Printf("%d delivered, the file has %q\n", account.delivered, kept)
	// Output:
	// to both
	// 1 delivered, the file has "to both\n"
}

// A program that keeps a message's parts apart gets them as records.
func ExampleNextRecord() {
	var m message.Message
	m.Parse([]byte(`{"send_user":"ann","send_time":"2026-11-22 21:14:00","send_msg":"hello"}`))
	records := output.AppendRecord(nil, &m)
	m.Parse([]byte(`{"send_user":"bob","send_time":"2026-11-22 21:14:01","send_msg":"hello, ann"}`))
	records = output.AppendRecord(records, &m)

	for len(records) > 0 {
		var err error
		if records, err = output.NextRecord(records, &m); err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%s: %s\n", m.User, m.Text)
	}
	// Output:
	// ann: hello
	// bob: hello, ann
}
