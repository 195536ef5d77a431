package jetstream_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/seed-067c1534/sigio/internal/jetstream"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// fatal is the time after which a test is broken.
const fatal = 60 * time.Second

// natsServer is a server in the test's process, which can be stopped and started again.
type natsServer struct {
	t       testing.TB
	options server.Options
	running *server.Server
}

func startServer(t testing.TB, change ...func(*server.Options)) *natsServer {
	t.Helper()
	s := &natsServer{t: t, options: server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
		JetStreamMaxMemory: 64 << 20, JetStreamMaxStore: 4 << 30,
	}}
	for _, f := range change {
		f(&s.options)
	}
	s.start()
	s.options.Port = s.running.Addr().(*net.TCPAddr).Port // the same after a restart
	t.Cleanup(s.stop)
	return s
}

func (s *natsServer) start() {
	s.t.Helper()
	options := s.options
	running, err := server.NewServer(&options)
	if err != nil {
		s.t.Fatal(err)
	}
	go running.Start()
	if !running.ReadyForConnections(fatal) {
		s.t.Fatal("the server does not start")
	}
	s.running = running
}

func (s *natsServer) stop() {
	s.running.Shutdown()
	s.running.WaitForShutdown()
}

func (s *natsServer) url() string { return fmt.Sprintf("nats://127.0.0.1:%d", s.options.Port) }

func options(s *natsServer) jetstream.Options {
	return jetstream.Options{Servers: s.url(), Stream: "LOGS", Subject: "LOGS.app", Timeout: 2 * time.Second}
}

func numbered(sender string, n int) *message.Message {
	m := &message.Message{Transport: "tcp", ReceivedAt: time.Now()}
	m.Parse(fmt.Appendf(nil, `{"send_user":%q,"send_time":"2026-11-24 18:00:00","send_msg":"message %d","n":%d}`, sender, n, n))
	return m
}

func withID(m *message.Message, id string) *message.Message {
	m.ID = []byte(id)
	return m
}

// writer is an output.Writer to a Publisher as the command makes one.
func writer(t testing.TB, p *jetstream.Publisher) *output.Writer {
	t.Helper()
	w := output.NewWriter(p, output.Options{Format: jetstream.AppendRecord, Persist: true, Chunk: 1 << 20, Limit: 8 << 20})
	t.Cleanup(func() { closeWriter(t, w) })
	return w
}

func closeWriter(t testing.TB, w *output.Writer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), fatal)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Error("close:", err)
	}
}

// give appends m as soon as there is room.
func give(w *output.Writer, m *message.Message) {
	for !w.Append(m, nil) {
		room := make(chan struct{})
		w.Room(func() { close(room) })
		<-room
	}
}

func openPublisher(t testing.TB, o jetstream.Options) *jetstream.Publisher {
	t.Helper()
	p, err := jetstream.OpenPublisher(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// find returns the texts of the messages that f wants.
func find(t testing.TB, o jetstream.Options, f message.Filter) (texts []string) {
	t.Helper()
	each(t, o, f, func(m *message.Message) { texts = append(texts, string(m.User)+" "+string(m.Text)) })
	return texts
}

func each(t testing.TB, o jetstream.Options, f message.Filter, call func(*message.Message)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), fatal)
	defer cancel()
	a, err := jetstream.OpenArchive(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Query(ctx, f, func(m *message.Message) error { call(m); return nil }); err != nil {
		t.Fatal(err)
	}
}

func wantTexts(t testing.TB, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("found %q, want %q", got, want)
	}
}
