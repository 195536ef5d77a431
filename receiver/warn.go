package receiver

import (
	"fmt"
	"sync"
	"time"
)

// warnGap is how often the same thing is told.
const warnGap = 5 * time.Second

// warnings keeps track of what was told when.
type warnings struct {
	mu   sync.Mutex
	told map[string]time.Time
}

// warn tells text to Config.Warn, unless something with the same key was told a
// moment ago. It returns whether it did.
func (r *Receiver) warn(key, text string) bool {
	if !r.warnings.due(key) {
		return false
	}
	r.config.Warn(text)
	return true
}

func (w *warnings) due(key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	if last, ok := w.told[key]; ok && now.Sub(last) < warnGap {
		return false
	}
	if w.told == nil {
		w.told = map[string]time.Time{}
	}
	w.told[key] = now
	return true
}

// warnOfBuffers tells that the kernel granted smaller receive buffers than were
// asked for.
func (r *Receiver) warnOfBuffers() {
	asked := r.config.ReceiveBuffer
	for _, l := range r.Stats().Listeners {
		if l.ReceiveBuffer > 0 && l.ReceiveBuffer < asked {
			r.warn("buffer", fmt.Sprintf("%s: asked for a receive buffer of %d bytes, the kernel gave %d; raise its limit with: sysctl -w net.core.rmem_max=%d",
				l.Address, asked, l.ReceiveBuffer, asked))
		}
	}
}
