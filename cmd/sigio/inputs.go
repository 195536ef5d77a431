package main

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/receiver"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// inputs are the formats of --input besides the first.
var inputs = map[string]receiver.ParseFunc{"syslog": readSyslog}

// inputOptions are the options of serve about what comes in.
type inputOptions struct {
	framing, input string
	allow          networks
	rate           peerRate
	deadPeer       time.Duration
	kernelTime     bool
}

func (o *inputOptions) add(cmd *cobra.Command, f *pflag.FlagSet) {
	addChoice(cmd, f, &o.framing, "framing", "how a stream is divided; auto: as its first bytes say", message.FramingNames()...)
	addChoice(cmd, f, &o.input, "input", "what messages are: JSON and text, or syslog (RFC 5424, RFC 3164)", receiver.InputMessages, "syslog")
	f.Var(&o.allow, "allow", "take messages and connections from this network only; repeatable")
	f.Var(&o.rate, "rate-limit", "reject what an address sends beyond this in a second, and beyond BURST at once")
	addSpan(f, &o.deadPeer, "dead-peer-timeout", 0, "close a TCP connection whose peer does not answer for this `TIME` (without it, 5m if --idle-timeout does not close it)").least = 4 * time.Second
	f.BoolVar(&o.kernelTime, "kernel-time", false, "a datagram's received_at is when the kernel got it")
}

// configure says in c what o means.
func (o *inputOptions) configure(c *receiver.Config) {
	// A choice has no other names than these.
	_ = c.Framing.UnmarshalText([]byte(o.framing))
	c.Input, c.Inputs = o.input, inputs
	c.Allow = o.allow
	c.RateLimit, c.RateBurst = o.rate.perSecond, o.rate.burst
	c.DeadPeerTimeout = o.deadPeer
	c.KernelTime = o.kernelTime
}

// usesKeys says whether there are files of TLS, which SIGHUP reads anew.
func (o *serveOptions) usesKeys() bool {
	return slices.ContainsFunc(o.listen, func(url string) bool { return strings.Contains(url, "cert=") })
}

// networks is an option that may be given several times: 192.0.2.0/24, or one address.
type networks []netip.Prefix

func (n *networks) Type() string   { return "NETWORK" }
func (n *networks) String() string { return strings.Join(n.GetSlice(), " ") }
func (n *networks) Set(text string) error {
	p, err := netip.ParsePrefix(text)
	if a, errAddress := netip.ParseAddr(text); errAddress == nil {
		a = a.Unmap().WithZone("")
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if err != nil {
		return fmt.Errorf("want a network such as 192.0.2.0/24 or 2001:db8::/32, or an address")
	}
	*n = append(*n, p.Masked())
	return nil
}

// GetSlice returns the networks.
func (n *networks) GetSlice() (list []string) {
	for _, p := range *n {
		list = append(list, p.String())
	}
	return list
}

// Append adds a network.
func (n *networks) Append(text string) error { return n.Set(text) }

// Replace sets all of them.
func (n *networks) Replace(list []string) error {
	fresh := networks{}
	for _, text := range list {
		if err := fresh.Set(text); err != nil {
			return err
		}
	}
	*n = fresh
	return nil
}

var _ pflag.SliceValue = (*networks)(nil)

// peerRate is an option: messages in a second, and at once: 1000/s or 1000/s,5000.
type peerRate struct {
	perSecond float64
	burst     int
}

func (r *peerRate) Type() string { return "N/s[,BURST]" }
func (r *peerRate) String() string {
	switch {
	case r.perSecond == 0:
		return "" // none
	case r.burst == 0:
		return strconv.FormatFloat(r.perSecond, 'f', -1, 64) + "/s"
	}
	return strconv.FormatFloat(r.perSecond, 'f', -1, 64) + "/s," + strconv.Itoa(r.burst)
}

func (r *peerRate) Set(text string) error {
	if text == "" {
		*r = peerRate{}
		return nil
	}
	first, second, hasBurst := strings.Cut(text, ",")
	n, err := strconv.ParseFloat(strings.TrimSuffix(first, "/s"), 64)
	burst := 0
	if hasBurst && err == nil {
		burst, err = strconv.Atoi(second)
	}
	if err != nil || !(n >= 0.001 && n <= 1e9) || hasBurst && (burst < 1 || burst > 1e9) {
		return fmt.Errorf("want messages per second, such as 1000 or 0.5/s, and how many may come at once, such as 1000/s,5000")
	}
	*r = peerRate{n, burst}
	return nil
}
