package web

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/seed-067c1534/sigio/internal/scenario"
	"github.com/seed-067c1534/sigio/siginfo"
)

// kindText is what the page tells of a kind of signal.
type kindText struct {
	Name    string      `json:"name"`
	Title   string      `json:"title"`
	Meaning string      `json:"meaning"` // what the kernel meant
	Sigio   string      `json:"sigio"`   // what the loop makes of it
	Code    int         `json:"code"`    // si_code, 0 if it is no I/O signal
	Band    string      `json:"band,omitempty"`
	Shown   []sceneText `json:"shown"` // where it can be seen
}

// sceneText is a scenario of `sigio trace`.
type sceneText struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Explain string `json:"explain"`
}

type causeText struct {
	Name    string `json:"name"`
	Meaning string `json:"meaning"`
	Remedy  string `json:"remedy"`
}

var titles = [kindCount]string{
	siginfo.PollIn:  "something to read",
	siginfo.PollOut: "room to write",
	siginfo.PollMsg: "a lease or a directory",
	siginfo.PollErr: "an error",
	siginfo.PollPri: "urgent data",
	siginfo.PollHup: "closed in both directions",
	kindOverflow:    "the queue was full",
	kindWakeup:      "the loop's own",
	kindForeign:     "somebody else's",
}

const hint = "A signal is a hint: it may be late, repeated, or about the last owner of the number. Only what the read says counts."

var treatment = [kindCount]string{
	siginfo.PollIn:  "The loop calls the descriptor's handler once, however many of these wait for it, and the handler reads until nothing is left. " + hint,
	siginfo.PollOut: "The loop calls the handler, which writes what waits. A receiver seldom needs it. " + hint,
	siginfo.PollMsg: "A receiver holds no leases: it should not see this one. " + hint,
	siginfo.PollErr: "The handler reads, and the read tells the error. " + hint,
	siginfo.PollPri: "The handler reads; urgent data is in the stream like any other, or is skipped by it. " + hint,
	siginfo.PollHup: "The handler reads what is still there, up to the end, and closes the connection. " + hint,
	kindOverflow:    "The loop finishes what it took off the queue, and then looks at every descriptor with poll(2), once (a sweep). So no event is lost, only time.",
	kindWakeup:      "Another thread gave the loop something to do, and woke it through its one queue.",
	kindForeign:     "The loop counts it and does nothing: any process of the same user can send signals.",
}

// explainJSON is made once: nothing in it changes.
var explainJSON = sync.OnceValue(func() []byte {
	var v struct {
		Kinds  []kindText  `json:"kinds"`
		Causes []causeText `json:"causes"`
		Ends   []causeText `json:"ends"`
		Hint   string      `json:"hint"`
	}
	for kind := range kindCount {
		v.Kinds = append(v.Kinds, explainKind(kind))
	}
	for _, c := range causes {
		v.Causes = append(v.Causes, causeText{c.name, c.meaning, c.remedy})
	}
	for _, c := range ends {
		v.Ends = append(v.Ends, causeText{c.name, c.meaning, c.remedy})
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types above encode
	}
	return b
})

func explainKind(kind int) kindText {
	t := kindText{Name: kindNames[kind], Title: titles[kind], Sigio: treatment[kind], Shown: []sceneText{}}
	code := siginfo.Code(kind)
	signo := scenario.Signal
	switch kind {
	case kindOverflow:
		signo, code = sigIO, siginfo.Kernel
	case kindWakeup:
		t.Meaning = "It was sent with sigqueue(3) by this process itself, together with a token."
	case kindForeign:
		t.Meaning = "A process sent it with kill(2), sigqueue(3) or the like, or the kernel gave a reason that is not about a descriptor."
	}
	if t.Meaning == "" {
		t.Meaning = siginfo.Info{Signo: signo, Code: code}.Explain()
	}
	if kind >= int(siginfo.PollIn) && kind <= int(siginfo.PollHup) {
		t.Code, t.Band = kind, siginfo.BandOf(code).String()
	}
	if t.Code == 0 && kind != kindOverflow {
		return t
	}
	for _, s := range scenario.All() {
		if shows(s, signo, code) {
			t.Shown = append(t.Shown, sceneText{s.Name, s.Title, s.Explain})
		}
	}
	return t
}

func shows(s scenario.Scenario, signo int, code siginfo.Code) bool {
	for _, step := range s.Steps {
		for _, w := range step.Want {
			if w.Code == code && (w.Signo == signo || code != siginfo.Kernel) {
				return true
			}
		}
	}
	return false
}

func explain(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	w.Write(explainJSON())
}
