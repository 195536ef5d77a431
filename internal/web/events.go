package web

import (
	"fmt"
	"net/http"
	"time"
)

// writeTime is what a browser may take for one event before it is given up.
const writeTime = 10 * time.Second

// events is the stream of server-sent events that the page lives on.
func (s *Server) events(w http.ResponseWriter, r *http.Request) {
	v := s.hub.join()
	if v == nil {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many pages are open, or the server is ending", http.StatusServiceUnavailable)
		return
	}
	defer s.hub.leave(v)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // for a proxy in front
	out := http.NewResponseController(w)
	send := func(e []byte) bool {
		// Not supported by a ResponseWriter of a test: then there is no limit.
		_ = out.SetWriteDeadline(time.Now().Add(writeTime))
		_, err := w.Write(e)
		return err == nil && out.Flush() == nil
	}
	if !send([]byte("retry: 1000\n\n")) || !send(s.greet()) {
		return
	}
	for {
		select {
		case e, open := <-v.events:
			if !open {
				return
			}
			if n := v.missed.Swap(0); n > 0 && !send(fmt.Appendf(nil, "event: missed\ndata: %d\n\n", n)) {
				return
			}
			if !send(e) {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}
