//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"time"
)

// result is what became of one burst to one server.
type result struct {
	sent, printed int
	cpu           time.Duration // the server's, from its start to its end
	why           string
}

// trial is one server under one burst.
type trial struct {
	*process
	tally
	sending chan error // gets the outcome when everything has been sent
}

// try starts a server, sends it the burst, and sees what it prints.
func try(bin string, b burst, s server, settle time.Duration) (result, error) {
	began := time.Now()
	p, err := start(filepath.Join(bin, s.program), s.args...)
	if err != nil {
		return result{}, err
	}
	defer p.kill()
	t := &trial{process: p, tally: newTally(b.sent), sending: make(chan error, 1)}
	held := new(held)
	defer held.close()
	go func() { t.sending <- b.send(p.address, t.messages, held) }()

	if !s.loses {
		settle = 30 * time.Second // give it the time to show it
	}
	kernel, err := t.observe(settle)
	if err != nil {
		return result{}, err
	}
	wall := time.Since(began)
	cpu, err := p.stop(t.add)
	if err != nil {
		return result{}, err
	}
	said := p.said()
	if s.ours && t.printed == b.sent {
		said = "" // nothing to explain
	}
	return result{
		sent: b.sent, printed: t.printed, cpu: cpu,
		why: t.explain(kernel, cpu, wall, said),
	}, nil
}

// observe counts the lines that the server prints, until it has printed all that
// was sent, or has printed nothing for so long that there is no more to come.
func (t *trial) observe(settle time.Duration) (kernelAccount, error) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	sent, last := false, time.Now()
	for {
		select {
		case line, ok := <-t.lines:
			if !ok {
				return kernelAccount{}, fmt.Errorf("it ended by itself: %s", t.said())
			}
			t.add(line)
			last = time.Now()
			continue
		case err := <-t.sending:
			if err != nil {
				return kernelAccount{}, fmt.Errorf("send: %w", err)
			}
			sent, last = true, time.Now()
			continue
		case <-look.C:
		}
		if !sent || len(t.lines) > 0 {
			continue
		}
		k, err := account(t.address)
		if err != nil || t.printed+k.dropped == len(t.messages) || time.Since(last) > settle {
			return k, err
		}
	}
}
