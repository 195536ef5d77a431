package lease_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"strings"
	"syscall"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/lease"
)

// A program keeps a file's new contents in memory as long as nobody wants them.
func Example() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	file := create()
	defer os.Remove(file.Name())

	held, err := lease.Take(loop, file, lease.Write)
	if err != nil {
		log.Fatal(err)
	}
	defer held.Close()

	read := make(chan string)
	go func() { // as another process would
		text, _ := os.ReadFile(file.Name()) // sleeps in open(2)
		read <- string(text)
	}()

	wanted, err := held.Wait(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("it wants a lease of kind:", wanted.Wants)
	file.WriteString("what was in memory")
	fmt.Println("in time:", held.Release() == nil)
	fmt.Println("read:", <-read)
	// Output:
	// it wants a lease of kind: read
	// in time: true
	// read: what was in memory
}

// The holder of a write lease who has nothing to write back lets readers in and
// goes on: it is still told before anybody writes. Its file is open for reading only.
func ExampleLease_Downgrade() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	path := create()
	path.Close()
	defer os.Remove(path.Name())
	file, err := os.Open(path.Name())
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()

	held, err := lease.Take(loop, file, lease.Write)
	if err != nil {
		log.Fatal(err)
	}
	defer held.Close()

	in := make(chan *os.File)
	go func() {
		f, _ := os.Open(path.Name())
		in <- f
	}()
	wanted, _ := held.Wait(context.Background())
	if wanted.Wants == lease.Read {
		err = held.Downgrade()
	}
	reader := <-in
	fmt.Println(held.Kind(), err)
	reader.Close()
	// Output: read <nil>
}

// A lease that cannot be had says why.
func ExampleTake() {
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer loop.Close()
	file := create()
	defer os.Remove(file.Name())
	// A read lease is a promise that nobody writes, and this file could be written to.
	_, err = lease.Take(loop, file, lease.Read)
	fmt.Println(errors.Is(err, syscall.EAGAIN))
	fmt.Println(strings.ReplaceAll(err.Error(), file.Name(), "FILE"))
	// Output:
	// true
	// lease: take a read lease on FILE: it is open for writing here; open it for reading only: fcntl F_SETLEASE: resource temporarily unavailable
}

func create() *os.File {
	file, err := os.CreateTemp("", "lease-example-")
	if err != nil {
		log.Fatal(err)
	}
	return file
}
