package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/internal/web"
	"github.com/seed-067c1534/sigio/receiver"
)

// accountText is the account on one line.
func accountText(s receiver.Stats) string {
	rejected := uint64(0)
	for _, n := range s.Rejected {
		rejected += n
	}
	text := fmt.Sprintf("received %d = delivered %d + rejected %d", s.Received, s.Delivered, rejected)
	if rejected > 0 {
		text += " (" + causes(s.Rejected) + ")"
	}
	if s.Pending > 0 {
		text += fmt.Sprintf(", pending %d", s.Pending)
	}
	return text + fmt.Sprintf("; the kernel dropped %d; signals %d, merged %d, overflows %d",
		s.KernelDrops, s.Signals.Received, s.Signals.Merged, s.Signals.Overflows)
}

// waitingText is what a terminal shows while nothing comes.
func waitingText(s receiver.Stats) string {
	text := fmt.Sprintf("waiting: received %d, %s open", s.Received, plural(int(s.Connections.Open), "connection"))
	if s.Pending > 0 {
		text += fmt.Sprintf(", pending %d", s.Pending)
	}
	if s.KernelDrops > 0 {
		text += fmt.Sprintf(", dropped by the kernel %d", s.KernelDrops)
	}
	return text
}

// listeners names the addresses.
func listeners(s receiver.Stats) string {
	var urls []string
	for _, l := range s.Listeners {
		if !l.Gone {
			urls = append(urls, l.Address)
		}
	}
	return strings.Join(urls, ", ")
}

// now is the account at this moment, which --stats writes and --http shows.
func (s *server) now() web.Account {
	return web.Account{At: time.Now(), Stats: s.receiver.Stats(), Outputs: s.outputs.account(), Spool: s.outputs.spoolAccount()}
}

// accountFile is where --stats wants the account, "" for nowhere.
type accountFile struct{ path string }

func newAccountFile(path string) *accountFile { return &accountFile{path} }

// write replaces the file in one step, so that nobody ever reads half of one. What
// is no regular file, such as a terminal, is written to in place.
func (f *accountFile) write(a web.Account) error {
	if f.path == "" {
		return nil
	}
	content, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(f.path, append(content, '\n')); err != nil {
		return fmt.Errorf("--stats %s: %w", f.path, bareCause(err))
	}
	return nil
}

func replace(path string, content []byte) error {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && !info.Mode().IsRegular():
		return os.WriteFile(path, content, 0o644)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(content)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err == nil {
		err = os.Rename(temporary.Name(), path)
	}
	if err != nil {
		os.Remove(temporary.Name())
	}
	return err
}
