//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// The statements in docs/outputs.md do what is said there.
func TestDocumentedStatements(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/outputs.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```sql\n(--.*?)```").FindSubmatch(page)
	if blocks == nil {
		t.Fatal("there are none")
	}
	s := openStore(t, filepath.Join(t.TempDir(), "messages.db"), Options{})
	now := int(time.Since(start) / time.Second)
	store(t, s, by(now-40*86400, "alice", "old"), by(now-86400, "alice", "new"), by(now, "bob", "newer"))
	rows := map[string]int{}
	err = sqlitex.ExecuteScript(s.conn, string(blocks[1]), &sqlitex.ExecOptions{
		ResultFunc: func(s *sqlite.Stmt) error { rows[s.GetText("user")]++; return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if rows["alice"] != 2 || rows["bob"] != 1 {
		t.Errorf("found %v", rows)
	}
	for _, table := range []string{"messages", "messages_time", "messages_user"} {
		if n := count(t, s.conn, "SELECT count(*) FROM "+table); n != 2 {
			t.Errorf("%d rows are left in %s, want 2", n, table)
		}
	}
}
