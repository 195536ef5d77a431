package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/receiver"
)

// notifier tells the service manager about the state of the service, in datagrams
// (sd_notify(3)). Without a manager that wants to know, it does nothing.
type notifier struct {
	conn     *net.UnixConn
	watchdog time.Duration // the manager wants a sign of life within this; 0: it does not
}

// notifyPatience is how long a manager that does not read may hold things up. What it
// has not got by then it does not get: the service matters more.
const notifyPatience = time.Second

// newNotifier finds the manager by the environment.
func newNotifier(getenv func(string) string) *notifier {
	n := new(notifier)
	path := getenv("NOTIFY_SOCKET")
	if path == "" || path[0] != '/' && path[0] != '@' {
		return n // no socket of this machine
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return n
	}
	n.conn = conn
	// WATCHDOG_PID is there to tell a service from its children (sd_watchdog_enabled(3)).
	if pid := getenv("WATCHDOG_PID"); pid == "" || pid == strconv.Itoa(os.Getpid()) {
		if usec, err := strconv.ParseInt(getenv("WATCHDOG_USEC"), 10, 64); err == nil && usec > 0 {
			n.watchdog = time.Duration(usec) * time.Microsecond
		}
	}
	return n
}

func (n *notifier) wanted() bool { return n.conn != nil }

// tell sends assignments such as READY=1, all in one datagram.
func (n *notifier) tell(assignments ...string) {
	if n.conn == nil {
		return
	}
	n.conn.SetWriteDeadline(time.Now().Add(notifyPatience))
	n.conn.Write([]byte(strings.Join(assignments, "\n"))) // a manager that is gone is no reason to end
}

func (n *notifier) ready(status string)    { n.tell("READY=1", "STATUS="+status) }
func (n *notifier) stopping(status string) { n.tell("STOPPING=1", "STATUS="+status) }

// reloading comes before the ready that tells of its end.
func (n *notifier) reloading() {
	n.tell("RELOADING=1", "MONOTONIC_USEC="+strconv.FormatInt(sys.Monotonic().Microseconds(), 10))
}

func (n *notifier) status(text string) { n.tell("STATUS=" + text) }

// guard gives a sign of life, twice in the time that the manager allows, each time that
// alive says that there is life. It returns when ctx ends.
func (n *notifier) guard(ctx context.Context, alive func(context.Context) error, warn func(text string)) {
	if n.conn == nil || n.watchdog == 0 {
		return
	}
	tick := time.NewTicker(n.watchdog / 2)
	defer tick.Stop()
	for {
		patience, cancel := context.WithTimeout(ctx, n.watchdog/2)
		err := alive(patience)
		cancel()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil, errors.Is(err, net.ErrClosed): // what is left to do has a time of its own
			n.tell("WATCHDOG=1")
		default:
			warn("no sign of life for the watchdog: " + err.Error())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// statusEvery is how often the manager is told how things are.
const statusEvery = 5 * time.Second

// statusText is what systemctl status shows.
func statusText(s receiver.Stats) string {
	return "listening on " + listeners(s) + "; " + accountText(s)
}

// guard keeps the manager's watchdog quiet until the returned function is called.
func (s *server) guard(ctx context.Context) (end func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.notify.guard(ctx, s.receiver.Alive, s.warnings.add)
	}()
	return func() {
		cancel()
		<-done
	}
}

func (n *notifier) close() {
	if n.conn != nil {
		n.conn.Close()
	}
}
