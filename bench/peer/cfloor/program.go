// Package cfloor measures the dispatch of signals in C.
package cfloor

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/seed-067c1534/sigio/bench/peer"
)

var Contestant = peer.Contestant{
	Name:    "c",
	About:   "the raw loop on signals in C, for dispatch",
	Roles:   []peer.Role{peer.Dispatch},
	Command: command,
	Missing: func() string {
		if _, err := exec.LookPath("gcc"); err != nil {
			return "gcc is not installed"
		}
		return ""
	},
}

// In a folder of its own, since a .c file beside this one is what
//
//go:embed source/dispatch.c
var source []byte

func command(c peer.Config) (peer.Program, error) {
	if err := c.Options.Check(); err != nil {
		return peer.Program{}, err
	}
	text, program := filepath.Join(c.Folder, "dispatch.c"), filepath.Join(c.Folder, "dispatch")
	if err := os.WriteFile(text, source, 0o600); err != nil {
		return peer.Program{}, err
	}
	if out, err := exec.Command("gcc", "-O2", "-o", program, text).CombinedOutput(); err != nil {
		return peer.Program{}, fmt.Errorf("gcc: %w\n%s", err, out)
	}
	return peer.Program{Path: program}, nil
}
