package jetstream_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/seed-067c1534/sigio/message"
)

// BenchmarkPublish publishes to a server over TCP, with and without a send_id.
func BenchmarkPublish(b *testing.B) {
	for _, ids := range []bool{false, true} {
		b.Run(fmt.Sprint("send_id=", ids), func(b *testing.B) {
			o := options(startServer(b))
			w := writer(b, openPublisher(b, o))
			var m message.Message
			m.Transport = "tcp"
			m.Parse([]byte(`{"send_user":"user0042","send_time":"2026-11-22 21:14:00","send_msg":"a message of some hundred bytes, as they are: 0123456789 0123456789"}`))
			begun := time.Now()
			for n := range b.N {
				if ids {
					m.ID = fmt.Appendf(m.ID[:0], "id-%d", n)
				}
				give(w, &m)
			}
			closeWriter(b, w)
			b.ReportMetric(float64(b.N)/time.Since(begun).Seconds(), "messages/s")
		})
	}
}
