package web

import (
	"time"

	"github.com/seed-067c1534/sigio/receiver"
)

// Account is the state of the receiver and its outputs at one moment. Its JSON has
// the names of the file that `sigio serve --stats` writes.
type Account struct {
	At time.Time `json:"at"`
	receiver.Stats
	Outputs []Output `json:"outputs"`
	Spool   *Spool   `json:"spool,omitempty"` // nil: the outputs take messages at once
}

// Output is the account of one output. At every moment the messages that it was
// given are Written + Lost + Pending.
type Output struct {
	Name         string            `json:"output"`
	Written      uint64            `json:"written"`
	WrittenBytes uint64            `json:"written_bytes"`
	Lost         uint64            `json:"lost"`
	LostBy       map[string]uint64 `json:"lost_by"`
	Pending      int               `json:"pending"`
	PendingBytes int               `json:"pending_bytes"`
	Retries      uint64            `json:"retries"`
	Stalled      bool              `json:"stalled"`              // the most recent write failed
	Failed       bool              `json:"failed,omitempty"`     // it takes nothing any more
	LastError    string            `json:"last_error,omitempty"` // of the most recent write that failed
	Details      map[string]uint64 `json:"details,omitempty"`    // what is special to its kind
}

// Spool is the account of the store between the receiver and the outputs. What waits to be stored
// is an Output's account.
type Spool struct {
	Name     string        `json:"spool"`
	Full     bool          `json:"full"`      // nothing can be stored: its bound is reached, or the disk is full
	Records  uint64        `json:"records"`   // stored, each of one or more messages
	Bytes    uint64        `json:"bytes"`     // of these
	MaxBytes uint64        `json:"max_bytes"` // the bound
	Oldest   int64         `json:"oldest"`    // when the oldest was stored, in Unix seconds; 0 if there is none
	Restarts uint64        `json:"restarts"`  // of the embedded store, after it could not write
	Outputs  []SpoolOutput `json:"outputs"`
}

// SpoolOutput says how far an output is with what is stored.
type SpoolOutput struct {
	Name    string `json:"output"`
	Behind  uint64 `json:"behind"`  // records that it has not written yet
	Missing uint64 `json:"missing"` // messages that were gone from the store when it was their turn
}
