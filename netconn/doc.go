// Package netconn is the connections of package net on loops of package sigio:
// net.Conn, net.Listener and net.PacketConn whose goroutines are woken by I/O
// signals and not by the Go runtime's poller. What is written for package net runs
// on it: net/http, crypto/tls, net/rpc.
//
//	loop, err := sigio.NewLoop(sigio.Options{})
//	...
//	network := netconn.Config{Loops: []*sigio.Loop{loop}}
//	l, err := network.Listen(ctx, "tcp", "localhost:8080")
//	...
//	http.Serve(l, handler)
//
// # What is the same as in package net
//
// The networks tcp, udp, unix, unixgram and unixpacket, with tcp4, tcp6, udp4 and
// udp6; addresses, zones and abstract Unix names; deadlines, half close, defaults for
// keep-alive and TCP_NODELAY; the types and texts of errors (a *net.OpError around
// os.ErrDeadlineExceeded, net.ErrClosed, or an *os.SyscallError; io.EOF as it is); a
// Close that ends every Read, Write and Accept at once; splice(2) and sendfile(2)
// behind io.Copy.
//
// # What is not
//
//   - A listener speaks plain TCP. Package net's speaks Multipath TCP, which needs a
//     second kind of socket in the kernel and signals less.
//   - Dial tries the addresses of a name one after the other, each with its part of
//     the time that is left (the order is the resolver's, RFC 6724); it does not race
//     IPv6 against IPv4.
//   - net.Buffers knows package net's own types only. Use WriteBuffers for writev.
//   - There are no methods for out-of-band data; SyscallConn gives the descriptor.
//
// # TLS
//
// crypto/tls runs on these connections, and ends one whose write timed out, as it does
// on any. TLSClient and TLSServer make connections that go on after that.
//
// # How it works
//
// Every operation first tries the system call. Only when that says EAGAIN the
// descriptor is armed, once, on its loop, and the goroutine sleeps until there is a
// signal. A connection whose data is always there already costs no signal at all.
// Close disarms first and closes then, after the last operation has left, so that
// nobody uses a number that is somebody else's by then.
//
// # What must not be done
//
// No method that waits may be called on a loop's own thread (in a handler, or a
// function given to Post): it would wait for itself. The loops are the caller's:
// close them after the connections. When a loop ends, waits end with net.ErrClosed.
//
// On systems other than Linux every call returns errors.ErrUnsupported, except
// TLSClient, TLSServer and what belongs to them, which work on any net.Conn.
package netconn
