/* The side of the fork that becomes the command. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Half of what we may have ourselves, and no more than this: see read_signals. */
#define MAX_PENDING_SIGNALS 4096u
/* How much sooner than us the kernel takes a command when memory runs out, of 1000. */
#define COMMANDS_SCORE 500

static _Noreturn void give_up(struct child_plan *plan, const char *what)
{
	plan->error = errno;
	plan->failed = what;
	_exit(126);
}

static bool bound(int resource, uint64_t value)
{
	if (value == 0)
		return true;
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
	return setrlimit(resource, &limit) == 0 || errno == EPERM; /* EPERM: it is lower already */
}

static bool bound_signals(void)
{
	struct rlimit own;
	if (getrlimit(RLIMIT_SIGPENDING, &own) != 0)
		return false;
	rlim_t half = own.rlim_cur / 2;
	return bound(RLIMIT_SIGPENDING, half < MAX_PENDING_SIGNALS ? half : MAX_PENDING_SIGNALS);
}

static bool bound_resources(void)
{
	struct rlimit none = {0};
	setrlimit(RLIMIT_CORE, &none);
	if (!bound_signals() || !bound(RLIMIT_NOFILE, ceilings.open_files) || !bound(RLIMIT_FSIZE, ceilings.file_bytes) ||
	    !bound(RLIMIT_NPROC, ceilings.process_rlimit))
		return false;
	/* Far above the ceiling: the count every 100 ms ends and names what passes it, this what is absurd from the start. */
	return bound(RLIMIT_DATA, ceilings.memory_bytes * 4);
}

static int score = -1; /* open since before we were not dumpable: after that we may not even change ourselves */
static int own_score;

void score_open(void)
{
	char text[16] = "";
	score = open("/proc/self/oom_score_adj", O_RDWR | O_CLOEXEC);
	if (score >= 0 && pread(score, text, sizeof text - 1, 0) > 0)
		own_score = (int)strtol(text, NULL, 10);
}

/* No promise rests on it: where it can't be had, a command is as likely to be taken as we are. */
void score_raise(bool raised)
{
	char text[16];
	int wanted = raised ? own_score + COMMANDS_SCORE : own_score;
	int length = snprintf(text, sizeof text, "%d", wanted < 1000 ? wanted : 1000);
	if (score >= 0 && pwrite(score, text, (size_t)length, 0) < 0) {
		close(score);
		score = -1;
	}
}

static void reset_signals(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void become_command(struct child_plan *plan)
{
	int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (empty < 0 || dup2(empty, STDIN_FILENO) < 0)
		give_up(plan, "/dev/null");
	if (dup2(plan->stdout_write, STDOUT_FILENO) < 0 || dup2(plan->stderr_write, STDERR_FILENO) < 0)
		give_up(plan, "its output");
	if (setsid() < 0)
		give_up(plan, "setsid");
	if (chdir(plan->cwd) != 0)
		give_up(plan, plan->cwd);
	umask(022);
	if (!bound_resources())
		give_up(plan, "its limits");
	reset_signals();
	const char *arguments[] = {"bash", "-c", plan->script, NULL};
	execve("/bin/bash", (char **)(uintptr_t)arguments, plan->environment);
	if (errno == ENOENT) {
		arguments[0] = "sh";
		execve("/bin/sh", (char **)(uintptr_t)arguments, plan->environment);
	}
	give_up(plan, "cannot start the shell");
}
