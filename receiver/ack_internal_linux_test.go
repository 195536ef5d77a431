package receiver

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
)

type delivered struct{}

func (delivered) Append(_ *message.Message, r Receipt) bool { r.Delivered(1); return true }
func (delivered) Room(f func())                             { f() }

// secured is a receiver with a connection over TLS that has had one acknowledgement and is in a message.
type secured struct {
	r      *Receiver
	c      *conn
	client *tls.Conn
}

func newSecured(t *testing.T) secured {
	t.Helper()
	a := sigtest.NewAuthority(t)
	cert, key := a.Issue("server", nil)
	r, err := New(Config{Output: delivered{}, Listen: []string{"tls://127.0.0.1:0?cert=" + cert + "&key=" + key},
		Loop: sigio.Options{Verify: time.Hour}}) // which would wake goroutines, too
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Shutdown(context.Background()) })
	content, _ := os.ReadFile(a.File)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(content)
	client, err := tls.DialWithDialer(&net.Dialer{Timeout: sigtest.Fatal}, "tcp", strings.TrimPrefix(r.Stats().Listeners[0].Address, "tls://"),
		&tls.Config{RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.NetConn().Close() })
	io.WriteString(client, AckRequest+"whole\nhal")
	for in := bufio.NewScanner(client); in.Scan() && in.Text() != "ack 1"; {
	}
	s := secured{r, nil, client}
	for _, w := range r.workers() {
		w.ackers.mu.Lock()
		for c := range w.ackers.all {
			s.c = c
		}
		w.ackers.mu.Unlock()
	}
	return s
}

// ends waits for the end of the connection, as of one that was cut.
func (s secured) ends(t *testing.T, whole uint64) {
	t.Helper()
	sigtest.Until(t, "the end of the connection", func() bool { return s.r.Stats().Connections.Closed[EndReset] == 1 })
	if st := s.r.Stats(); st.Rejected[CauseReset] != 1 || st.Delivered != whole {
		t.Errorf("%+v", st.Counts)
	}
}

// A record of TLS that could not be written whole leaves nothing that the peer could read, and package tls
// writes no more: the connection must not go on without acknowledgements. The kernel can be short of
// memory when poll(2) has just promised room; here its buffer is filled behind poll's back.
func TestConnectionEndsWithItsAcks(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	var err error
	for err == nil {
		_, err = sys.Send(int(s.c.fd), make([]byte, 1<<16))
	}
	if _, err := s.c.layer.tls.Write([]byte("x")); !errors.Is(err, syscall.EAGAIN) {
		t.Fatal(err)
	}
	io.WriteString(s.client, "f\nhal") // is delivered, and then to be acknowledged
	var reading sync.WaitGroup
	reading.Go(func() { io.Copy(io.Discard, s.client.NetConn()) })
	s.ends(t, 2)
	s.client.NetConn().Close()
	reading.Wait()
}

// Nothing else wakes the goroutine of a connection that is given up while it sleeps.
func TestGiveUpWakes(t *testing.T) {
	t.Parallel()
	s := newSecured(t)
	asleep := func() bool {
		s.c.l.w.conns.mu.Lock()
		defer s.c.l.w.conns.mu.Unlock()
		return !s.c.awake
	}
	sigtest.Until(t, "the goroutine to sleep", asleep)
	s.c.layer.giveUp()
	s.ends(t, 1)
}
