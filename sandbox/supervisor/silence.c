/* A killed engine leaves its containers running and their input open, so that nobody would ever end them: where the
 * host promises to be heard from every few seconds (`--silence`), we end by ourselves once it is silent for too long.
 *
 * Counted are ticks of a timer, not seconds of a clock: a machine that slept or stood still has not been silent. */
#include "supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <unistd.h>

#define TICK_SECONDS 1
#define SHORTEST_TICK_NS 800000000u

uint64_t silence_seconds;
static volatile sig_atomic_t silent_ticks;

void heard_from_host(void)
{
	silent_ticks = 0;
}

/* Runs whatever else we do, even where an answer that nobody reads any more holds us up; what the host said is heard
 * before it is read. A command may send the signal as well, so one that comes early counts for nothing. */
static void tick(int number)
{
	static uint64_t ticked_ns;
	static int unread_before;
	int unread = 0, error = errno;
	uint64_t now = now_ns();
	(void)number;
	if (now - ticked_ns < SHORTEST_TICK_NS)
		return;
	ticked_ns = now;
	if (ioctl(STDIN_FILENO, FIONREAD, &unread) == 0 && unread != unread_before) {
		unread_before = unread;
		silent_ticks = 0;
	} else if (++silent_ticks > (sig_atomic_t)silence_seconds) {
		_exit(4);
	}
	errno = error;
}

void watch_for_silence(void)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	struct itimerval every = {.it_interval.tv_sec = TICK_SECONDS, .it_value.tv_sec = TICK_SECONDS};
	sigset_t ticks;
	if (silence_seconds == 0)
		return;
	sigemptyset(&ticks);
	sigaddset(&ticks, SIGALRM);
	if (sigaction(SIGALRM, &action, NULL) != 0 || sigprocmask(SIG_UNBLOCK, &ticks, NULL) != 0 ||
	    setitimer(ITIMER_REAL, &every, NULL) != 0)
		fail("the watch for silence");
}
