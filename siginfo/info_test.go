package siginfo

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
)

// full is a record in which every field is set, whatever the signal carries:
// a view that trusts a field instead of the code shows it.
func full(signo int, code Code) Info {
	var r Record
	layoutBytes{
		0: signo, 8: int(code), 12: 321, 16: 1000, 20: 7, 24: 3, 28: 0x41, 32: 9, 40: 2, 44: 77,
		48: uint64(77), 72: uint64(0xbeef), 84: 59, 88: uint64(0xcafe), 96: 0x4000003e,
	}.fill(r[:])
	return r.Info()
}

func TestInfoForms(t *testing.T) {
	for _, tt := range []struct {
		name   string
		info   Info
		text   string
		json   string
		phrase string // of Explain
	}{
		{
			"poll", full(40, PollIn),
			"SIGRTMIN+6 POLL_IN fd=7 band=IN|RDNORM",
			`{"signal":"SIGRTMIN+6","code":"POLL_IN","signo":40,"si_code":1,"fd":7,"band":"IN|RDNORM"}`,
			"something to read",
		}, {
			"user", full(15, User),
			"SIGTERM SI_USER pid=321 uid=1000",
			`{"signal":"SIGTERM","code":"SI_USER","signo":15,"si_code":0,"pid":321,"uid":1000}`,
			"kill(2)",
		}, {
			"overflow", full(sigIO, Kernel),
			"SIGIO SI_KERNEL",
			"",
			"RLIMIT_SIGPENDING",
		}, {
			"queue", full(40, Queue),
			"SIGRTMIN+6 SI_QUEUE pid=321 uid=1000 value=77 ptr=0x4d",
			`{"signal":"SIGRTMIN+6","code":"SI_QUEUE","signo":40,"si_code":-1,"pid":321,"uid":1000,"value":77,"ptr":"0x4d"}`,
			"sigqueue(3)",
		}, {
			"tkill", full(40, TKill),
			"SIGRTMIN+6 SI_TKILL pid=321 uid=1000",
			`{"signal":"SIGRTMIN+6","code":"SI_TKILL","signo":40,"si_code":-6,"pid":321,"uid":1000}`,
			"tgkill(2)",
		}, {
			"timer", full(40, Timer),
			"SIGRTMIN+6 SI_TIMER timer=3 overrun=9 value=77 ptr=0x4d",
			"",
			"timer",
		}, {
			"child", full(sigCHLD, 1),
			"SIGCHLD CLD_EXITED pid=321 uid=1000 status=2",
			"",
			"child process",
		}, {
			"fault", full(sigSEGV, 1),
			"SIGSEGV SEGV_MAPERR addr=0xbeef",
			"",
			"program itself",
		}, {
			"memory", full(sigBUS, 4),
			"SIGBUS BUS_MCEERR_AR addr=0xbeef",
			"",
			"memory error",
		}, {
			"sys", full(sigSYS, 1),
			"SIGSYS SYS_SECCOMP addr=0xcafe syscall=59 arch=0x4000003e",
			"",
			"seccomp",
		}, {
			"sigio on a signal with codes of its own", full(sigSEGV, SigIO),
			"SIGSEGV SI_SIGIO fd=7 band=IN|RDNORM",
			"",
			"band",
		}, {
			"forged code", full(40, -42),
			"SIGRTMIN+6 code -42 pid=321 uid=1000 value=77 ptr=0x4d",
			"",
			"own choosing",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.info.String(); got != tt.text {
				t.Errorf("String\n got %s\nwant %s", got, tt.text)
			}
			js, err := json.Marshal(tt.info)
			if err != nil {
				t.Fatal(err)
			}
			if tt.json != "" && string(js) != tt.json {
				t.Errorf("JSON\n got %s\nwant %s", js, tt.json)
			}
			if got := tt.info.Explain(); !strings.Contains(got, tt.phrase) {
				t.Errorf("Explain = %q, want %q in it", got, tt.phrase)
			}
		})
	}
}

// Only the views of its own layout may be valid, and the others give zeroes.
func TestInfoViewsAreExclusive(t *testing.T) {
	type views struct{ poll, sender, value, timer, child, fault, sys bool }
	for _, tt := range []struct {
		info Info
		want views
	}{
		{full(40, PollOut), views{poll: true}},
		{full(sigIO, PollIn), views{poll: true}},
		{full(sigCHLD, 1), views{child: true}},
		{full(40, User), views{sender: true}},
		{full(40, Kernel), views{}},
		{full(40, Queue), views{sender: true, value: true}},
		{full(40, MesgQ), views{sender: true, value: true}},
		{full(40, TKill), views{sender: true}},
		{full(40, Timer), views{timer: true, value: true}},
		{full(sigFPE, 1), views{fault: true}},
		{full(sigBUS, 5), views{fault: true}},
		{full(sigSYS, 1), views{sys: true}},
		{full(40, 7), views{}},
		{Info{}, views{sender: true}},
	} {
		var got views
		var fd, pid, n, id, child int
		var addr, call uint64
		fd, _, got.poll = tt.info.Poll()
		pid, _, got.sender = tt.info.Sender()
		n, _, got.value = tt.info.Value()
		id, _, got.timer = tt.info.Timer()
		child, _, _, got.child = tt.info.Child()
		addr, got.fault = tt.info.Fault()
		call, _, _, got.sys = tt.info.Syscall()
		if got != tt.want {
			t.Errorf("%v: views %+v, want %+v", tt.info, got, tt.want)
		}
		for _, v := range []struct {
			ok    bool
			value uint64
		}{
			{got.poll, uint64(fd)}, {got.sender, uint64(pid)}, {got.value, uint64(n)}, {got.timer, uint64(id)},
			{got.child, uint64(child)}, {got.fault, addr}, {got.sys, call},
		} {
			if !v.ok && v.value != 0 {
				t.Errorf("%v: a view that is not valid gave %d", tt.info, v.value)
			}
		}
	}
}

// A batch buffer is read into again while Infos of it live on.
func TestInfoIsACopy(t *testing.T) {
	r := PollRecord(40, PollIn, 7)
	info, before := r.Info(), r
	r = PollRecord(41, PollOut, 8)
	if fd, _, _ := info.Poll(); fd != 7 || info.Raw() != before {
		t.Errorf("the Info changed with the buffer: %v", info)
	}
}

func TestInfoLogValue(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	info := full(40, Queue)
	log.Info("got", "sig", info)
	var line struct{ Sig json.RawMessage }
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	if want, _ := info.MarshalJSON(); !bytes.Equal(line.Sig, want) {
		t.Errorf("slog wrote %s\nMarshalJSON %s", line.Sig, want)
	}
}

// Whatever trace meets, it has a sentence: one line, ended by a full stop.
func TestExplainEverything(t *testing.T) {
	for signo := range maxSigno + 1 {
		for code := Code(-70); code < 140; code++ {
			s := full(signo, code).Explain()
			if !strings.HasSuffix(s, ".") || strings.ContainsAny(s, "\n\t") {
				t.Fatalf("signal %d code %d: %q", signo, code, s)
			}
		}
	}
}
