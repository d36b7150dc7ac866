/* PID 1 of a sandbox: serves one request at a time over its standard input and output, and ends when the input does.
 *
 * usage: supervisor [--memory BYTES] [--processes N] [--process-rlimit N] [--open-files N]
 *                   [--file-bytes N] [--disk-bytes N] [--disk-entries N] [--overlay 1]
 *                   [--forward SOCKET] [--silence SECONDS]
 *        supervisor enter ...      (on the host, as root; see enter.c)
 *        supervisor join ...       (on the host; see join.c)
 */
#include "supervisor.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROTOCOL_VERSION 1u

struct ceilings ceilings;
static int signals = -1;

void fail(const char *what)
{
	dprintf(STDERR_FILENO, "supervisor: %s: %s\n", what, strerror(errno));
	_exit(3);
}

uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int signal_descriptor(void)
{
	return signals;
}

/* No command can end us: only a SIGTERM that `kill` sent from outside of our PID namespace (its sender has no number
 * here) is honoured. A sender that is no `kill` (sigqueue) could claim to have no number, and where the user's queue of
 * signals is full the kernel forgets who it was: so commands may fill it to half of what is ours (child.c). */
void read_signals(void)
{
	struct signalfd_siginfo info;
	while (read(signals, &info, sizeof info) == (ssize_t)sizeof info)
		if (info.ssi_signo == SIGTERM && info.ssi_code == SI_USER && info.ssi_pid == 0)
			_exit(0);
}

static void take_signals(void)
{
	sigset_t wanted; /* the others are not blocked: process 1 has no default action, and what is blocked is queued */
	sigemptyset(&wanted);
	sigaddset(&wanted, SIGCHLD);
	sigaddset(&wanted, SIGTERM);
	signals = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signal(SIGCHLD, SIG_DFL) == SIG_ERR || sigprocmask(SIG_SETMASK, &wanted, NULL) != 0 || signals < 0)
		fail("signals");
}

static void parse_options(char **arguments)
{
	static const struct {
		const char *name;
		uint64_t *value;
	} options[] = {
		{"--memory", &ceilings.memory_bytes},
		{"--processes", &ceilings.processes},
		{"--process-rlimit", &ceilings.process_rlimit},
		{"--open-files", &ceilings.open_files},
		{"--file-bytes", &ceilings.file_bytes},
		{"--disk-bytes", &ceilings.disk_bytes},
		{"--disk-entries", &ceilings.disk_entries},
		{"--overlay", &ceilings.overlay},
		{"--silence", &silence_seconds},
	};
	for (; *arguments; arguments += 2) {
		bool known = strcmp(*arguments, "--forward") == 0 && arguments[1];
		if (known)
			forward_open(arguments[1]);
		for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
			if (strcmp(*arguments, options[i].name) != 0 || !arguments[1])
				continue;
			*options[i].value = strtoull(arguments[1], NULL, 10);
			known = true;
		}
		if (!known) {
			errno = EINVAL;
			fail(*arguments);
		}
	}
}

static void say_hello(void)
{
	uint32_t words[] = {PROTOCOL_VERSION, getuid(), getgid()};
	struct part part = {words, sizeof words};
	frame_send(FRAME_HELLO, 0, &part, 1);
}

static void serve(const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_EXEC:
		serve_exec(frame);
		break;
	case FRAME_CANCEL: /* it was over before the request to cancel arrived, or says only that the host lives */
		break;
	case FRAME_SNAPSHOT:
		serve_snapshot(frame);
		break;
	case FRAME_READ:
		serve_read(frame);
		break;
	case FRAME_WRITE:
		serve_write(frame);
		break;
	default:
		malformed(frame->id, "unknown request");
	}
}

static _Noreturn void serve_forever(void)
{
	struct pollfd polled[2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
	struct frame frame;
	for (;;) {
		if (poll(polled, 2, -1) < 0 && errno != EINTR)
			fail("poll");
		if (polled[1].revents)
			read_signals();
		if (polled[0].revents && frame_receive(&frame)) {
			serve(&frame);
			frame_free(&frame);
		}
	}
}

int main(int count, char **arguments)
{
	if (count > 1 && strcmp(arguments[1], "enter") == 0)
		return enter(arguments + 2);
	if (count > 1 && strcmp(arguments[1], "join") == 0)
		return join(arguments + 2);
	if (getpid() != 1) { /* it kills everything it can see after each command */
		dprintf(STDERR_FILENO, "supervisor: must be PID 1 of a sandbox\n");
		return 2;
	}
	parse_options(arguments + 1);
	score_open();
	/* Not dumpable: commands of the same user can't trace us, nor read our memory, descriptors or environment. */
	if (prctl(PR_SET_DUMPABLE, 0) != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		fail("prctl");
	umask(022);
	take_signals();
	install_filter();
	workspace_open();
	snapshot_start();
	disk_start();
	watch_for_silence();
	say_hello();
	serve_forever();
}
