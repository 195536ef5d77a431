package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/seed-067c1534/sigio/internal/sigtest"
	"github.com/seed-067c1534/sigio/internal/spool"
	"github.com/seed-067c1534/sigio/message"
)

// withConfig makes startNATS read a part of a nats-server's configuration file.
func withConfig(t *testing.T, config string) func(*natsserver.Options) {
	return func(o *natsserver.Options) {
		t.Helper()
		path := keyFile(t, t.TempDir(), "nats.conf", config+fmt.Sprintf(
			"\nlisten: \"127.0.0.1:-1\"\njetstream: { store_dir: %q, max_mem: 64MB, max_file: 1GB }\n", o.StoreDir))
		read, err := natsserver.ProcessConfigFile(path)
		if err != nil {
			t.Fatal(err)
		}
		read.NoSigs, read.NoLog = true, true
		*o = *read
	}
}

// ways are all that connects to a nats-server. Each does what it is for with one message.
var ways = map[string]func(ctx context.Context, host, params string) error{
	"output": func(ctx context.Context, host, params string) error {
		plans, err := planOutputs([]string{"nats://" + host + "/LOGS.app?" + params}, "text")
		if err != nil {
			return err
		}
		o, err := openOutputs(plans, io.Discard, false)
		if err != nil {
			return err
		}
		m := message.Message{Text: []byte("one")}
		o.list[0].writer.Append(&m, nil)
		return o.close(ctx)
	},
	"query": func(ctx context.Context, host, params string) error {
		a, err := openNATS(ctx, "//"+host+"/LOGS.app?"+params)
		if err != nil {
			return err
		}
		defer a.Close()
		n := 0
		if err := a.Query(ctx, message.Filter{}, func(*message.Message) error { n++; return nil }); err != nil {
			return err
		}
		if n != 1 {
			return fmt.Errorf("found %d messages", n)
		}
		return nil
	},
	"spool": func(ctx context.Context, host, params string) error {
		o, err := (&spoolOptions{where: "nats://" + host + "?" + params}).plan(nil, 1<<10)
		if err != nil {
			return err
		}
		s, err := spool.Open(ctx, *o, nil)
		if err != nil {
			return err
		}
		m := message.Message{Text: []byte("one")}
		s.Append(&m, nil)
		if err := s.Drain(ctx); err != nil {
			return err
		}
		return s.Close()
	},
}

