package netconn_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/tls"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/seed-067c1534/sigio/netconn"
)

// updater is a client that asks for new keys, which crypto/tls cannot be made to do.
// The handshake and reading are crypto/tls's, what is written is encrypted here.
type updater struct {
	*tls.Conn
	wire     net.Conn
	secret   []byte
	aead     cipher.AEAD
	iv       []byte
	sequence uint64
}

const recordHandshake, recordData = 22, 23 // RFC 8446, 5.1

func (u *updater) setSecret(secret []byte) {
	u.secret, u.sequence = secret, 0
	block, err := aes.NewCipher(expand(secret, "key", 16))
	if err != nil {
		panic(err)
	}
	if u.aead, err = cipher.NewGCM(block); err != nil {
		panic(err)
	}
	u.iv = expand(secret, "iv", 12)
}

// expand is HKDF-Expand-Label without a context (RFC 8446, 7.1).
func expand(secret []byte, label string, length int) []byte {
	label = "tls13 " + label
	info := string([]byte{byte(length >> 8), byte(length), byte(len(label))}) + label + "\x00"
	key, err := hkdf.Expand(sha256.New, secret, info, length)
	if err != nil {
		panic(err)
	}
	return key
}

// record encrypts one (RFC 8446, 5.2).
func (u *updater) record(kind byte, content ...byte) []byte {
	nonce := bytes.Clone(u.iv)
	binary.BigEndian.PutUint64(nonce[4:], binary.BigEndian.Uint64(nonce[4:])^u.sequence)
	u.sequence++
	inner := append(bytes.Clone(content), kind)
	header := []byte{recordData, 3, 3, 0, byte(len(inner) + u.aead.Overhead())}
	return u.aead.Seal(header, nonce, inner, header)
}

// update says that new keys follow and asks for the same (RFC 8446, 4.6.3).
func (u *updater) update() []byte {
	message := u.record(recordHandshake, 24, 0, 0, 1, 1)
	u.setSecret(expand(u.secret, "traffic upd", sha256.Size))
	return message
}

func (u *updater) send(t *testing.T, records ...[]byte) {
	if _, err := u.wire.Write(bytes.Join(records, nil)); err != nil {
		t.Error(err)
	}
}

// newUpdater returns a TLSConn that is the server, with its client. The next write to
// the connection below ends with what is sent to fails.
func newUpdater(t *testing.T) (c *netconn.TLSConn, client *updater, fails chan<- error) {
	clientConfig, serverConfig := tlsConfigs(t, tls.VersionTLS13)
	var log bytes.Buffer
	clientConfig.KeyLogWriter = &log
	a, b := net.Pipe()
	t.Cleanup(func() { a.Close(); b.Close() })
	below := &failing{a, make(chan error, 1)}
	c = netconn.TLSServer(below, serverConfig)
	client = &updater{Conn: tls.Client(b, clientConfig), wire: b}
	shakeHands(t, c, client)
	if suite := client.ConnectionState().CipherSuite; suite != tls.TLS_AES_128_GCM_SHA256 {
		t.Skip("without AES in hardware the suite is ", tls.CipherSuiteName(suite))
	}
	_, line, _ := strings.Cut(log.String(), "CLIENT_TRAFFIC_SECRET_0 ")
	secret, err := hex.DecodeString(strings.Fields(line)[1])
	if err != nil {
		t.Fatal(err)
	}
	client.setSecret(secret)
	return c, client, below.fails
}

// A Read that has to answer does not wait when the write deadline has passed, and the
// answer is sent in its turn.
func TestTLSKeyUpdate(t *testing.T) {
	t.Parallel()
	t.Run("behind a rest", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, client, _ := newUpdater(t)
			c.SetWriteDeadline(time.Now().Add(time.Second))
			if n, err := c.Write([]byte("before")); n != 6 || err != nil {
				t.Fatalf("Write: %d, %v", n, err)
			}
			for range 3 {
				go client.send(t, client.update(), client.record(recordData, []byte("new")...))
				takes(t, 0, func() { reads(t, c, []byte("new")) })
			}
			timesOut(t, c, 3)
			c.SetWriteDeadline(time.Time{})
			go c.Write([]byte("after"))
			reads(t, client, []byte("before"))
			reads(t, client, []byte("after"))
		})
	})
	t.Run("past the deadline", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, client, _ := newUpdater(t)
			c.SetWriteDeadline(time.Now())
			go client.send(t, client.update(), client.record(recordData, []byte("new")...))
			takes(t, 0, func() { reads(t, c, []byte("new")) })
			timesOut(t, c, 3)
			c.SetWriteDeadline(time.Time{})
			go c.Write([]byte("after"))
			reads(t, client, []byte("after"))
		})
	})
	t.Run("after the end", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, client, _ := newUpdater(t)
			go c.CloseWrite()
			readsEnd(t, client)
			synctest.Wait()
			go client.send(t, client.update(), client.record(recordData, []byte("new")...))
			takes(t, 0, func() { reads(t, c, []byte("new")) })
		})
	})
	t.Run("into nowhere", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c, client, fails := newUpdater(t)
			go c.Write([]byte("before"))
			reads(t, client, []byte("before"))
			synctest.Wait()
			fails <- io.ErrShortWrite
			for range 2 {
				go client.send(t, client.update(), client.record(recordData, []byte("new")...))
				reads(t, c, []byte("new"))
			}
			for range 2 {
				if n, err := c.Write([]byte("after")); n != 0 || err != io.ErrShortWrite {
					t.Errorf("Write: %d, %v", n, err)
				}
			}
		})
	})
}

// Who asks again and again without reading the answers does not fill the memory:
// writing has an error then, and reading goes on.
func TestTLSKeyUpdatesWithoutEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, client, _ := newUpdater(t)
		c.SetWriteDeadline(time.Now())
		const rounds = 300
		go func() {
			for range rounds {
				var records [][]byte
				for range 10 { // crypto/tls ends what goes on like this without any data
					records = append(records, client.update())
				}
				client.send(t, append(records, client.record(recordData, 'x'))...)
			}
		}()
		reads(t, c, bytes.Repeat([]byte{'x'}, rounds))
		c.SetWriteDeadline(time.Time{})
		takes(t, 0, func() {
			if n, err := c.Write([]byte("more")); n != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Write: %d, %v", n, err)
			}
		})
		go c.Close()
		if n, err := io.Copy(io.Discard, client.wire); err != nil || n == 0 || n > 64<<10 {
			t.Errorf("%d bytes were kept for the client, %v", n, err)
		}
	})
}

// Close ends in time also if a Read waits with an answer, which for crypto/tls keeps
// the right to write.
func TestTLSCloseEndsAnswer(t *testing.T) {
	t.Parallel()
	c, client, _ := newUpdater(t)
	c.SetCloseLimit(20 * time.Millisecond)
	read := make(chan error)
	go func() { _, err := c.Read(make([]byte, 1)); read <- err }()
	client.send(t, client.update())
	closed := make(chan error)
	go func() { closed <- c.Close() }()
	for range 2 {
		select {
		case err := <-closed:
			if err == nil {
				t.Error("Close has no error")
			}
		case err := <-read:
			if err == nil {
				t.Error("Read has no error")
			}
		case <-time.After(20 * time.Second):
			t.Fatal("Close or Read goes on")
		}
	}
}
