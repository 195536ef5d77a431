package siginfo_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"os"

	"github.com/seed-067c1534/sigio/siginfo"
)

// A program reads whole records from a signalfd. PollRecord stands in for the
// kernel here.
func Example() {
	buf := []siginfo.Record{
		siginfo.PollRecord(40, siginfo.PollIn, 7),
		siginfo.PollRecord(40, siginfo.PollHup, 9),
	}
	for i := range buf {
		info := buf[i].Info()
		fmt.Println(info)
		if fd, band, ok := info.Poll(); ok && band&siginfo.Hup != 0 {
			fmt.Println("  descriptor", fd, "is done:", info.Explain())
		}
	}
	// Output:
	// SIGRTMIN+6 POLL_IN fd=7 band=IN|RDNORM
	// SIGRTMIN+6 POLL_HUP fd=9 band=ERR|HUP
	//   descriptor 9 is done: Both directions are closed, but data that came before may still be there to read.
}

func ExampleInfo_MarshalJSON() {
	r := siginfo.PollRecord(40, siginfo.PollMsg, 5)
	if err := json.NewEncoder(os.Stdout).Encode(r.Info()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"signal":"SIGRTMIN+6","code":"POLL_MSG","signo":40,"si_code":3,"fd":5,"band":"IN|RDNORM|MSG"}
}

func ExampleInfo_LogValue() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	}))
	r := siginfo.PollRecord(40, siginfo.PollIn, 7)
	log.Info("received", "sig", r.Info())
	// Output:
	// level=INFO msg=received sig.signal=SIGRTMIN+6 sig.code=POLL_IN sig.signo=40 sig.si_code=1 sig.fd=7 sig.band=IN|RDNORM
}

// The same number means different things in different signals.
func ExampleCode_Name() {
	const sigrt, sigtrap, sigsegv = 40, 5, 11
	c := siginfo.Code(1)
	fmt.Println(c.Name(sigrt), c.Name(sigtrap), c.Name(sigsegv))
	fmt.Println(siginfo.Queue.Name(sigrt), siginfo.Kernel.Name(sigrt))
	// Output:
	// POLL_IN TRAP_BRKPT SEGV_MAPERR
	// SI_QUEUE SI_KERNEL
}

func ExampleBandOf() {
	for c := siginfo.PollIn; c <= siginfo.PollHup; c++ {
		if c != siginfo.PollOut { // its bits differ on MIPS
			fmt.Println(c.Name(40), siginfo.BandOf(c))
		}
	}
	// Output:
	// POLL_IN IN|RDNORM
	// POLL_MSG IN|RDNORM|MSG
	// POLL_ERR ERR
	// POLL_PRI PRI|RDBAND
	// POLL_HUP ERR|HUP
}

func ExampleSignalName() {
	fmt.Println(siginfo.SignalName(15), siginfo.SignalName(34), siginfo.SignalName(40), siginfo.SignalName(33))
	// Output: SIGTERM SIGRTMIN SIGRTMIN+6 SIG33
}
