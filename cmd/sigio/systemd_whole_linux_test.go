package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wholeSettings uses what there is, in places that the unit gives the service.
const wholeSettings = `listen = ["systemd:messages", "udp://127.0.0.1:514?input=syslog", "tcp://127.0.0.1:7000", "tls://127.0.0.1:6514?cert=/etc/sigio/cert&key=/etc/sigio/key",
	"unix:///run/sigio/stream?mode=0666", "unixgram:///run/sigio/datagram?mode=0666"]
output = ["file:/var/lib/sigio/messages.log?rotate-size=1KB&keep=3&compress=gzip&fsync=always", "sqlite:/var/lib/sigio/messages.db?fsync=always"]
spool = "/var/lib/sigio/spool"
fsync = "always"
http = "unix:/run/sigio/http"
stats = "/run/sigio/account.json"
workers = 2
raise-limits = true
kernel-time = true
`

// The unit's confinement lets the service do everything that it can: each kind of input, with a
// port below 1024 and a key that only a group may read; files that are rotated and compressed, a
// database, a spool; the metrics; and SIGHUP.
func TestSystemdWhole(t *testing.T) {
	t.Parallel()
	files := shipped(t)
	files["/etc/sigio/sigio.toml"] = wholeSettings
	files["/etc/group"] = "root:x:0:\nnogroup:x:65534:\nkeys:x:200:\n"
	files["/etc/systemd/system/sigio.service.d/keys.conf"] = "[Service]\nSupplementaryGroups=keys\n"
	// A second socket at an address, for the second worker.
	files["/etc/systemd/system/sigio.socket.d/two.conf"] = "[Socket]\nReusePort=yes\nListenDatagram=8888\n"
	folder := t.TempDir()
	writeCertificate(t, folder, 1)
	for _, name := range []string{"cert", "key"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		files["/etc/sigio/"+name] = string(content)
	}
	m := startMachine(t, files)
	if out, err := m.command("sh", "-c", "chown root:keys /etc/sigio/key && chmod 640 /etc/sigio/key").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	m.must("start", "sigio.service")
	checkConfined(t, m)
	if passed := m.must("show", "sigio.socket", "--value", "--property=Listen"); strings.Count(passed, "Datagram") != 2 {
		t.Errorf("the sockets: %s", passed)
	}

	const each = 20
	want := 0
	send := func(text string) {
		t.Helper()
		var failed error
		err := m.inside(func() {
			for i := range each {
				failed = errors.Join(failed, m.sendToAll(fmt.Sprintf("%s %d, with so much text that the file has to be rotated again and again", text, i)))
			}
		})
		if err = errors.Join(err, failed); err != nil {
			t.Fatal(err)
		}
		want += each * len(wholeAddresses)
		waitUntil(t, fmt.Sprintf("%d messages", want), func() bool { return m.count(t) >= want })
	}
	send("first")
	m.must("reload", "sigio.service")
	waitUntil(t, "the reload", func() bool { return strings.Contains(m.read(serviceLog), "settings loaded") })
	send("second")
	if metrics := m.metrics(t); !strings.Contains(metrics, "\nsigio_spool_records") || !strings.Contains(metrics, "\nsigio_ready 1\n") {
		t.Errorf("metrics: %s", metrics)
	}
	m.must("stop", "sigio.service", "sigio.socket")
	out, err := m.command("sh", "-c", "ls /var/lib/sigio/ && sigio query sqlite:/var/lib/sigio/messages.db --text second --limit 1000 | wc -l").CombinedOutput()
	if err != nil || !strings.Contains(string(out), ".gz\n") || !strings.HasSuffix(string(out), fmt.Sprintf("\n%d\n", each*len(wholeAddresses))) {
		t.Errorf("%v: %s", err, out)
	}
	if result := m.property("Result"); result != "success" {
		t.Errorf("the end: %s", result)
	}
	if log := m.read(serviceLog); strings.Contains(log, "not permitted") || strings.Contains(log, "denied") {
		t.Errorf("something was not allowed:\n%s", log)
	}
}

// wholeAddresses are those of wholeSettings and of the socket unit.
var wholeAddresses = []string{
	"tcp://127.0.0.1:8888", "udp://127.0.0.1:8888", "udp://127.0.0.1:514", "tcp://127.0.0.1:7000", "tls://127.0.0.1:6514",
	"unix:///run/sigio/stream", "unixgram:///run/sigio/datagram",
}

// sendToAll sends text once to each address. It runs inside.
func (m *machine) sendToAll(text string) (all error) {
	for _, url := range wholeAddresses {
		network, address, _ := strings.Cut(url, "://")
		var conn net.Conn
		var err error
		switch network {
		case "tls":
			conn, err = tls.Dial("tcp", address, &tls.Config{InsecureSkipVerify: true})
		case "unix", "unixgram":
			conn, err = net.Dial(network, m.path(address))
		default:
			conn, err = net.Dial(network, address)
		}
		if err == nil {
			_, err = io.WriteString(conn, text)
			conn.Close()
		}
		if err != nil {
			all = errors.Join(all, fmt.Errorf("%s: %w", url, err))
		}
	}
	return all
}

// path is that of a file of the machine, as seen from here.
func (m *machine) path(inside string) string { return fmt.Sprintf("/proc/%d/root%s", m.pid, inside) }

// count asks the service for its account, and returns how many messages both outputs have written.
func (m *machine) count(t *testing.T) int {
	t.Helper()
	m.must("kill", "--signal=USR1", "--kill-who=main", "sigio.service")
	var account struct {
		Outputs []struct{ Written int }
	}
	if json.Unmarshal([]byte(m.read("/run/sigio/account.json")), &account) != nil || len(account.Outputs) < 2 {
		return 0
	}
	least := account.Outputs[0].Written
	for _, o := range account.Outputs {
		least = min(least, o.Written)
	}
	return least
}

func (m *machine) metrics(t *testing.T) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", m.path("/run/sigio/http"))
	}}}
	answer, err := client.Get("http://server/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