// TestNATSLogin connects with each kind of credentials, and with wrong ones, in each way. What is
// refused says which option is to blame.
func TestNATSLogin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ours, others := newAuthority(t, dir, "ours"), newAuthority(t, dir, "others")
	serverCert, serverKey := ours.issue("server")
	cert, key := ours.issue("client")
	otherCert, otherKey := others.issue("stranger")
	user, stranger, account := newNKey(t, userKey), newNKey(t, userKey), newNKey(t, accountKey)
	file := func(name, content string) string { return keyFile(t, dir, name, content) }
	tls := fmt.Sprintf("tls: { cert_file: %q, key_file: %q, ca_file: %q", serverCert, serverKey, ours.file)
	away := filepath.Join(dir, "away")
	type attempt struct{ params, want string } // want: what the error says, "" for none
	for _, c := range []struct {
		name, config string
		attempts     []attempt
	}{
		{"nothing", "", []attempt{
			{"", ""},
			{"tls=yes", "the server has no TLS"},
			{"ca=" + ours.file, "the server has no TLS"},
			{"login=" + away, "login=" + away + ": no such file"},
			{"login=" + file("empty", "\n"), "it is empty"},
			{"nkey=" + away, "nkey=" + away + ": no such file"},
			{"nkey=" + file("noseed", "hello"), "nkey=" + filepath.Join(dir, "noseed") + ": "},
			{"creds=" + away, "creds=" + away + ": no such file"},
			{"creds=" + file("nocreds", "hello"), "there is no NATS USER JWT in it"},
			{"ca=" + away, "ca=" + away + ": no such file"},
			{"ca=" + file("noca", "hello"), "ca=" + filepath.Join(dir, "noca") + ": "},
			{"cert=" + away + "&key=" + key, "cert=" + away + ": no such file"},
			{"cert=" + cert + "&key=" + otherKey, "cert=" + cert + ": "},
			{"cert=" + cert, "cert and key belong together"},
		}},
		{"password", `authorization: { user: u, password: "p:q" }`, []attempt{
			{"login=" + file("password", "u:p:q\n"), ""},
			{"", "name a file with login, nkey or creds"},
			{"login=" + file("wrongpassword", "u:x"), "refuses what is in login=" + filepath.Join(dir, "wrongpassword")},
			{"login=" + file("atoken", "u"), "refuses what is in login="},
		}},
		{"permission", `authorization: { users: [ { user: u, password: p, permissions: { publish: { deny: [ "$JS.API.STREAM.INFO.>" ] } } } ] }`, []attempt{
			{"timeout=2s&login=" + file("mayless", "u:p"), "ermissions Violation for Publish to \"$JS.API.STREAM.INFO."},
		}},
		{"token", `authorization: { token: s3cret }`, []attempt{
			{"login=" + file("token", "s3cret"), ""},
			{"login=" + file("wrongtoken", "secret"), "refuses what is in login="},
			{"nkey=" + file("seed0", user.seed), "nkey=" + filepath.Join(dir, "seed0")},
		}},
		{"nkey", fmt.Sprintf("authorization: { users: [ { nkey: %s } ] }", user.public), []attempt{
			{"nkey=" + file("seed", user.seed+"\n"), ""},
			{"nkey=" + file("strangers", stranger.seed), "refuses the key in nkey=" + filepath.Join(dir, "strangers")},
			{"nkey=" + file("accounts", account.seed), "nkey=" + filepath.Join(dir, "accounts") + ": "},
		}},
		{"creds", operated(t, account), []attempt{
			{"creds=" + file("creds", account.credentials(t)), ""},
			{"creds=" + file("wrongcreds", newNKey(t, accountKey).credentials(t)), "refuses the credentials in creds=" + filepath.Join(dir, "wrongcreds")},
			{"", "name a file with login, nkey or creds"},
		}},
		{"tls", tls + "}", []attempt{
			{"ca=" + ours.file, ""},
			{"ca=" + others.file, "ca=" + others.file + " has not signed"},
			{"tls=yes", "name the right one with ca"},
			{"", "name the right one with ca"},
		}},
		{"client certificate", tls + ", verify: true }", []attempt{
			{"ca=" + ours.file + "&cert=" + cert + "&key=" + key, ""},
			{"ca=" + ours.file, "the server wants a certificate"},
			{"ca=" + ours.file + "&cert=" + otherCert + "&key=" + otherKey, "does not accept cert=" + otherCert},
		}},
		{"all at once", tls + ", verify: true }\n" + operated(t, account), []attempt{
			{"ca=" + ours.file + "&cert=" + cert + "&key=" + key + "&creds=" + filepath.Join(dir, "creds"), ""},
			{"ca=" + ours.file + "&cert=" + cert + "&key=" + key, "name a file with login, nkey or creds"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			nats := startNATS(t, withConfig(t, c.config))
			ctx, cancel := context.WithTimeout(t.Context(), sigtest.Fatal)
			defer cancel()
			for _, a := range c.attempts {
				for _, way := range []string{"output", "query", "spool"} { // query finds what output has published
					err := ways[way](ctx, nats.host(), a.params)
					switch {
					case a.want == "" && err != nil:
						t.Errorf("%s with %s: %v", way, a.params, err)
					case a.want != "" && (err == nil || !strings.Contains(err.Error(), a.want)):
						t.Errorf("%s with %s: %v; want %s", way, a.params, err, a.want)
					}
				}
			}
		})
	}
}
