package main

import (
	"strings"
	"testing"
)

func TestPeerRates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]peerRate{
		"1000": {1000, 0}, "1000/s": {1000, 0}, "0.5/s,10": {0.5, 10}, "1e3,1": {1000, 1}, "": {},
	} {
		var r peerRate
		if err := r.Set(in); err != nil || r != want {
			t.Errorf("%s: %v, %v", in, r, err)
		}
		var again peerRate
		if err := again.Set(r.String()); err != nil || again != r {
			t.Errorf("%s is written %s", in, r.String())
		}
	}
	for _, in := range []string{"fast", "-1", "0", "1,", "1,0", "1,x", "1e10", "NaN", "1/m"} {
		if err := new(peerRate).Set(in); err == nil || !strings.Contains(err.Error(), "such as 1000") {
			t.Errorf("%s: %v", in, err)
		}
	}
}

func TestNetworks(t *testing.T) {
	t.Parallel()
	var n networks
	for _, text := range []string{"192.0.2.77/24", "2001:db8::1", "127.0.0.1", "::ffff:10.0.0.1"} {
		if err := n.Set(text); err != nil {
			t.Error(err)
		}
	}
	const want = "192.0.2.0/24 2001:db8::1/128 127.0.0.1/32 10.0.0.1/32"
	if n.String() != want {
		t.Errorf("%s, want %s", n.String(), want)
	}
	if err := n.Replace(strings.Fields(want)); err != nil || n.String() != want {
		t.Error(n, err)
	}
	for _, text := range []string{"", "localhost", "192.0.2.0/33"} {
		if err := n.Set(text); err == nil {
			t.Errorf("%q is a network", text)
		}
	}
}
