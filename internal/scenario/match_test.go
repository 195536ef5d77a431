package scenario

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/seed-067c1534/sigio/internal/spelling"
	"github.com/seed-067c1534/sigio/siginfo"
)

func signal(role string, code siginfo.Code) Entry {
	return Entry{Kind: KindSignal, Role: role, Record: siginfo.PollRecord(Signal, code, 7)}
}

func expect(role string, code siginfo.Code, least, most int) Want {
	return Want{Role: role, Signo: Signal, Code: code, Min: least, Max: most}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	in, out, hup := siginfo.PollIn, siginfo.PollOut, siginfo.PollHup
	for name, c := range map[string]struct {
		want []Want
		got  []Entry
		ok   bool
	}{
		"nothing expected, nothing came": {nil, nil, true},
		"nothing expected, one came":     {nil, []Entry{signal("a", in)}, false},
		"one expected, nothing came":     {[]Want{expect("a", in, 1, 1)}, nil, false},
		"two expected, two came":         {[]Want{expect("a", in, 2, 2)}, []Entry{signal("a", in), signal("a", in)}, true},
		"two expected, one came":         {[]Want{expect("a", in, 2, 2)}, []Entry{signal("a", in)}, false},
		"some expected, three came": {[]Want{expect("a", in, 1, math.MaxInt)},
			[]Entry{signal("a", in), signal("a", in), signal("a", in)}, true},
		"in order":     {[]Want{expect("a", hup, 1, 1), expect("a", in, 1, 1)}, []Entry{signal("a", hup), signal("a", in)}, true},
		"out of order": {[]Want{expect("a", hup, 1, 1), expect("a", in, 1, 1)}, []Entry{signal("a", in), signal("a", hup)}, false},
		"other code":   {[]Want{expect("a", in, 1, 1)}, []Entry{signal("a", out)}, false},
		"other role":   {[]Want{expect("a", in, 1, 1)}, []Entry{signal("b", in)}, false},
		"two roles, any order between them": {[]Want{expect("a", in, 1, 1), expect("b", out, 1, 1)},
			[]Entry{signal("b", out), signal("a", in)}, true},
		"a stranger's besides": {[]Want{expect("a", in, 1, 1)}, []Entry{signal("a", in), signal("fd 9", in)}, false},
		"optional, absent":     {[]Want{expect("a", hup, 0, 1), expect("a", in, 1, 1)}, []Entry{signal("a", in)}, true},
	} {
		difference := match(c.want, c.got)
		if (difference == "") != c.ok {
			t.Errorf("%s: %q", name, difference)
		}
		if c.ok && !enough(c.want, c.got) {
			t.Errorf("%s: matches, but is not enough", name)
		}
	}
}

func TestMismatchNamesBothSides(t *testing.T) {
	t.Parallel()
	got := match([]Want{expect("server", siginfo.PollIn, 2, 2)}, []Entry{signal("server", siginfo.PollHup)})
	if want := "expected server: POLL_IN ×2, observed server: POLL_HUP"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestEditDistance(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "abc", 0}, {"abc", "", 3}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"tcp-dta", "tcp-data", 1}} {
		if got := spelling.Distance(c.a, c.b); got != c.want {
			t.Errorf("%q to %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestFindWithoutAName(t *testing.T) {
	t.Parallel()
	_, err := Find("")
	if !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), `""`) {
		t.Error(err)
	}
}
