package web

import (
	"fmt"
	"net/http"
	"strings"
)

func (s *Server) currentPhase() Phase { return Phase(s.phase.Load()) }

// problems says why messages may not be taken now. It is not nil.
func (s *Server) problems(a *Account) []string {
	list := []string{}
	if p := s.currentPhase(); p != Serving {
		list = append(list, p.String())
	}
	for _, o := range a.Outputs {
		switch {
		case o.Failed:
			list = append(list, fmt.Sprintf("output %s has failed: %s", o.Name, o.LastError))
		case o.Stalled:
			list = append(list, fmt.Sprintf("output %s is stalled: %s; %d messages wait", o.Name, o.LastError, o.Pending))
		}
	}
	return list
}

// healthz says that the program runs: it answers, and its account can be read.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	s.config.Account()
	text(w, http.StatusOK, "ok\n")
}

// readyz says whether messages are taken and go out, and if not, why.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	a := s.config.Account()
	if list := s.problems(&a); len(list) > 0 {
		text(w, http.StatusServiceUnavailable, "not ready\n"+strings.Join(list, "\n")+"\n")
		return
	}
	text(w, http.StatusOK, "ready\n")
}

func text(w http.ResponseWriter, code int, body string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	fmt.Fprint(w, body)
}
