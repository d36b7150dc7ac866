/* The side of the fork that becomes the command. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static _Noreturn void give_up(const char *what)
{
	dprintf(STDERR_FILENO, "supervisor: %s: %s\n", what, strerror(errno));
	_exit(126);
}

static void bound(int resource, uint64_t value)
{
	if (value == 0)
		return;
	struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
	if (setrlimit(resource, &limit) != 0 && errno != EPERM) /* EPERM: it is lower already */
		give_up("setrlimit");
}

static void bound_resources(void)
{
	struct rlimit none = {0};
	setrlimit(RLIMIT_CORE, &none);
	bound(RLIMIT_NOFILE, ceilings.open_files);
	bound(RLIMIT_FSIZE, ceilings.file_bytes);
	bound(RLIMIT_NPROC, ceilings.process_rlimit);
	/* Far above the ceiling: the count every 100 ms ends and names what passes it, this what is absurd from the start. */
	bound(RLIMIT_DATA, ceilings.memory_bytes * 4);
}

/* The kernel's out-of-memory killer is to take any command before it takes the supervisor. */
static void be_first_to_go(void)
{
	int descriptor = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (descriptor < 0)
		return;
	if (write(descriptor, "500", 3) != 3)
		errno = 0; /* no promise rests on it */
	close(descriptor);
}

static void reset_signals(void)
{
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn void become_command(const struct child_plan *plan)
{
	int empty = open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (dup2(plan->stdout_write, STDOUT_FILENO) < 0 || dup2(plan->stderr_write, STDERR_FILENO) < 0)
		_exit(126);
	if (empty < 0 || dup2(empty, STDIN_FILENO) < 0)
		give_up("/dev/null");
	be_first_to_go();
	if (setsid() < 0)
		give_up("setsid");
	if (chdir(plan->cwd) != 0)
		give_up(plan->cwd);
	umask(022);
	bound_resources();
	reset_signals();
	const char *arguments[] = {"bash", "-c", plan->script, NULL};
	execve("/bin/bash", (char **)(uintptr_t)arguments, plan->environment);
	if (errno == ENOENT) {
		arguments[0] = "sh";
		execve("/bin/sh", (char **)(uintptr_t)arguments, plan->environment);
	}
	give_up("cannot start the shell");
}
