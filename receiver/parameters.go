package receiver

import (
	"fmt"
	"net/url"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"

	"github.com/seed-067c1534/sigio/internal/sys"
	"github.com/seed-067c1534/sigio/message"
)

// parameters are what stands behind the ? of a URL: name=value&name=value.
type parameters struct {
	framing, input         string // "" for that of Config
	iface                  string
	mode, owner            string
	cert, key, ca, version string // of TLS
}

// place returns where the value of a parameter is kept.
func (p *parameters) place(name string) *string {
	switch name {
	case "framing":
		return &p.framing
	case "input":
		return &p.input
	case "interface":
		return &p.iface
	case "mode":
		return &p.mode
	case "owner":
		return &p.owner
	case "cert":
		return &p.cert
	case "key":
		return &p.key
	case "client-ca":
		return &p.ca
	case "tls":
		return &p.version
	}
	return nil
}

// parse reads a query, which may have the parameters named.
func (p *parameters) parse(query string, names ...string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return fmt.Errorf("%v: want name=value&name=value behind the ?", err)
	}
	for name, list := range values {
		switch {
		case !slices.Contains(names, name):
			return fmt.Errorf("it has no parameter %q: want %s", name, strings.Join(names, ", "))
		case len(list) > 1:
			return fmt.Errorf("%s is there more than once", name)
		case list[0] == "":
			return fmt.Errorf("%s has no value", name)
		}
		*p.place(name) = list[0]
	}
	return p.check()
}

func (p *parameters) check() error {
	if p.framing != "" {
		if err := new(message.Framing).UnmarshalText([]byte(p.framing)); err != nil {
			return err
		}
	}
	if _, err := p.permissions(); err != nil {
		return err
	}
	if _, err := p.tlsVersion(); err != nil {
		return err
	}
	if p.cert == "" && (p.key != "" || p.ca != "" || p.version != "") {
		return fmt.Errorf("TLS wants a certificate: cert=FILE")
	}
	return nil
}

// permissions returns what the file of a Unix socket is to be like, but for its owner.
func (p *parameters) permissions() (sys.UnixFile, error) {
	f := sys.UnixFile{Mode: DefaultUnixMode, UID: -1, GID: -1}
	if p.mode == "" {
		return f, nil
	}
	n, err := strconv.ParseUint(p.mode, 8, 32)
	if err != nil || n > 0o777 {
		return f, fmt.Errorf("mode=%s: want permissions in octal, such as 0660", p.mode)
	}
	f.Mode = os.FileMode(n)
	return f, nil
}

// file is permissions with the owner, who is looked up.
func (p *parameters) file() (sys.UnixFile, error) {
	f, err := p.permissions()
	if err != nil || p.owner == "" {
		return f, err
	}
	name, group, _ := strings.Cut(p.owner, ":")
	if name != "" {
		if f.UID, err = strconv.Atoi(name); err != nil {
			u, err := user.Lookup(name)
			if err != nil {
				return f, fmt.Errorf("owner=%s: there is no user %s", p.owner, name)
			}
			f.UID, _ = strconv.Atoi(u.Uid)
		}
	}
	if group != "" {
		if f.GID, err = strconv.Atoi(group); err != nil {
			g, err := user.LookupGroup(group)
			if err != nil {
				return f, fmt.Errorf("owner=%s: there is no group %s", p.owner, group)
			}
			f.GID, _ = strconv.Atoi(g.Gid)
		}
	}
	return f, nil
}

// manner is how messages come at an address.
type manner struct {
	transport string
	framing   message.Framing
	parse     ParseFunc // nil for Message.Parse
	keys      *keys     // nil without TLS
}

// manner finds out what e and c together say.
func (c *Config) manner(e *endpoint) (*manner, error) {
	m := &manner{framing: c.Framing, transport: e.network.String()}
	if e.framing != "" {
		if err := m.framing.UnmarshalText([]byte(e.framing)); err != nil {
			return nil, err
		}
	}
	input := c.Input
	if e.input != "" {
		input = e.input
	}
	if input != "" && input != InputMessages {
		if m.parse = c.Inputs[input]; m.parse == nil {
			return nil, fmt.Errorf("sigio: cannot listen on %q: the input %q is not known: want %s", e.url, input, c.inputs())
		}
	}
	if e.cert != "" {
		var err error
		if m.keys, err = newKeys(e.parameters); err != nil {
			return nil, fmt.Errorf("sigio: cannot listen on %q: %w", e.url, err)
		}
		m.transport = "tls"
	}
	return m, nil
}

// inputs lists the names of inputs.
func (c *Config) inputs() string {
	names := []string{InputMessages}
	for name := range c.Inputs {
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(names, " or ")
}
