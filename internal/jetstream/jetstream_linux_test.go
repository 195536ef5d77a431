package jetstream_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	natsjs "github.com/nats-io/nats.go/jetstream"

	"github.com/seed-067c1534/sigio/internal/jetstream"
	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/message"
	"github.com/seed-067c1534/sigio/output"
)

// TestConsumersReadLines looks at what is published with no help of ours.
func TestConsumersReadLines(t *testing.T) {
	o := options(startServer(t))
	p := openPublisher(t, o)
	w := writer(t, p)
	for n := range 3 {
		give(w, numbered("alice", n))
	}
	give(w, withID(numbered("bob", 3), "b3"))
	closeWriter(t, w)

	conn, err := nats.Connect(o.Servers)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := natsjs.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), fatal)
	defer cancel()
	consumer, err := js.OrderedConsumer(ctx, "LOGS", natsjs.OrderedConsumerConfig{})
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	for lines < 4 {
		m, err := consumer.Next(natsjs.FetchMaxWait(fatal))
		if err != nil {
			t.Fatal(err)
		}
		if m.Subject() != "LOGS.app" || m.Headers().Get(nats.MsgIdHdr) == "" {
			t.Errorf("subject %s, headers %v", m.Subject(), m.Headers())
		}
		for line := range bytes.Lines(m.Data()) {
			var got struct {
				Text string `json:"send_msg"`
				N    int
			}
			if err := json.Unmarshal(line, &got); err != nil || got.N != lines || got.Text != fmt.Sprintf("message %d", lines) {
				t.Errorf("line %d is %s (%v)", lines, line, err)
			}
			lines++
		}
	}
}

// TestQueryReturnsWhatWasPublished compares each message with what comes back.
func TestQueryReturnsWhatWasPublished(t *testing.T) {
	o := options(startServer(t))
	w := writer(t, openPublisher(t, o))
	var want []string
	for _, body := range []string{
		`{"send_user":"a\"b","send_time":"t","send_msg":"line\nline","peer":"mine","_peer":1,"x":{"y":[1,2.50]},"big":12345678901234567890}`,
		`not an object`,
		"\xff\xfe bytes",
		`{"send_user":"u","send_time":"t","send_msg":"m","send_id":"7"}`,
		`{"send_user":"u","send_time":"t","send_msg":"m","raw":true,"received_at":"never"}`,
	} {
		m := &message.Message{Transport: "udp", ReceivedAt: time.Now().UTC()}
		m.Parse([]byte(body))
		want = append(want, string(message.AppendJSON(nil, m)))
		give(w, m)
	}
	closeWriter(t, w)
	var got []string
	each(t, o, message.Filter{}, func(m *message.Message) { got = append(got, string(message.AppendJSON(nil, m))) })
	if strings.Join(got, "") != strings.Join(want, "") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, ""), strings.Join(want, ""))
	}
}

func TestFilters(t *testing.T) {
	o := options(startServer(t))
	o.Group = 1
	w := writer(t, openPublisher(t, o))
	begin := time.Now().Add(-time.Hour)
	for n := range 2000 {
		m := numbered([]string{"alice", "bob"}[n%2], n)
		m.ReceivedAt = begin.Add(time.Duration(n) * time.Second)
		give(w, m)
	}
	closeWriter(t, w)
	bob := "bob"
	wantTexts(t, find(t, o, message.Filter{Limit: 2}), "alice message 1998", "bob message 1999")
	wantTexts(t, find(t, o, message.Filter{Limit: 2, User: &bob}), "bob message 1997", "bob message 1999")
	wantTexts(t, find(t, o, message.Filter{Text: "sage 17", Limit: 3, Until: begin.Add(1702 * time.Second)}),
		"bob message 179", "alice message 1700", "bob message 1701")
	wantTexts(t, find(t, o, message.Filter{Since: begin.Add(1998 * time.Second)}), "alice message 1998", "bob message 1999")
	if n := len(find(t, o, message.Filter{})); n != 2000 {
		t.Errorf("found %d of 2000", n)
	}
}

