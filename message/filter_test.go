package message

import (
	"testing"
	"time"
)

func TestFilter(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
	alice := Message{User: []byte("alice"), Text: []byte("one two"), ReceivedAt: at}
	raw := Message{Text: []byte("one"), Raw: true, ReceivedAt: at}
	name, none := "alice", ""
	for _, c := range []struct {
		what       string
		f          Filter
		alice, raw bool
	}{
		{"all", Filter{}, true, true},
		{"a limit says nothing about one", Filter{Limit: 1}, true, true},
		{"a user", Filter{User: &name}, true, false},
		{"no user", Filter{User: &none}, false, true},
		{"a text", Filter{Text: "e t"}, true, false},
		{"a text in another case", Filter{Text: "ONE"}, false, false},
		{"since that moment", Filter{Since: at}, true, true},
		{"since a later one", Filter{Since: at.Add(1)}, false, false},
		{"until that moment", Filter{Until: at}, false, false},
		{"until a later one", Filter{Until: at.Add(1)}, true, true},
		{"all that there is", Filter{User: &name, Text: "two", Since: at, Until: at.Add(1)}, true, false},
		{"one of them does not fit", Filter{User: &name, Text: "three", Since: at, Until: at.Add(1)}, false, false},
	} {
		if got := c.f.Wants(&alice); got != c.alice {
			t.Errorf("%s: alice's: %v", c.what, got)
		}
		if got := c.f.Wants(&raw); got != c.raw {
			t.Errorf("%s: the raw one: %v", c.what, got)
		}
	}
}
