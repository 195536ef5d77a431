// A program of C that has handlers, threads and signals of its own, and a library
// that receives signals in Go. Ends with 0 if both get what is theirs.
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern int start(void);
extern int next(int *signo, int *pid, int *value);
extern void stop(void);

static volatile sig_atomic_t hups, usr2s;
static void on_hup(int s) { (void)s; hups++; }
static void on_usr2(int s) { (void)s; usr2s++; }

static void fail(const char *what, int a, int b) {
	fprintf(stderr, "%s: %d %d\n", what, a, b);
	exit(1);
}

static void expect(int signo, int value) {
	int got, pid, v;
	if (next(&got, &pid, &v)) fail("next", signo, value);
	if (got != signo || pid != getpid() || v != value) fail("got", got, v);
}

// The signals are for this thread, which Go has never seen.
static void *send_all(void *arg) {
	(void)arg;
	pthread_kill(pthread_self(), SIGUSR1);
	union sigval v = {.sival_int = 0};
	for (; v.sival_int < 1000; v.sival_int++)
		if (pthread_sigqueue(pthread_self(), 50, v)) fail("pthread_sigqueue", v.sival_int, 0);
	return NULL;
}

static int watched[] = {SIGUSR1, SIGHUP, SIGTERM, SIGUSR2, 50};
enum { N = sizeof watched / sizeof *watched };

int main(void) {
	struct sigaction hup = {.sa_handler = on_hup}, usr2 = {.sa_handler = on_usr2};
	sigaction(SIGHUP, &hup, NULL);
	sigaction(SIGUSR2, &usr2, NULL);
	struct sigaction before[N], after;
	for (int i = 0; i < N; i++) sigaction(watched[i], NULL, &before[i]);

	for (int round = 0; round < 3; round++) {
		if (start()) return 1;
		pthread_t t;
		if (pthread_create(&t, NULL, send_all, NULL)) fail("pthread_create", 0, 0);
		pthread_join(t, NULL);
		int got, pid, value;
		if (next(&got, &pid, &value) || got != SIGUSR1 || pid != getpid()) fail("got", got, pid);
		for (int i = 0; i < 1000; i++) expect(50, i);

		raise(SIGUSR2);
		if (usr2s != round + 1) fail("SIGUSR2", usr2s, round);
		kill(getpid(), SIGHUP); // has a handler of ours: both get it
		expect(SIGHUP, 0);
		for (int i = 0; hups != round + 1; i++) {
			if (i == 1000) fail("SIGHUP", hups, round);
			usleep(10000);
		}
		kill(getpid(), SIGTERM); // does not end the program meanwhile
		expect(SIGTERM, 0);
		// A child that executes nothing has the handlers, and must not disturb us.
		pid_t child = fork();
		if (child == 0) {
			kill(getpid(), SIGHUP);
			_exit(0);
		}
		int status;
		waitpid(child, &status, 0);
		if (status != 0) fail("child", status, 0);
		kill(getpid(), SIGUSR1);
		expect(SIGUSR1, 0);
		stop();
		for (int i = 0; i < N; i++) {
			sigaction(watched[i], NULL, &after);
			if (after.sa_handler != before[i].sa_handler || after.sa_flags != before[i].sa_flags)
				fail("the action is another one afterwards", watched[i], after.sa_flags);
		}
	}
	puts("all in order");
	return 0;
}
