/* Who has died, and making everybody die. As PID 1 every orphan becomes our child, so nobody escapes by setsid. */
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long killed processes may take to go (one may sit in a slow disk); after that the sandbox is not trusted. */
#define KILL_SECONDS 20

static uint64_t timeval_ns(struct timeval value)
{
	return (uint64_t)value.tv_sec * 1000000000u + (uint64_t)value.tv_usec * 1000u;
}

/* 1: one was reaped; 0: children live on; -1: there is none. */
static int reap_one(struct reaped *reaped)
{
	struct rusage usage;
	int status;
	pid_t pid = wait4(-1, &status, WNOHANG | __WALL, &usage);
	if (pid == 0)
		return 0;
	if (pid < 0)
		return errno == EINTR ? 1 : -1;
	if (pid == forwarder) {
		forwarder = 0; /* its number may become a command's, which is looked at */
		return 1;
	}
	/* A child's rusage includes the descendants it waited for: the sum over our own children is everybody. */
	reaped->cpu_ns += timeval_ns(usage.ru_utime) + timeval_ns(usage.ru_stime);
	uint64_t peak = (uint64_t)usage.ru_maxrss * 1024u;
	if (peak > reaped->peak_bytes)
		reaped->peak_bytes = peak;
	if (pid == reaped->main_pid) {
		reaped->main_done = true;
		reaped->main_status = status;
	}
	return 1;
}

void reap_available(struct reaped *reaped)
{
	while (reap_one(reaped) > 0) {
	}
}

void kill_everything(struct reaped *reaped)
{
	if (getpid() != 1) /* kill(-1) anywhere else would be the user's own processes */
		fail("not PID 1");
	uint64_t deadline = now_ns() + KILL_SECONDS * 1000000000ull;
	struct timespec pause = {.tv_nsec = 200000};
	for (;;) {
		kill(-1, SIGKILL);
		int state;
		while ((state = reap_one(reaped)) > 0) {
		}
		if (state < 0)
			return;
		if (now_ns() > deadline)
			fail("processes survived SIGKILL");
		nanosleep(&pause, NULL);
	}
}
