// What handing out a batch of signals costs in C: the floor for the dispatch
// workload. It does what peer/rawsignal does in Go, in the same rounds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 256, GROUPS = 4, ROUNDS = 4000, SIGNO = 40 };

static int ours[BATCH * GROUPS], theirs[BATCH * GROUPS], calls[1 << 16];
static double took[ROUNDS];
static struct signalfd_siginfo records[BATCH];

static void check(int ok, const char *what) {
	if (!ok) {
		perror(what);
		exit(1);
	}
}

static void arm(int fd) {
	struct f_owner_ex owner = {F_OWNER_TID, (int)syscall(SYS_gettid)};
	int on = 1;
	check(fcntl(fd, F_SETOWN_EX, &owner) == 0, "F_SETOWN_EX");
	check(fcntl(fd, F_SETSIG, SIGNO) == 0, "F_SETSIG");
	check(ioctl(fd, FIOASYNC, &on) == 0, "FIOASYNC");
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
	double d = *(const double *)a - *(const double *)b;
	return d < 0 ? -1 : d > 0;
}

int main(void) {
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGNO);
	sigaddset(&mask, SIGIO);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	int signals = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	check(signals >= 0, "signalfd");
	for (int i = 0; i < BATCH * GROUPS; i++) {
		int pair[2];
		check(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
		theirs[i] = pair[0];
		ours[i] = pair[1];
		arm(theirs[i]);
	}
	long received = 0;
	char byte = 0;
	for (int round = 0; round < ROUNDS; round++) {
		int last = (round + GROUPS - 1) % GROUPS * BATCH, this = round % GROUPS * BATCH;
		for (int i = 0; i < BATCH; i++)
			if (read(theirs[last + i], &byte, 1) < 0) continue;
		for (int i = 0; i < BATCH; i++)
			check(write(ours[this + i], &byte, 1) == 1, "write");
		int n = 0;
		double start = now();
		while (n < BATCH) {
			ssize_t size = read(signals, records, sizeof records);
			int taken = size < 0 ? 0 : (int)(size / (ssize_t)sizeof records[0]);
			for (int i = 0; i < taken; i++) calls[records[i].ssi_fd & 0xffff]++;
			n += taken;
		}
		took[round] = now() - start;
		received += n;
	}
	qsort(took, ROUNDS, sizeof took[0], ascending);
	printf("{\"ns\": %.2f, \"signals\": %.3f}\n", took[ROUNDS / 2] / BATCH, (double)received / ((double)ROUNDS * BATCH));
	return 0;
}
