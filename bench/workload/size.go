package workload

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-067c1534/sigio/bench/arena"
	"github.com/seed-067c1534/sigio/bench/load"
	"github.com/seed-067c1534/sigio/bench/peer"
)

// sizeCases: the program that a contestant makes, without its symbols: for a
// library the same small server around it, for a command the command.
func sizeCases(Options) []Case {
	return []Case{{
		Name: "size", Group: "size", Peer: "net",
		Only:    func(c *peer.Contestant) bool { return c.Package != "" || c.Name == "serve" },
		Metrics: []Metric{{Key: "size", Title: "binary", Unit: Bytes, Less: true}},
		Run:     size,
	}}
}

const smallProgram = `package main

import (
	peer %q
	"github.com/seed-067c1534/sigio/bench/service"
)

func main() { service.Main(&peer.Contestant) }
`

func size(a *arena.Arena, e arena.Entry) (load.Metrics, error) {
	folder, err := os.MkdirTemp(a.Folder, "size-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	program := filepath.Join(folder, "program")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program)
	if e.Package == "" {
		cmd.Dir = a.Module
		cmd.Args = append(cmd.Args, "./cmd/sigio")
	} else {
		source := filepath.Join(folder, "main.go")
		if err := os.WriteFile(source, fmt.Appendf(nil, smallProgram, e.Package), 0o600); err != nil {
			return nil, err
		}
		cmd.Args = append(cmd.Args, source)
	}
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build: %w\n%s", err, out)
	}
	info, err := os.Stat(program)
	if err != nil {
		return nil, err
	}
	return load.Metrics{"size": float64(info.Size())}, nil
}
