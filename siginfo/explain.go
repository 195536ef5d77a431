package siginfo

// Explain says in one plain sentence what the signal means to a program that
// asked for it: for an I/O signal what may have happened on the descriptor, for
// others where they come from. The wording is for people and may change.
func (i Info) Explain() string {
	if i.Signo == sigIO && i.Code == Kernel {
		return "An I/O signal was lost, because the user's queue of pending signals is full (RLIMIT_SIGPENDING), " +
			"or none but plain SIGIO was asked for: which descriptor is ready is unknown, so look at all of them."
	}
	switch i.layout() {
	case layoutPoll:
		return explainPoll(i.Code)
	case layoutChild:
		return "A child process has ended, stopped or continued; one signal may stand for several children."
	case layoutFault:
		return "An instruction of the program itself went wrong at this address."
	case layoutMemory:
		return "The hardware found an uncorrectable memory error at this address."
	case layoutSys:
		return "A system call was refused by a seccomp filter or handed back to the program."
	}
	return explainOrigin(i.Code)
}

func explainPoll(c Code) string {
	switch c {
	case PollIn:
		return "There is probably something to read: data, a connection to accept, or the end of the stream."
	case PollOut:
		return "There is probably room to write again, or a connect has finished."
	case PollMsg:
		return "Another process wants a file that is held under a lease, or something changed in a watched directory."
	case PollErr:
		return "The descriptor has an error to fetch, or an entry in its error queue (ICMP, time stamp, zero-copy)."
	case PollPri:
		return "Urgent (out-of-band) data has arrived."
	case PollHup:
		return "Both directions are closed, but data that came before may still be there to read."
	}
	return "Something happened on the descriptor; the band says what."
}

func explainOrigin(c Code) string {
	switch c {
	case User:
		return "A process sent it with kill(2)."
	case Kernel:
		return "The kernel sent it and says no more."
	case Queue:
		return "A process sent it with sigqueue(3), together with a value."
	case Timer:
		return "A POSIX timer has expired."
	case MesgQ:
		return "A message has arrived in an empty POSIX message queue."
	case AsyncIO:
		return "An asynchronous I/O request has finished."
	case TKill:
		return "A thread sent it to one thread with tgkill(2) or raise(3)."
	case DeThread:
		return "A thread called execve(2), which ends all others."
	case AsyncNL:
		return "A name lookup in the background has finished (getaddrinfo_a(3))."
	}
	if c < User {
		return "A process sent it with a code of its own choosing."
	}
	return "The kernel sent it with a code that has no name here."
}
