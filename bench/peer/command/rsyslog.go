package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-067c1534/sigio/bench/peer"
)

var format = fmt.Sprintf

// Rsyslog is rsyslogd with imudp and imptcp, or imtcp if asked. Imptcp drops a last
// message without a newline, so it gets one.
var Rsyslog = peer.Contestant{
	Name:    "rsyslog",
	About:   "rsyslogd; option: input=imptcp|imtcp",
	Roles:   sinks,
	Newline: []peer.Role{peer.SinkTCP},
	Missing: needs("rsyslogd"),
	Command: rsyslog,
}

const rsyslogConfig = `global(workDirectory="%[1]s" maxMessageSize="64k" net.enableDNS="off")
template(name="line" type="string" string="%%rawmsg%%\n")
ruleset(name="file" queue.type="FixedArray" queue.size="250000" queue.dequeueBatchSize="4096" queue.workerThreads="1") {
	action(type="omfile" file="%[2]s" template="line" ioBufferSize="256k" flushOnTXEnd="on")
}
`

func rsyslog(c peer.Config) (peer.Program, error) {
	ip, port := c.Address.Addr(), c.Address.Port()
	config := format(rsyslogConfig, c.Folder, c.File)
	switch input := c.Options.Text("input", "imptcp"); {
	case c.Role == peer.SinkUDP:
		config += format("module(load=\"imudp\" batchSize=\"128\" threads=\"1\" timeRequery=\"128\")\n"+
			"input(type=\"imudp\" address=\"%s\" port=\"%d\" ruleset=\"file\" rcvbufSize=\"%d\")\n", ip, port, peer.ReceiveBuffer)
	case input == "imptcp":
		config += format("module(load=\"imptcp\" threads=\"1\")\n"+
			"input(type=\"imptcp\" address=\"%s\" port=\"%d\" ruleset=\"file\" socketBacklog=\"4096\")\n", ip, port)
	case input == "imtcp":
		config += format("module(load=\"imtcp\" maxSessions=\"20000\")\n"+
			"input(type=\"imtcp\" address=\"%s\" port=\"%d\" ruleset=\"file\")\n", ip, port)
	default:
		return peer.Program{}, fmt.Errorf("input %s: want imptcp or imtcp", input)
	}
	file := filepath.Join(c.Folder, "rsyslog.conf")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return peer.Program{}, err
	}
	args := []string{"-n", "-f", file, "-i", filepath.Join(c.Folder, "rsyslog.pid")}
	if modules := rsyslogModules(); modules != "" {
		args = append(args, "-M", modules)
	}
	return peer.Program{Path: "rsyslogd", Args: args}, c.Options.Check()
}

// rsyslogModules finds the modules beside the program, for one that is unpacked
// somewhere because Debian does not install it together with syslog-ng.
func rsyslogModules() string {
	path, err := exec.LookPath("rsyslogd")
	if err != nil {
		return ""
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return ""
	}
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "../lib/*/rsyslog"))
	if len(found) == 0 {
		return ""
	}
	return found[0]
}
