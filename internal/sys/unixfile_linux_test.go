package sys

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Of many that open a socket at one path at the same time, where a stale one is, one
// gets it, and it keeps it.
func TestUnixFileRace(t *testing.T) {
	t.Parallel()
	for range 30 {
		path := filepath.Join(t.TempDir(), "s")
		fd, err := ListenUnix(UnixStream, path, 0)
		must(t, err)
		_ = Close(fd)
		var all sync.WaitGroup
		var mu sync.Mutex
		var got []int
		var ids []FileID
		for range 8 {
			all.Go(func() {
				fd, id, err := ListenUnixFile(UnixStream, path, 0, UnixFile{Mode: 0o600, UID: -1, GID: -1})
				if err == nil {
					mu.Lock()
					got, ids = append(got, fd), append(ids, id)
					mu.Unlock()
				}
			})
		}
		all.Wait()
		if len(got) != 1 {
			t.Fatalf("%d have the socket", len(got))
		}
		if RemoveUnixFile(path, FileID{ids[0].Device, ids[0].Inode + 1}) {
			t.Error("removed what is somebody else's")
		}
		if !RemoveUnixFile(path, ids[0]) {
			t.Error("not removed")
		}
		if _, err := os.Lstat(path); err == nil {
			t.Error("it is still there")
		}
		_ = Close(got[0])
	}
}
