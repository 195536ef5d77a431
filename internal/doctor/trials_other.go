//go:build !linux

package doctor

import (
	"runtime"

	"github.com/seed-067c1534/sigio"
)

// trials has only one thing to try where there is no Linux kernel.
func trials() []Check {
	c := Check{Name: "system", Status: Fail, Value: runtime.GOOS, Fix: "run sigio on Linux"}
	loop, err := sigio.NewLoop(sigio.Options{})
	if err != nil {
		c.Meaning = "This system has no signal-driven I/O."
		return []Check{c}
	}
	loop.Close()
	c.Meaning = "The engine works here with plain SIGIO and poll. The sigio program needs Linux, whose signals say which descriptor is meant."
	return []Check{c}
}
