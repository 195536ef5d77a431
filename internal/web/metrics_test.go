package web

import (
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestMetrics(t *testing.T) {
	t.Parallel()
	s, src := newServer(t, Config{})
	src.set(func(a *Account) {
		a.Listeners[0].Received, a.Listeners[0].Delivered = 7, 5
		a.Listeners[0].Rejected["oversize"] = 2
		a.Listeners[0].Connections.Closed["ended"] = 3
		a.Listeners = append(a.Listeners, a.Listeners[0]) // given up and taken again
		a.Outputs[0].Details = map[string]uint64{"rotations": 4}
	})
	s.latency.add(time.Millisecond)
	problems, err := testutil.GatherAndLint(s.registry())
	if err != nil || len(problems) > 0 {
		t.Errorf("the linter: %v, %v", problems, err)
	}
	text := body(t, get(s, "/metrics"))
	for _, line := range []string{
		`sigio_messages_received_total{listener="udp://127.0.0.1:8888"} 14`,
		`sigio_messages_rejected_total{cause="oversize",listener="udp://127.0.0.1:8888"} 4`,
		`sigio_messages_rejected_total{cause="timeout",listener="udp://127.0.0.1:8888"} 0`,
		`sigio_connections_closed_total{cause="ended",listener="udp://127.0.0.1:8888"} 6`,
		`sigio_output_events_total{event="rotations",output="standard output"} 4`,
		`sigio_signals_total{kind="POLL_IN"} 0`,
		`sigio_message_latency_seconds_bucket{le="0.001"} 1`,
		`sigio_build_info{version="v0.test"} 1`,
		`sigio_ready 1`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("no line %s in\n%s", line, text)
		}
	}
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "#") && !strings.HasPrefix(line, "sigio_") {
			t.Errorf("a name that is not ours: %s", line)
		}
	}
}

// sums are the numbers of an account that are no metrics of their own: a query sums them up, or they
// are known of all listeners together only.
var sums = []string{
	"received", "delivered", "rejected", "pending", "kernel_drops",
	"connections.accepted", "connections.open", "connections.closed", "connections.accept_failures",
	"outputs.lost",
	"listeners.signals.stale", "listeners.signals.foreign", "listeners.signals.overflows", "listeners.signals.sweeps",
	"listeners.gone", // what it had received still counts
}

// ours are the metrics that are not about an account.
var ours = regexp.MustCompile(`^sigio_(build_info|ready|signals_total|page_\w+|message_latency_seconds\w*|process_\w+)$`)

// Every number that an account can have changes one metric, and every metric is changed by one, or
// is known to be another's. So one that is added to only one of them is missed here.
func TestEveryNumberIsAMetric(t *testing.T) {
	t.Parallel()
	var account atomic.Pointer[Account]
	all := newAccount("")
	account.Store(all)
	s, _ := newServer(t, Config{Account: func() Account { return *account.Load() }})
	before := samples(t, s)
	changed := map[string]bool{}
	for _, path := range numbersOf(all) {
		account.Store(newAccount(path))
		var names []string
		for name, value := range samples(t, s) {
			if bare, _, _ := strings.Cut(name, "{"); before[name] != value && !ours.MatchString(bare) {
				names = append(names, name)
				changed[bare] = true
			}
		}
		want := 1
		if slices.Contains(sums, path) {
			want = 0
		}
		if len(names) != want {
			t.Errorf("%s of an account changes the metrics %q, want %d", path, names, want)
		}
	}
	for name := range before {
		if bare, _, _ := strings.Cut(name, "{"); !changed[bare] && !ours.MatchString(bare) {
			t.Errorf("nothing in an account changes the metric %s", name)
		}
	}
	if len(changed) < 30 {
		t.Errorf("%d metrics changed only", len(changed))
	}
}

// samples are the lines of /metrics.
func samples(t *testing.T, s *Server) map[string]string {
	t.Helper()
	found := map[string]string{}
	for line := range strings.Lines(body(t, get(s, "/metrics"))) {
		if i := strings.LastIndexByte(line, ' '); line[0] != '#' {
			found[line[:i]] = line[i:]
		}
	}
	return found
}

// newAccount returns an account that has one of everything, and more of the number at a path.
func newAccount(more string) *Account {
	a := new(Account)
	walk(reflect.ValueOf(a).Elem(), "", func(path string, v reflect.Value) {
		switch {
		case v.Kind() == reflect.Bool:
			v.SetBool(path == more)
		case v.CanUint() && path == more:
			v.SetUint(5)
		case v.CanInt() && path == more:
			v.SetInt(5)
		case v.Kind() == reflect.Map && path == more:
			v.SetMapIndex(reflect.ValueOf("some cause"), reflect.ValueOf(uint64(5)))
		}
	})
	return a
}

// numbersOf returns the paths of all numbers in an account, and of what is true or false.
func numbersOf(a *Account) (paths []string) {
	walk(reflect.ValueOf(a).Elem(), "", func(path string, _ reflect.Value) { paths = append(paths, path) })
	return paths
}

// walk calls f with every number, and makes what is not there yet. Paths are of the names in JSON.
func walk(v reflect.Value, path string, f func(path string, v reflect.Value)) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		walk(v.Elem(), path, f)
	case reflect.Slice:
		if v.Len() == 0 {
			v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		}
		walk(v.Index(0), path, f)
	case reflect.Map:
		if v.IsNil() {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf("some cause"), reflect.ValueOf(uint64(1)))
		}
		f(path, v)
	case reflect.Struct:
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if !v.Type().Field(i).Anonymous {
				name = strings.TrimPrefix(path+"."+name, ".")
			} else {
				name = path
			}
			if v.Field(i).Type() != reflect.TypeFor[time.Time]() {
				walk(v.Field(i), name, f)
			}
		}
	case reflect.String:
		v.SetString(path)
	default:
		f(path, v)
	}
}
