//go:build 386 || amd64 || arm || arm64 || loong64 || ppc64le || riscv64 || s390x

package sqlite

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
)

// chunkSpan is how far the times of arrival in a chunk may be from one another, whatever the clock
// does. So what is in one is known from its latest.
const chunkSpan = int64(time.Second)

// postingIDs is how many messages a posting has at most: who wants a user's last is to read little.
const postingIDs = 256

// index writes the indexes, a chunk at a time. A chunk is messages of one transaction, with ids in a
// row, that arrived within chunkSpan. It is one row of messages_time and one of messages_user for
// each of its users, or more for those with many messages. So the indexes cost next to nothing
// when there is much to do, and what they would cost otherwise when there is little or when every
// message has another user.
type index struct {
	first, last      int64 // ids; none yet if first is 0
	earliest, latest int64
	postings         []posting // of the chunk's users; capacity and buffers are kept
	byUser           map[string]int

	insertTime, insertUser *sqlite.Stmt
}

// posting is a row of messages_user.
type posting struct {
	user          string
	first, latest int64
	ids           []byte // without the closing bracket
	count         int
}

func newIndex(c *sqlite.Conn) (*index, error) {
	x := &index{byUser: map[string]int{}}
	var err error
	if x.insertTime, _, err = c.PrepareTransient("INSERT INTO messages_time VALUES (?, ?, ?)"); err != nil {
		return nil, err
	}
	x.insertUser, _, err = c.PrepareTransient("INSERT INTO messages_user VALUES (?, ?, ?, ?)")
	return x, err
}

func (x *index) close() {
	x.insertTime.Finalize()
	x.insertUser.Finalize()
}

// add notes a message; id is by one higher than the last one's.
func (x *index) add(user []byte, id, at int64) error {
	if x.first != 0 && max(x.latest, at)-min(x.earliest, at) > chunkSpan {
		if err := x.flush(); err != nil {
			return err
		}
	}
	if x.first == 0 {
		x.first, x.earliest, x.latest = id, at, at
	}
	x.last, x.earliest, x.latest = id, min(x.earliest, at), max(x.latest, at)
	n, ok := x.byUser[string(user)]
	if !ok {
		n = len(x.postings)
		x.postings = slices.Grow(x.postings, 1)[:n+1]
		x.postings[n].user, x.postings[n].count = string(user), 0
		x.byUser[x.postings[n].user] = n
	}
	p := &x.postings[n]
	p.add(id, at)
	if p.count < postingIDs {
		return nil
	}
	return x.write(p)
}

func (p *posting) add(id, at int64) {
	if p.count == 0 {
		p.first, p.latest = id, at
		p.ids = append(p.ids[:0], '[')
	} else {
		p.latest = max(p.latest, at)
		p.ids = append(p.ids, ',')
	}
	p.ids = strconv.AppendInt(p.ids, id-p.first, 10)
	p.count++
}

// write writes a posting and empties it.
func (x *index) write(p *posting) error {
	i := x.insertUser
	i.BindText(1, p.user)
	i.BindInt64(2, p.latest)
	i.BindInt64(3, p.first)
	i.BindText(4, string(append(p.ids, ']')))
	p.count = 0
	return run(i)
}

// flush writes what add has noted, in the order of the index, so that neighbours come together.
func (x *index) flush() error {
	if x.first == 0 {
		return nil
	}
	slices.SortFunc(x.postings, func(a, b posting) int { return strings.Compare(a.user, b.user) })
	for n := range x.postings {
		if p := &x.postings[n]; p.count > 0 {
			if err := x.write(p); err != nil {
				return err
			}
		}
	}
	i := x.insertTime
	i.BindInt64(1, x.latest)
	i.BindInt64(2, x.first)
	i.BindInt64(3, x.last)
	err := run(i)
	x.reset()
	return err
}

// reset forgets what add has noted.
func (x *index) reset() {
	x.first = 0
	x.postings = x.postings[:0]
	clear(x.byUser)
}
