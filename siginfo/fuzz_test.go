package siginfo

import (
	"encoding/json"
	"testing"
	"unicode"
)

// FuzzRecord takes any 128 bytes once as a record and once as a siginfo_t of
// every architecture.
func FuzzRecord(f *testing.F) {
	for _, signo := range []int{40, sigIO, sigCHLD, sigSEGV, sigBUS, sigSYS} {
		for _, code := range []Code{PollIn, busMceerrAR, User, Kernel, Queue, Timer, SigIO, TKill, 99} {
			r := full(signo, code).Raw()
			f.Add(r[:])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var b [128]byte
		copy(b[:], data)
		checkForms(t, Record(b))
		for _, a := range []abi{{word: 4}, {word: 8}, {word: 4, codeFirst: true}, {word: 8, codeFirst: true}, native} {
			checkForms(t, a.record(&b))
		}
		if FromNative(&b) != native.record(&b) {
			t.Error("FromNative does not use this architecture's layout")
		}
	})
}

func checkForms(t *testing.T, r Record) {
	info := r.Info()
	if info.Raw() != r {
		t.Error("Raw is not the record")
	}
	for _, s := range []string{info.String(), info.Explain()} {
		for _, c := range s {
			if c > unicode.MaxASCII || !unicode.IsPrint(c) {
				t.Errorf("%q holds %q", s, c)
			}
		}
	}
	js, err := info.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	var back struct {
		Signal, Code string
		Signo        *int
		SiCode       *Code `json:"si_code"`
	}
	if err := json.Unmarshal(js, &back); err != nil {
		t.Fatalf("%s: %v", js, err)
	}
	if back.Signo == nil || *back.Signo != r.Signo() || back.SiCode == nil || *back.SiCode != r.Code() ||
		back.Signal == "" || back.Code == "" {
		t.Errorf("%s does not say what %x holds", js, r[:offEnd])
	}
}
