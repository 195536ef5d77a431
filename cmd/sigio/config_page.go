package main

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// configExample is the file of settings in sigio.toml(5).
const configExample = `listen = [
    "udp://0.0.0.0:514",
    "tcp://0.0.0.0:514",
]
output = [
    "file:/var/lib/sigio/messages.log?rotate-size=100MB&keep=10",
    "sqlite:/var/lib/sigio/messages.db",
]
max-message = "8KiB"
idle-timeout = "1h"
drain-timeout = "20s"`

// configPage is the manual page of the file of settings. Its settings are the options of
// serve, so that none can be forgotten.
func configPage() []byte {
	cmd, _ := serveCommand()
	var b bytes.Buffer
	b.WriteString(".TH SIGIO.TOML 5 \"\" sigio \"File formats\"\n")
	b.WriteString(".SH NAME\nsigio.toml \\- settings of sigio serve\n")
	b.WriteString(".SH SYNOPSIS\n.B sigio serve \\-\\-config\n.I FILE\n")
	b.WriteString(".SH DESCRIPTION\n" + strings.ReplaceAll(roff(`The file is in TOML (https://toml.io), without tables. Each key is the name of an option of sigio serve, and takes what the option takes: a text, a number, true or false. An option that may be given several times takes a list. A key that is no option is an error.

A setting can be in three places. The command line goes before the environment, and that before the file. In the environment the name is in capitals with SIGIO_ in front, such as SIGIO_MAX_MESSAGE; one that is empty is none, and the values of a list stand between spaces. A variable that begins so and belongs to no setting is an error.

sigio serve --config FILE --check prints the settings that would hold and where each is from, or everything that is wrong, with the lines.`), "\n\n", "\n.PP\n") + "\n")
	b.WriteString(".SH RELOADING\n" + roff("At SIGHUP the file and the files of certificates are read again, and files that are written to are opened anew. An address that is still listed, in the same words, stays open with its connections; a new one is opened; one that is not listed any more is drained and closed. If anything is wrong, everything stays as it was. Beside "+
		enumerate(slices.Sorted(maps.Keys(reloadable)))+", which hold at once, other settings wait for the next start; a message names them.") + "\n")
	b.WriteString(".SH SETTINGS\n")
	settingFlags(cmd.Flags(), func(f *pflag.Flag) {
		_, text := describeOption(f)
		kind := ""
		if _, isList := f.Value.(pflag.SliceValue); isList {
			kind = " (a list)"
		}
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(f.Name)+kind, roff(text))
	})
	fmt.Fprintf(&b, ".SH EXAMPLE\n.nf\n%s\n.fi\n", roff(configExample))
	b.WriteString(".SH SEE ALSO\n.BR sigio\\-serve (1)\n")
	return b.Bytes()
}
