package web

import (
	"encoding/json"
	"time"
)

// state is what everybody who looks is told once in a second.
type state struct {
	Point    point    `json:"point"`
	Account  Account  `json:"account"`
	Phase    string   `json:"phase"`
	Problems []string `json:"problems"` // why it is not ready
	Viewers  int      `json:"viewers"`
	Dropped  uint64   `json:"dropped"` // updates that browsers were too slow for
}

// greeting is what a browser is told first.
type greeting struct {
	Version string   `json:"version"`
	Kinds   []string `json:"kinds"`
	History []point  `json:"history"`
	// Shown is how many messages are shown in a second at most.
	Shown    int      `json:"shown"`
	Account  Account  `json:"account"`
	Phase    string   `json:"phase"`
	Problems []string `json:"problems"`
}

// watch takes a point of everything once in a second, and gives those who look what
// there is.
func (s *Server) watch() {
	every := time.NewTicker(pointEvery)
	defer every.Stop()
	show := time.NewTicker(showEvery)
	defer show.Stop()
	show.Stop()
	for {
		select {
		case <-s.end:
			return
		case <-every.C:
			s.look()
		case <-s.hub.changed:
			if s.hub.viewers() > 0 {
				show.Reset(showEvery)
				s.tap.budget.Store(showAtOnce)
			} else {
				show.Stop()
				s.tap.budget.Store(0)
				s.messages()
			}
		case <-show.C:
			if list := s.messages(); len(list) > 0 {
				s.hub.publish(event("messages", list))
			}
			s.tap.budget.Store(showAtOnce)
		}
	}
}

func (s *Server) look() {
	a := s.config.Account()
	p := s.point(&a)
	s.history.add(p)
	if s.hub.viewers() == 0 {
		return
	}
	s.hub.publish(event("state", state{
		Point: p, Account: a, Phase: s.currentPhase().String(), Problems: s.problems(&a),
		Viewers: s.hub.viewers(), Dropped: s.hub.dropped.Load(),
	}))
}

// messages takes those that wait to be shown.
func (s *Server) messages() (list []Message) {
	for {
		select {
		case m := <-s.tap.samples:
			list = append(list, m)
		default:
			return list
		}
	}
}

func (s *Server) greet() []byte {
	a := s.config.Account()
	return event("hello", greeting{
		Version: s.config.Version, Kinds: kindNames[:], History: s.history.list(),
		Shown:   int(showAtOnce * time.Second / showEvery),
		Account: a, Phase: s.currentPhase().String(), Problems: s.problems(&a),
	})
}

// event encodes a server-sent event. JSON has no line feed in it.
func event(name string, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types above encode
	}
	b := make([]byte, 0, len(name)+len(data)+20)
	b = append(append(b, "event: "...), name...)
	b = append(append(b, "\ndata: "...), data...)
	return append(b, "\n\n"...)
}
