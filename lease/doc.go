// Package lease holds leases on files: the kernel's promise to tell, by a signal,
// before another process may open the file, and to make that process wait until
// the holder has put its house in order (fcntl(2), "Leases"). Samba and NFS servers
// let clients cache a file under one; any program can that keeps a file's contents
// in memory, or changes of it that are not written yet.
//
//	held, err := lease.Take(loop, file, lease.Write)
//	...
//	wanted, err := held.Wait(ctx)  // another process has called open(2), and sleeps in it
//	...                            // write back what was only in memory
//	err = held.Release()           // now its open(2) returns
//
// With a [Read] lease the holder is told before anybody opens the file for writing
// or truncates it; with a [Write] lease before anybody opens it at all. Renaming,
// linking, removing, chmod(2) and the like break no lease.
//
// # Who can have one
//
// The file is a regular one that belongs to the process's user (or the process has
// CAP_LEASE). For a read lease nobody may have it open for writing, not even the
// holder; for a write lease nobody else may have it open, another descriptor of
// the holder's from a second open(2) included. Network and FUSE file systems refuse
// leases or grant them under conditions of their own.
//
// # The deadline
//
// The kernel waits for /proc/sys/fs/lease-break-time, 45 seconds as a rule. Then it
// takes the lease away without a word and lets the other process in. A Lease
// notices that by a timer of its own: its methods return [ErrLost].
//
// # Whose break it is
//
// An opener that is not willing to wait (O_NONBLOCK) gets EWOULDBLOCK, and breaks
// the lease all the same; so does the holder's own process, and waits for itself if
// the goroutine that opens is the one that should release.
//
// Linux only: elsewhere [Take] returns errors.ErrUnsupported.
package lease
