package arena

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/bench/peer"
	"github.com/seed-067c1534/sigio/bench/service"
)

// Server is a contestant at work.
type Server struct {
	PID     int
	Address netip.AddrPort
	File    string
	Started time.Time // just before its process was

	process   *process
	folder    string
	complaint bytes.Buffer
}

// Start starts a contestant in a role and waits until its socket is there.
func (a *Arena) Start(e Entry, role peer.Role, flush time.Duration) (*Server, error) {
	s, err := a.Launch(e, role, flush)
	if err != nil {
		return nil, err
	}
	if err := s.listening(role); err != nil {
		if ended := s.Stop(); ended != nil {
			err = ended
		}
		return nil, err
	}
	return s, nil
}

// Launch starts a contestant, and does not wait.
func (a *Arena) Launch(e Entry, role peer.Role, flush time.Duration) (*Server, error) {
	a.runs++
	s := &Server{folder: filepath.Join(a.Folder, strconv.Itoa(a.runs))}
	if err := os.Mkdir(s.folder, 0o700); err != nil {
		return nil, err
	}
	s.File = filepath.Join(s.folder, "out")
	file, err := os.OpenFile(s.File, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if s.Address, err = freeAddress(role, a.runs); err != nil {
		return nil, err
	}
	order := service.Order{
		Spec: e.Spec, Role: role, Address: s.Address.String(), File: s.File, Flush: flush, Folder: s.folder, Sigio: a.Sigio,
	}
	cmd, err := a.command(e, order, file)
	if err != nil {
		return nil, err
	}
	cmd.Dir = s.folder
	cmd.Stderr = &s.complaint
	s.Started = time.Now()
	if s.process, err = a.spawn(cmd, a.ServerCPU); err != nil {
		return nil, err
	}
	s.PID = cmd.Process.Pid
	return s, nil
}

// command is the contestant's own program, or this one as a server.
func (a *Arena) command(e Entry, order service.Order, file *os.File) (*exec.Cmd, error) {
	if e.Command == nil {
		text, err := json.Marshal(order)
		return exec.Command(a.Self, "server", string(text)), err
	}
	c, err := order.Config()
	if err != nil {
		return nil, err
	}
	program, err := e.Command(c)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", e.Spec, err)
	}
	cmd := exec.Command(program.Path, program.Args...)
	if program.Output {
		cmd.Stdout = file
	}
	return cmd, nil
}

// Output runs a contestant that is no server, and returns what it prints.
func (a *Arena) Output(e Entry, role peer.Role) ([]byte, error) {
	folder, err := os.MkdirTemp(a.Folder, "")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	order := service.Order{Spec: e.Spec, Role: role, Address: "127.0.0.1:0", Folder: folder, Sigio: a.Sigio}
	cmd, err := a.command(e, order, nil)
	if err != nil {
		return nil, err
	}
	var out, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaint
	p, err := a.spawn(cmd, a.ServerCPU)
	if err != nil {
		return nil, err
	}
	select {
	case <-p.done:
	case <-time.After(time.Minute):
		p.kill()
		return nil, errors.New("it did not come to an end")
	}
	if p.err != nil {
		return nil, fmt.Errorf("%w: %s", p.err, firstLines(complaint.String()))
	}
	return out.Bytes(), nil
}

// Stop ends the server, and says if it had ended by itself.
func (s *Server) Stop() error {
	defer os.RemoveAll(s.folder)
	select {
	case <-s.process.done:
		return fmt.Errorf("the server ended: %v: %s", s.process.err, firstLines(s.complaint.String()))
	default:
		s.process.kill()
		return nil
	}
}

// patience is how long a server may take to start.
const patience = 20 * time.Second

// listening waits until the kernel's table of sockets has the server's. To connect
// would be a request that the server has to serve.
func (s *Server) listening(role peer.Role) error {
	table, state := "/proc/net/tcp", "0A"
	if role == peer.EchoUDP || role == peer.SinkUDP {
		table, state = "/proc/net/udp", "07"
	}
	address := fmt.Sprintf("0100007F:%04X", s.Address.Port())
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		select {
		case <-s.process.done:
			return errors.New("it ended at once")
		default:
		}
		text, err := os.ReadFile(table)
		if err != nil {
			return err
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(line); len(f) > 3 && f[1] == address && f[3] == state {
				return nil
			}
		}
	}
	return fmt.Errorf("it does not listen on %v after %v", s.Address, patience)
}

// freeAddress finds a port that is free, below those that the kernel gives to
// clients, so that none of them can take it before the server does.
func freeAddress(role peer.Role, start int) (netip.AddrPort, error) {
	const first, last = 20000, 32000
	for i := range last - first {
		port := first + (os.Getpid()*31+start+i)%(last-first)
		address := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
		var taken error
		if role == peer.EchoUDP || role == peer.SinkUDP {
			conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(address))
			if taken = err; err == nil {
				conn.Close()
			}
		} else {
			l, err := net.Listen("tcp4", address.String())
			if taken = err; err == nil {
				l.Close()
			}
		}
		if taken == nil {
			return address, nil
		}
	}
	return netip.AddrPort{}, errors.New("no port is free")
}
