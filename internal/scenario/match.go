package scenario

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/seed-067c1534/sigio/siginfo"
)

// seen is a run of like signals for one descriptor.
type seen struct {
	signo int
	code  siginfo.Code
	count int
}

// runs sorts signals by descriptor and merges neighbours that are alike.
func runs(signals []Entry) map[string][]seen {
	byRole := map[string][]seen{}
	for i := range signals {
		r := &signals[i].Record
		list := byRole[signals[i].Role]
		if n := len(list); n > 0 && list[n-1].signo == r.Signo() && list[n-1].code == r.Code() {
			list[n-1].count++
			continue
		}
		byRole[signals[i].Role] = append(list, seen{r.Signo(), r.Code(), 1})
	}
	return byRole
}

// match says how the signals of one step differ from the expectation; "" if
// they do not.
func match(want []Want, signals []Entry) string {
	observed := runs(signals)
	expected := map[string][]Want{}
	for _, w := range want {
		expected[w.Role] = append(expected[w.Role], w)
	}
	roles := map[string]bool{}
	for role := range observed {
		roles[role] = true
	}
	for role := range expected {
		roles[role] = true
	}
	var differences []string
	for _, role := range slices.Sorted(maps.Keys(roles)) {
		if !sequence(expected[role], observed[role]) {
			differences = append(differences,
				fmt.Sprintf("expected %s, observed %s", list(expected[role]), listSeen(role, observed[role])))
		}
	}
	return strings.Join(differences, "; ")
}

// enough reports whether at least the least that is expected has come, so that
// there is no need to wait longer for it.
func enough(want []Want, signals []Entry) bool {
	type kind struct {
		role  string
		signo int
		code  siginfo.Code
	}
	missing := map[kind]int{}
	for _, w := range want {
		missing[kind{w.Role, w.Signo, w.Code}] += w.Min
	}
	for i := range signals {
		r := &signals[i].Record
		missing[kind{signals[i].Role, r.Signo(), r.Code()}]--
	}
	for _, n := range missing {
		if n > 0 {
			return false
		}
	}
	return true
}

// sequence compares one descriptor's signals with the expectation, in order.
func sequence(want []Want, observed []seen) bool {
	for _, w := range want {
		n := 0
		if len(observed) > 0 && observed[0].signo == w.Signo && observed[0].code == w.Code {
			n = observed[0].count
			observed = observed[1:]
		}
		if n < w.Min || n > w.Max {
			return false
		}
	}
	return len(observed) == 0
}

func list(want []Want) string {
	if len(want) == 0 {
		return "nothing"
	}
	parts := make([]string, len(want))
	for i, w := range want {
		parts[i] = w.String()
	}
	return strings.Join(parts, ", ")
}

func listSeen(role string, observed []seen) string {
	want := make([]Want, len(observed))
	for i, o := range observed {
		want[i] = Want{Role: role, Signo: o.signo, Code: o.code, Min: o.count, Max: o.count}
	}
	return list(want)
}
