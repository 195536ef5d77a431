package web

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/seed-067c1534/sigio/receiver"
)

// metric is one name of /metrics.
type metric struct {
	desc       *prometheus.Desc
	kind       prometheus.ValueType
	name, help string
	labels     []string
}

// described is every metric that is made of the account, in the order of the
// documentation.
var described []metric

func newMetric(kind prometheus.ValueType, name, help string, labels ...string) metric {
	name = "sigio_" + name
	m := metric{prometheus.NewDesc(name, help, labels, nil), kind, name, help, labels}
	described = append(described, m)
	return m
}

func counter(name, help string, labels ...string) metric {
	return newMetric(prometheus.CounterValue, name, help, labels...)
}

func gauge(name, help string, labels ...string) metric {
	return newMetric(prometheus.GaugeValue, name, help, labels...)
}

var (
	buildInfo = gauge("build_info", "1, with the version of the program as a label.", "version")
	ready     = gauge("ready", "1 if messages are taken and go out, as /readyz says, 0 if not.")

	received    = counter("messages_received_total", "Messages whose outcome is known: delivered and rejected together.", "listener")
	delivered   = counter("messages_delivered_total", "Messages that the outputs have delivered.", "listener")
	rejected    = counter("messages_rejected_total", "Messages that were lost, by cause.", "listener", "cause")
	pending     = gauge("messages_pending", "Messages that were received and whose outcome is not known yet.", "listener")
	kernelDrops = counter("kernel_dropped_datagrams_total", "Datagrams that the kernel dropped before they could be read, mostly because the receive buffer was full.", "listener")
	buffer      = gauge("receive_buffer_bytes", "Receive buffer that the kernel granted to each of the UDP sockets.", "listener")

	accepted = counter("connections_accepted_total", "Connections accepted.", "listener")
	open     = gauge("connections_open", "Connections that are open.", "listener")
	closed   = counter("connections_closed_total", "Connections that have ended, by cause.", "listener", "cause")
	failures = counter("accept_failures_total", "Calls of accept that failed for want of descriptors or memory; the connections waited.", "listener")

	listenerSignals = counter("listener_signals_total", "Signals for descriptors of the listener.", "listener")
	listenerMerged  = counter("listener_signals_merged_total", "Signals that joined the event of another signal, by listener.", "listener")

	signalKinds = counter("signals_total", "Signals taken off the loops' queues, by kind.", "kind")
	signals     = counter("signals_received_total", "Signals taken off the loops' queues.")
	merged      = counter("signals_merged_total", "Signals that joined the event of another signal.")
	stale       = counter("signals_stale_total", "Signals for a descriptor that is not watched any more.")
	foreign     = counter("signals_foreign_total", "Signals that neither the kernel nor the loop has sent.")
	overflows   = counter("signal_overflows_total", "Marks of the kernel that it could not queue a signal.")
	sweeps      = counter("signal_sweeps_total", "Looks at every descriptor, because signals were lost.")

	written      = counter("output_written_total", "Messages written to the last byte.", "output")
	writtenBytes = counter("output_written_bytes_total", "Bytes written.", "output")
	lost         = counter("output_lost_total", "Messages that the output has not written, by cause.", "output", "cause")
	queued       = gauge("output_queue_messages", "Messages that wait in the output's queue.", "output")
	queuedBytes  = gauge("output_queue_bytes", "Bytes of the messages that wait in the output's queue.", "output")
	retries      = counter("output_retries_total", "Writes that failed and were to be tried again.", "output")
	stalled      = gauge("output_stalled", "1 if the most recent write failed, 0 if not.", "output")
	failed       = gauge("output_failed", "1 if the output takes nothing any more, 0 if it does.", "output")
	details      = counter("output_events_total", "What is special to the kind of output, such as rotations of a file.", "output", "event")

	spoolFull     = gauge("spool_full", "1 if nothing can be stored, because the spool's bound is reached or the disk is full; 0 if it can.", "spool")
	spoolRecords  = gauge("spool_records", "Records in the spool, each of one or more messages.", "spool")
	spoolBytes    = gauge("spool_bytes", "Bytes of the records in the spool.", "spool")
	spoolMax      = gauge("spool_max_bytes", "Bytes that the spool may hold.", "spool")
	spoolOldest   = gauge("spool_oldest_timestamp_seconds", "When the oldest record was stored, in Unix time; 0 if there is none.", "spool")
	spoolRestarts = counter("spool_restarts_total", "Times that the embedded store was started again, because it could not write.", "spool")
	spoolBehind   = gauge("spool_behind_records", "Records that the output has not written yet.", "output")
	spoolMissing  = counter("spool_missing_messages_total", "Messages that were gone from the spool when it was their turn: too old, or damaged.", "output")

	viewers = gauge("page_viewers", "Browsers that have the live page open.")
	dropped = counter("page_dropped_updates_total", "Updates of the live page that browsers were too slow for.")

	latency = newMetric(prometheus.UntypedValue, "message_latency_seconds",
		"Time from a message's arrival to its delivery by all outputs, of one message in a millisecond.")
)