func TestFollow(t *testing.T) {
	o := options(startServer(t))
	w := writer(t, openPublisher(t, o))
	give(w, numbered("a", 0))
	closeWriter(t, w)
	ctx, cancel := context.WithTimeout(context.Background(), fatal)
	defer cancel()
	a, err := jetstream.OpenArchive(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Query(ctx, message.Filter{}, func(*message.Message) error { return nil }); err != nil {
		t.Fatal(err)
	}
	w = writer(t, openPublisher(t, o))
	give(w, numbered("a", 1))
	stop := errors.New("stop")
	err = a.Follow(ctx, message.Filter{}, func(m *message.Message) error {
		if string(m.Text) != "message 1" {
			t.Errorf("got %q", m.Text)
		}
		return stop
	})
	if err != stop {
		t.Error("follow:", err)
	}
}

// TestSameSendIDIsStoredOnce publishes by two publishers, as after a resend to another receiver.
func TestSameSendIDIsStoredOnce(t *testing.T) {
	o := options(startServer(t))
	for range 2 {
		p := openPublisher(t, o)
		w := writer(t, p)
		for n := range 5 {
			give(w, withID(numbered("a", n), fmt.Sprint("id ", n)))
			give(w, withID(numbered("b", n), fmt.Sprint("id ", n))) // another user's id is another
		}
		closeWriter(t, w)
	}
	if n := len(find(t, o, message.Filter{})); n != 10 {
		t.Errorf("%d messages are stored, want 10", n)
	}
}

// TestServerRestartsUnderLoad stops the server and starts it again while messages come.
func TestServerRestartsUnderLoad(t *testing.T) {
	s := startServer(t)
	o := options(s)
	o.Group = 2000
	p := openPublisher(t, o)
	w := writer(t, p)
	const senders, total = 4, 40000
	var sending sync.WaitGroup
	quarter := make(chan struct{}, 3*senders)
	for i := range senders {
		sending.Go(func() {
			for n := range total / senders {
				m := numbered(fmt.Sprint("sender", i), n)
				if n%3 == 0 {
					m.ID = fmt.Appendf(nil, "%d", n)
				}
				give(w, m)
				if n%(total/senders/4) == 1 && n > 1 {
					quarter <- struct{}{}
				}
			}
		})
	}
	for range 3 {
		<-quarter
		s.stop()
		s.start()
	}
	sending.Wait()
	closeWriter(t, w)
	next := map[string]int{}
	each(t, o, message.Filter{}, func(m *message.Message) {
		user := string(m.User)
		if want := fmt.Sprintf("message %d", next[user]); string(m.Text) != want {
			t.Fatalf("%s: %s, want %s", user, m.Text, want)
		}
		next[user]++
	})
	for i := range senders {
		if n := next[fmt.Sprint("sender", i)]; n != total/senders {
			t.Errorf("sender %d: %d messages of %d", i, n, total/senders)
		}
	}
	if st := p.Stats(); st.Connects < 2 {
		t.Errorf("%d connections: the server was never away", st.Connects)
	}
}

// TestStartsWithoutServer opens an output whose server comes later.
func TestStartsWithoutServer(t *testing.T) {
	s := startServer(t)
	o := options(s)
	s.stop()
	p := openPublisher(t, o)
	w := writer(t, p)
	give(w, numbered("a", 0))
	sigtest.Until(t, "a write to fail", func() bool { return w.Stats().Stalled })
	s.start()
	closeWriter(t, w)
	wantTexts(t, find(t, o, message.Filter{}), "a message 0")
}

func TestRefusals(t *testing.T) {
	s := startServer(t, func(o *server.Options) { o.Username, o.Password = "u", "p" })
	o := options(s)
	if _, err := jetstream.OpenPublisher(o); !errors.Is(err, nats.ErrAuthorization) {
		t.Errorf("without a password: %v", err)
	}
	o.Servers = strings.Replace(o.Servers, "//", "//u:p@", 1)
	openPublisher(t, o)
	o.Subject = "OTHER.app"
	if _, err := jetstream.OpenPublisher(o); err == nil || !strings.Contains(err.Error(), "nats stream edit") {
		t.Errorf("another subject: %v", err)
	}
	o.Stream = "NONE"
	if _, err := jetstream.OpenArchive(t.Context(), o); err == nil || !strings.Contains(err.Error(), "there is no stream NONE") {
		t.Errorf("no stream: %v", err)
	}
}

// TestMayNotPublish has a login that may do all but what it is for. The server says so once, in
// passing, and does not acknowledge.
func TestMayNotPublish(t *testing.T) {
	s := startServer(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "u", Password: "p", Permissions: &server.Permissions{
			Publish: &server.SubjectPermission{Deny: []string{"LOGS.app"}}}}}
	})
	o := options(s)
	o.Timeout = fatal // what is said must not wait for that
	o.Servers = strings.Replace(o.Servers, "//", "//u:p@", 1)
	w := output.NewWriter(openPublisher(t, o), output.Options{Format: jetstream.AppendRecord, Persist: true})
	give(w, numbered("a", 0))
	sigtest.Until(t, "a refusal", func() bool { return errors.Is(w.Stats().LastError, nats.ErrPermissionViolation) })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.Close(ctx)
}
