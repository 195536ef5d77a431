package command

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"

	"github.com/seed-067c1534/sigio/bench/peer"
)

// SyslogNG is syslog-ng, which keeps messages as they came.
var SyslogNG = peer.Contestant{
	Name:    "syslog-ng",
	About:   "syslog-ng with no-parse",
	Roles:   sinks,
	Missing: needs("syslog-ng"),
	Command: syslogNG,
}

const syslogNGConfig = `@version: %s
options { flush-lines(%d); log-fifo-size(1000000); stats-freq(0); use-dns(no); keep-hostname(yes); };
source in { network(ip("%s") port(%d) %s flags(no-parse)); };
destination out { file("%s" template("${MSG}\n")); };
log { source(in); destination(out); %s };
`

func syslogNG(c peer.Config) (peer.Program, error) {
	source, log := `transport("udp") so-rcvbuf(4194304) log-fetch-limit(10000) log-iw-size(1000000)`, ""
	if c.Role == peer.SinkTCP {
		source = `transport("tcp") max-connections(20000) listen-backlog(4096) log-iw-size(20000000) log-fetch-limit(1000)`
		log = "flags(flow-control);"
	}
	lines := 1000
	if c.Flush == 0 {
		lines = 1
	}
	config := format(syslogNGConfig, syslogNGVersion(), lines, c.Address.Addr(), c.Address.Port(), source, c.File, log)
	in := func(name string) string { return filepath.Join(c.Folder, name) }
	if err := os.WriteFile(in("syslog-ng.conf"), []byte(config), 0o600); err != nil {
		return peer.Program{}, err
	}
	return peer.Program{Path: "syslog-ng", Args: []string{
		"-F", "--no-caps", "-f", in("syslog-ng.conf"), "-R", in("persist"), "-p", in("pid"), "-c", in("control"),
	}}, c.Options.Check()
}

var configVersion = regexp.MustCompile(`Config version: ([0-9.]+)`)

// syslogNGVersion is the version of the configuration's language, which it wants
// to be named.
func syslogNGVersion() string {
	out, _ := exec.Command("syslog-ng", "--version").Output()
	if m := configVersion.FindSubmatch(out); m != nil {
		return string(m[1])
	}
	return "3.35"
}
