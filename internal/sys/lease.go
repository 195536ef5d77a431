package sys

// LeaseKind is what a lease of fcntl(2) allows its holder to take for granted.
type LeaseKind int

const (
	NoLease    LeaseKind = iota // F_UNLCK: nothing
	ReadLease                   // F_RDLCK: nobody else writes
	WriteLease                  // F_WRLCK: nobody else reads or writes
)
