package web

import (
	"net"
	"testing"
)

// TestCloseAtOnce closes a server that is only beginning to answer, as when a program is stopped at
// its start. The race detector sees what this is about.
func TestCloseAtOnce(t *testing.T) {
	t.Parallel()
	for range 20 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := New(Config{Account: func() Account { return Account{} }})
		served := make(chan error)
		go func() { served <- s.Serve(l) }()
		if err := s.Close(t.Context()); err != nil {
			t.Errorf("Close: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}
