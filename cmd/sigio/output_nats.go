package main

import (
	"net"
	"strings"
	"time"

	"github.com/seed-067c1534/sigio/internal/jetstream"
)

// natsChunk is what is published before the acknowledgements are waited for.
const natsChunk = 1 << 20

// planNATS reads nats://host[:port][,host[:port]]/STREAM.subject.
func planNATS(u *outputURL, _ string) *outputPlan {
	p := planQueue(u, queueSize)
	p.options.Persist = true
	p.options.Format = jetstream.AppendRecord
	p.options.Chunk = natsChunk
	o := natsOptions(u)
	o.Replicas = u.count("replicas")
	o.MaxBytes = u.size("max-bytes", 0)
	o.MaxAge = u.duration("max-age", 0)
	o.Window = u.duration("window", jetstream.DefaultWindow)
	if u.values.Get("group") == "none" {
		u.take("group")
		o.Group = 1
	} else {
		o.Group = int(min(u.size("group", jetstream.DefaultGroup), 512<<10))
	}
	p.open = func() (sink, error) { return jetstream.OpenPublisher(o) }
	p.details = func(s sink) (map[string]uint64, error) {
		st := s.(*jetstream.Publisher).Stats()
		return map[string]uint64{
			"published": st.Published, "duplicates": st.Duplicates, "too_large": st.TooLarge, "connects": st.Connects,
		}, nil
	}
	return p
}

// natsOptions reads where a stream is and how to get there.
func natsOptions(u *outputURL) (o jetstream.Options) {
	hosts, subject, _ := strings.Cut(u.path, "/")
	o = natsServers(u, hosts)
	o.Subject = subject
	o.Stream, _, _ = strings.Cut(subject, ".")
	if (o.Stream == "" || strings.ContainsAny(subject, " */>?#") || strings.HasSuffix(subject, ".") || strings.Contains(subject, "..")) && u.err == nil {
		u.err = usagef("%s: want nats://HOST/STREAM.subject, such as nats://localhost/LOGS.app", u.text)
	}
	return o
}

// natsServers reads the servers and the files with which they are to be convinced.
func natsServers(u *outputURL, hosts string) (o jetstream.Options) {
	scheme := "nats://"
	if u.choice("tls", "no", "yes") == "yes" {
		scheme = "tls://"
	}
	var list []string
	for host := range strings.SplitSeq(hosts, ",") {
		if strings.Contains(host, "@") && u.err == nil {
			u.err = usagef("%s: no passwords here, where every process can read them: put them into a file, and name it with login=, creds= or nkey=", scheme+"...@...")
		}
		if host == "" && u.err == nil {
			u.err = usagef("%s: there is no host: want nats://HOST[:PORT], several with commas between", u.text)
		}
		if _, _, err := net.SplitHostPort(host); err != nil {
			host = net.JoinHostPort(strings.Trim(host, "[]"), jetstream.DefaultPort)
		}
		list = append(list, scheme+host)
	}
	o.Servers = strings.Join(list, ",")
	o.Login = u.take("login")
	o.Credentials, o.NKey = u.take("creds"), u.take("nkey")
	o.CA, o.Cert, o.Key = u.take("ca"), u.take("cert"), u.take("key")
	if (o.Cert == "") != (o.Key == "") && u.err == nil {
		u.err = usagef("%s: cert and key belong together", u.text)
	}
	o.Timeout = u.duration("timeout", jetstream.DefaultTimeout)
	if o.Timeout < 10*time.Millisecond {
		u.wrong("timeout", "want a time such as 5s")
	}
	return o
}
