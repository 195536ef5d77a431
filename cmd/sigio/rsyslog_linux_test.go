package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
)

// jsonLines is an output that keeps each message as a line of JSON.
type jsonLines struct {
	mu   sync.Mutex
	list []string
}

func (l *jsonLines) Append(m *message.Message, r receiver.Receipt) bool {
	l.mu.Lock()
	l.list = append(l.list, string(message.AppendJSON(nil, m)))
	l.mu.Unlock()
	r.Delivered(1)
	return true
}

func (l *jsonLines) Room(f func()) { f() }

func (l *jsonLines) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list
}

// rsyslogModules returns the folder of rsyslogd's modules, where distributions have it, or where
// somebody has unpacked a package; "" for the one that the program itself knows.
func rsyslogModules() string {
	if folder := os.Getenv("RSYSLOG_MODDIR"); folder != "" {
		return folder
	}
	for _, base := range []string{"/usr", "/usr/local", "/opt/*", "/opt/*/usr"} {
		for _, lib := range []string{"lib/*", "lib*"} {
			found, _ := filepath.Glob(filepath.Join(base, lib, "rsyslog", "imuxsock.so"))
			if len(found) > 0 {
				return filepath.Dir(found[0])
			}
		}
	}
	return ""
}

// rsyslogd forwards what it gets at a Unix socket, by omfwd, in each of its ways.
func TestRsyslogForwards(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		t.Skip("rsyslogd is not installed")
	}
	out := new(jsonLines)
	r, err := receiver.New(receiver.Config{Output: out, Input: "syslog", Inputs: inputs, Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start(); err != nil {
		t.Fatal(err)
	}
	defer r.Shutdown(context.Background())
	_, udp, _ := net.SplitHostPort(strings.TrimPrefix(r.Stats().Listeners[0].Address, "udp://"))
	_, tcp, _ := net.SplitHostPort(strings.TrimPrefix(r.Stats().Listeners[1].Address, "tcp://"))
	dir := t.TempDir()
	config := fmt.Sprintf(`global(workDirectory="%[1]s")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="%[1]s/log" CreatePath="off")
action(type="omfwd" target="127.0.0.1" port="%[2]s" protocol="udp")
action(type="omfwd" target="127.0.0.1" port="%[2]s" protocol="udp" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" target="127.0.0.1" port="%[3]s" protocol="tcp")
action(type="omfwd" target="127.0.0.1" port="%[3]s" protocol="tcp" TCP_Framing="octet-counted" template="RSYSLOG_SyslogProtocol23Format")
action(type="omfwd" target="127.0.0.1" port="%[3]s" protocol="tcp" template="RSYSLOG_ForwardFormat")
`, dir, udp, tcp)
	if err := os.WriteFile(dir+"/conf", []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	cmd := exec.Command(path, "-n", "-f", dir+"/conf", "-i", dir+"/pid")
	cmd.Stdout, cmd.Stderr = &said, &said
	if folder := rsyslogModules(); folder != "" {
		cmd.Env = append(os.Environ(), "RSYSLOG_MODDIR="+folder)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait()
		close(ended)
	}()
	defer func() {
		cmd.Process.Kill()
		<-ended
	}()
	var log net.Conn
	sigtest.Until(t, "rsyslogd", func() bool {
		select {
		case <-ended:
			if strings.Contains(said.String(), "could not load module") {
				t.Skip("a part of rsyslogd is not installed")
			}
			t.Fatal(said.String())
		default:
		}
		log, err = net.Dial("unixgram", dir+"/log")
		return err == nil
	})
	defer log.Close()
	if _, err := log.Write([]byte("<30>Nov 24 18:00:00 tag[42]: forwarded five times")); err != nil {
		t.Fatal(err)
	}
	sigtest.Until(t, "five messages", func() bool { return len(out.all()) >= 5 })
	for _, line := range out.all() {
		for _, want := range []string{`"send_user":"tag"`, `forwarded five times"`, `"host":"`, `"pid":"42"`, `"facility":"daemon","severity":"info"`} {
			if !strings.Contains(line, want) {
				t.Errorf("%s is not in %s", want, line)
			}
		}
	}
}
