package siginfo

import "testing"

func TestSignalName(t *testing.T) {
	names := map[int]string{
		0: "SIG0", -3: "SIG-3", 1: "SIGHUP", 9: "SIGKILL", 15: "SIGTERM", sigIO: "SIGIO", sigCHLD: "SIGCHLD",
		sigSYS: "SIGSYS", sigFPE: "SIGFPE", sigBUS: "SIGBUS", 32: "SIG32", 33: "SIG33",
		34: "SIGRTMIN", 40: "SIGRTMIN+6", 49: "SIGRTMIN+15",
		maxSigno: "SIGRTMAX", maxSigno - 14: "SIGRTMAX-14", maxSigno + 1: "SIG" + map[int]string{64: "65", 127: "128"}[maxSigno],
	}
	for signo, want := range names {
		if got := SignalName(signo); got != want {
			t.Errorf("SignalName(%d) = %q, want %q", signo, got, want)
		}
	}
	seen := map[string]int{}
	for signo := range maxSigno + 1 {
		name := SignalName(signo)
		if other, dup := seen[name]; dup {
			t.Errorf("%d and %d are both %q", other, signo, name)
		}
		seen[name] = signo
	}
}

func TestCodeName(t *testing.T) {
	const rt = 40
	for _, tt := range []struct {
		signo int
		code  Code
		want  string
	}{
		{rt, PollIn, "POLL_IN"},
		{rt, PollHup, "POLL_HUP"},
		{sigIO, PollMsg, "POLL_MSG"},
		{rt, 7, "code 7"},
		{rt, -9, "code -9"},
		{rt, 0x81, "code 129"},
		{rt, User, "SI_USER"},
		{sigIO, Kernel, "SI_KERNEL"},
		{rt, Queue, "SI_QUEUE"},
		{rt, Timer, "SI_TIMER"},
		{rt, MesgQ, "SI_MESGQ"},
		{rt, AsyncIO, "SI_ASYNCIO"},
		{sigSEGV, SigIO, "SI_SIGIO"},
		{rt, TKill, "SI_TKILL"},
		{rt, DeThread, "SI_DETHREAD"},
		{rt, AsyncNL, "SI_ASYNCNL"},
		{sigCHLD, 1, "CLD_EXITED"},
		{sigCHLD, 6, "CLD_CONTINUED"},
		{sigILL, 1, "ILL_ILLOPC"},
		{sigILL, 9, "ILL_BADIADDR"},
		{sigFPE, 1, "FPE_INTDIV"},
		{sigFPE, 15, "FPE_CONDTRAP"},
		{sigSEGV, 2, "SEGV_ACCERR"},
		{sigSEGV, 10, "SEGV_CPERR"},
		{sigBUS, 5, "BUS_MCEERR_AO"},
		{sigTRAP, 6, "TRAP_PERF"},
		{sigSYS, 2, "SYS_USER_DISPATCH"},
		{sigSYS, 3, "POLL_MSG"}, // past its own codes the kernel takes it for an I/O signal
		{sigBUS, 7, "code 7"},
	} {
		if got := tt.code.Name(tt.signo); got != tt.want {
			t.Errorf("Code(%d).Name(%s) = %q, want %q", tt.code, SignalName(tt.signo), got, tt.want)
		}
	}
}

func TestBandString(t *testing.T) {
	for b, want := range map[Band]string{
		0:                 "0",
		In | RdNorm:       "IN|RDNORM",
		Hup | Err:         "ERR|HUP",
		NVal:              "NVAL",
		In | RdHup:        "IN|RDHUP",
		0x1_0000:          "0x10000",
		Pri | 0x8000_0000: "PRI|0x80000000",
	} {
		if got := b.String(); got != want {
			t.Errorf("Band(%#x) = %q, want %q", uint32(b), got, want)
		}
	}
}

// The values are those that a 6.18 kernel was seen to send; on MIPS the two
// write bits are elsewhere.
func TestBandOf(t *testing.T) {
	out := Band(0x304)
	if WrNorm == Out {
		out = 0x104
	}
	for c, want := range map[Code]Band{
		PollIn: 0x41, PollOut: out, PollMsg: 0x441, PollErr: 0x8, PollPri: 0x82, PollHup: 0x18,
		User: 0, 7: 0, Queue: 0,
	} {
		if got := BandOf(c); got != want {
			t.Errorf("BandOf(%d) = %#x, want %#x", c, uint32(got), uint32(want))
		}
	}
}
