// Package examples holds whole small programs, one lesson each.
//
//	udpserver   the smallest UDP server: one signal, many datagrams
//	tcpserver   a TCP server in one thread, done right
//	goroutines  the same with a goroutine for each connection, which sleeps
//	terminal    a terminal or a pipe, read by signals
//	httpserver  net/http on signals
//	tlsecho     TLS on signals, both ends
//	killer      a daemon that says who ended it
//	queuejob    a job that takes numbers from other processes by signals
//	inotify     what happens to the files in a directory
//	lease       a file that is written when somebody opens it, not before
//	tun         a network interface, and what is sent to it
//	profiler    samples one of its threads by a performance counter
//
// Three more belong to docs/why-the-single-threaded-server-loses.md:
//
//	naive       the servers that lose, on purpose
//	halfway     two repairs that nearly work
//	burst       sends the same burst to all of them and counts
//
// Each is run like this, from anywhere in the module:
//
//	go run ./examples/udpserver localhost:8888
//
// The servers use package net to open and bind a socket, because it understands
// names and both versions of IP, and then read from the descriptor itself. The
// methods of net.Conn would not do in a handler: when nothing is there they make
// the goroutine wait, and with it the loop's thread. A handler needs a call that
// says EAGAIN instead.
package examples