// metrics is the handler of /metrics.
func (s *Server) metrics() http.Handler {
	return promhttp.HandlerFor(s.registry(), promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

func (s *Server) registry() *prometheus.Registry {
	r := prometheus.NewRegistry()
	r.MustRegister(collector{s}, collectors.NewProcessCollector(collectors.ProcessCollectorOpts{Namespace: "sigio"}))
	return r
}

// collector makes metrics of an account. It counts nothing by itself, so that
// /metrics, the page and --stats cannot differ.
type collector struct{ s *Server }

// Describe implements prometheus.Collector.
func (c collector) Describe(out chan<- *prometheus.Desc) {
	for _, m := range described {
		out <- m.desc
	}
}

// sample is one line of /metrics.
type sample struct {
	metric
	values []string // of its labels
	n      uint64
}

// Collect implements prometheus.Collector.
func (c collector) Collect(out chan<- prometheus.Metric) {
	// Summed up by name and labels: an address that was given up and taken again, by
	// a reload, is in the account twice.
	sums := map[string]*sample{}
	put := func(m metric, n uint64, labels ...string) {
		key := m.name + "\x00" + strings.Join(labels, "\x00")
		if sums[key] == nil {
			sums[key] = &sample{m, labels, 0}
		}
		sums[key].n += n
	}
	a := c.s.config.Account()
	put(buildInfo, 1, c.s.config.Version)
	put(ready, one(len(c.s.problems(&a)) == 0))
	for i := range a.Listeners {
		l := &a.Listeners[i]
		collectCounts(put, l.Address, &l.Counts)
		if l.ReceiveBuffer > 0 {
			put(buffer, uint64(l.ReceiveBuffer), l.Address)
		}
	}
	for kind, n := range c.s.kinds.read() {
		put(signalKinds, n, kindNames[kind])
	}
	put(signals, a.Signals.Received)
	put(merged, a.Signals.Merged)
	put(stale, a.Signals.Stale)
	put(foreign, a.Signals.Foreign)
	put(overflows, a.Signals.Overflows)
	put(sweeps, a.Signals.Sweeps)
	for i := range a.Outputs {
		collectOutput(put, &a.Outputs[i])
	}
	if a.Spool != nil {
		collectSpool(put, a.Spool)
	}
	put(viewers, uint64(c.s.hub.viewers()))
	put(dropped, c.s.hub.dropped.Load())
	for _, v := range sums {
		out <- prometheus.MustNewConstMetric(v.desc, v.kind, float64(v.n), v.values...)
	}
	l := c.s.latency.read()
	count, byBound := l.cumulative()
	out <- prometheus.MustNewConstHistogram(latency.desc, count, l.sum.Seconds(), byBound)
}

func collectCounts(put func(metric, uint64, ...string), listener string, n *receiver.Counts) {
	put(received, n.Received, listener)
	put(delivered, n.Delivered, listener)
	putCauses(put, rejected, n.Rejected, listener, causesOf(inReceiver|inOutput))
	put(pending, n.Pending, listener)
	put(kernelDrops, n.KernelDrops, listener)
	put(accepted, n.Connections.Accepted, listener)
	put(open, n.Connections.Open, listener)
	putCauses(put, closed, n.Connections.Closed, listener, endsAt(listener))
	put(failures, n.Connections.AcceptFailures, listener)
	put(listenerSignals, n.Signals.Received, listener)
	put(listenerMerged, n.Signals.Merged, listener)
}

func collectOutput(put func(metric, uint64, ...string), o *Output) {
	put(written, o.Written, o.Name)
	put(writtenBytes, o.WrittenBytes, o.Name)
	putCauses(put, lost, o.LostBy, o.Name, causesOf(inOutput))
	put(queued, uint64(o.Pending), o.Name)
	put(queuedBytes, uint64(o.PendingBytes), o.Name)
	put(retries, o.Retries, o.Name)
	put(stalled, one(o.Stalled), o.Name)
	put(failed, one(o.Failed), o.Name)
	for _, name := range slices.Sorted(maps.Keys(o.Details)) {
		put(details, o.Details[name], o.Name, name)
	}
}

func collectSpool(put func(metric, uint64, ...string), s *Spool) {
	put(spoolFull, one(s.Full), s.Name)
	put(spoolRecords, s.Records, s.Name)
	put(spoolBytes, s.Bytes, s.Name)
	put(spoolMax, s.MaxBytes, s.Name)
	put(spoolOldest, uint64(s.Oldest), s.Name)
	put(spoolRestarts, s.Restarts, s.Name)
	for _, o := range s.Outputs {
		put(spoolBehind, o.Behind, o.Name)
		put(spoolMissing, o.Missing, o.Name)
	}
}

// putCauses puts those of counts, and 0 for the others that are known: a rate needs
// to see a counter before it is counted up.
func putCauses(put func(metric, uint64, ...string), m metric, counts map[string]uint64, label string, known []string) {
	for _, cause := range known {
		if _, there := counts[cause]; !there {
			put(m, 0, label, cause)
		}
	}
	for cause, n := range counts {
		put(m, n, label, cause)
	}
}

// endsAt are the ends that connections at a listener can have.
func endsAt(listener string) []string {
	if strings.HasPrefix(listener, "udp:") || strings.HasPrefix(listener, "unixgram:") {
		return nil
	}
	return causesOf(ofConnection)
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
