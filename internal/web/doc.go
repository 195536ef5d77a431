// Package web shows a running receiver to people and to machines, over HTTP: the
// live page at /, /metrics for Prometheus, /healthz and /readyz, and profiles where
// they are asked for.
//
// It watches and never takes part. A [Server.Tap] stands between a receiver and its
// output; while nobody looks it costs two comparisons for a message, and while
// somebody does, a few hundred messages in a second are copied. What is shown goes
// into buffers that are bounded, and what a slow browser does not take in time is
// dropped and counted: nothing here ever makes the receiver wait.
//
// Who can reach the address sees the messages. So it is a loopback address or a Unix
// socket unless the operator says otherwise ([Listen]), a request must name a host
// that is meant, and the page's security policy keeps its scripts to this origin.
package web
