package netconn_test

import (
	"net"
	"testing"
)

func init() {
	below["netconn"] = func(t testing.TB) (a, b net.Conn) { return pair(t, newConfig(t), "tcp") }
}
