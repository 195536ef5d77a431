package sigio

import "github.com/seed-067c1534/sigio/internal/sys"

func (q *signalQueue) Own(fd int) error {
	if err := sys.SetOwnerThread(fd, int(q.tid.Load())); err != nil {
		return err
	}
	return sys.SetSignal(fd, q.signo)
}

func (q *signalQueue) Disown(fd int) error { return disown(fd) }

func (p *plainSIGIO) Own(fd int) error {
	if err := sys.SetSignal(fd, 0); err != nil {
		return err
	}
	return sys.SetOwnerProcess(fd)
}

func (p *plainSIGIO) Disown(fd int) error { return disown(fd) }

func disown(fd int) error {
	if err := sys.SetOwnerThread(fd, 0); err != nil { // 0: nobody
		return err
	}
	return sys.SetSignal(fd, 0)
}
