/* One command: started, watched, ended, told. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE_NS 100000000ull

struct run {
	const struct request *request;
	struct output outputs[2];
	int pipes[2];
	uint64_t started_ns;
	uint64_t kill_at_ns; /* 0 until it was asked to stop */
	uint64_t sample_at_ns;
	uint64_t peak_sum;
	uint64_t oom_kills;
	uint64_t refused_forks;
	struct reaped reaped;
	struct scarce scarce;
	enum limit limit;
	bool met_processes;
	bool cancelled;
};

static bool below(const char *path, const char *top)
{
	size_t length = strlen(top);
	return strncmp(path, top, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* Where the kernel says we would be, after all links, must be below the worktree or /tmp. */
static const char *refuse_cwd(const char *cwd)
{
	char real[MAX_PATH_BYTES + 1];
	const char *why = NULL;
	if (chdir(cwd) != 0)
		why = strerror(errno);
	else if (!getcwd(real, sizeof real) || !(below(real, WORKSPACE) || below(real, "/tmp")))
		why = "outside of /workspace and /tmp";
	if (chdir("/") != 0)
		fail("chdir /");
	return why;
}

/* False where there is no command, with the reason sent. */
static bool start(struct run *run)
{
	int writes[2], pair[2];
	for (int i = 0; i < 2; i++) {
		if (!output_open(&run->outputs[i], run->request->output_bytes) || pipe2(pair, O_CLOEXEC) != 0)
			fail("no room for a command's output");
		run->pipes[i] = pair[0];
		writes[i] = pair[1];
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
	}
	struct child_plan plan = {
		.script = run->request->script,
		.cwd = run->request->cwd,
		.environment = run->request->environment,
		.stdout_write = writes[0],
		.stderr_write = writes[1],
	};
	run->started_ns = now_ns();
	run->sample_at_ns = run->started_ns + SAMPLE_NS;
	run->oom_kills = cgroup_oom_kills();
	run->refused_forks = cgroup_refused_forks();
	scarce_begin(&run->scarce);
	disk_begin();
	forward_start();
	/* Nothing of ours runs until the child is the shell, or has said why it can't be. */
	score_raise(true);
	pid_t child = vfork();
	if (child == 0)
		become_command(&plan);
	if (child < 0)
		fail("fork");
	score_raise(false);
	close(writes[0]);
	close(writes[1]);
	run->reaped.main_pid = child;
	if (plan.failed)
		send_error(run->request->id, ERROR_REFUSED, "%s: %s", plan.failed, strerror(plan.error));
	return !plan.failed;
}

/* Ask the command's group to end; a grace later everybody is killed. */
static void stop(struct run *run)
{
	if (run->kill_at_ns)
		return;
	kill(-run->reaped.main_pid, SIGTERM);
	kill(-run->reaped.main_pid, SIGCONT); /* what has been stopped may clean up as well */
	run->kill_at_ns = now_ns() + run->request->grace_ns;
}

static void read_host(struct run *run)
{
	struct frame frame;
	if (!frame_receive(&frame))
		return;
	if (frame.type != FRAME_CANCEL)
		malformed(frame.id, "a request while a command runs");
	if (frame.id == run->request->id) {
		run->cancelled = true;
		stop(run);
	}
	frame_free(&frame);
}

static bool out_of_memory(const struct run *run, const struct usage *usage)
{
	if (ceilings.memory_bytes == 0) /* the engine's cgroup has killed one of them: the others wait for it in vain */
		return cgroup_oom_kills() > run->oom_kills;
	return usage->resident_bytes > ceilings.memory_bytes && usage_exact_memory() > ceilings.memory_bytes;
}

/* True when a ceiling was passed and everything is to be killed. At the ceiling of processes the kernel refuses more
 * of them, which a command may well handle; it is passed only where there is no such refusal. */
static bool sample(struct run *run)
{
	struct usage usage = usage_now();
	if (usage.own_bytes > run->peak_sum)
		run->peak_sum = usage.own_bytes;
	scarce_look(&run->scarce, usage.most_files);
	if (out_of_memory(run, &usage)) {
		run->limit = LIMIT_MEMORY;
		return true;
	}
	if (disk_exceeded(false)) {
		run->limit = LIMIT_DISK;
		return true;
	}
	if (ceilings.processes == 0 || usage.threads < ceilings.processes)
		return false;
	run->met_processes = true;
	return usage.threads > ceilings.processes;
}

/* Looks at the clock; true when everything is to be killed now. */
static bool time_is_up(struct run *run)
{
	uint64_t now = now_ns();
	if (!run->kill_at_ns && now - run->started_ns >= run->request->timeout_ns) {
		run->limit = LIMIT_TIME;
		stop(run);
	}
	if (run->kill_at_ns && now >= run->kill_at_ns)
		return true;
	if (now < run->sample_at_ns)
		return false;
	run->sample_at_ns = now + SAMPLE_NS;
	return sample(run);
}

static struct timespec until_next(const struct run *run)
{
	uint64_t next = run->sample_at_ns, now = now_ns();
	uint64_t end = run->kill_at_ns ? run->kill_at_ns : run->started_ns + run->request->timeout_ns;
	if (end < next)
		next = end;
	uint64_t wait = next > now ? next - now : 0;
	return (struct timespec){.tv_sec = (time_t)(wait / 1000000000u), .tv_nsec = (long)(wait % 1000000000u)};
}

static void watch(struct run *run)
{
	struct pollfd polled[4] = {
		{.fd = run->pipes[0], .events = POLLIN},
		{.fd = run->pipes[1], .events = POLLIN},
		{.fd = STDIN_FILENO, .events = POLLIN},
		{.fd = signal_descriptor(), .events = POLLIN},
	};
	do {
		struct timespec wait = until_next(run);
		if (ppoll(polled, 4, &wait, NULL) < 0 && errno != EINTR)
			fail("ppoll");
		for (int i = 0; i < 2; i++)
			if (polled[i].fd >= 0 && polled[i].revents && !output_read(&run->outputs[i], run->pipes[i]))
				polled[i].fd = -1; /* closed by the command; ppoll would spin on it */
		if (polled[2].revents)
			read_host(run);
		if (polled[3].revents)
			read_signals();
		reap_available(&run->reaped);
	} while (!run->reaped.main_done && !time_is_up(run));
}

/* What a command met that it could have dealt with: only where it did not is it what ended it. */
static enum limit met_and_failed(const struct run *run)
{
	if (run->reaped.main_status == 0)
		return LIMIT_NONE;
	if (run->scarce.full)
		return LIMIT_DISK;
	return run->scarce.files ? LIMIT_OPEN_FILES : LIMIT_NONE;
}

static void finish(struct run *run)
{
	kill_everything(&run->reaped);
	scarce_look(&run->scarce, 0);
	for (int i = 0; i < 2; i++) /* every writer is dead: what is in the pipe is all there will be */
		output_read(&run->outputs[i], run->pipes[i]);
	if (run->limit != LIMIT_NONE)
		return;
	if (cgroup_oom_kills() > run->oom_kills)
		run->limit = LIMIT_MEMORY;
	else if (run->met_processes || cgroup_refused_forks() > run->refused_forks)
		run->limit = LIMIT_PROCESSES;
	else if (WIFSIGNALED(run->reaped.main_status) && WTERMSIG(run->reaped.main_status) == SIGXFSZ)
		run->limit = LIMIT_DISK;
	else if (disk_exceeded(true))
		run->limit = LIMIT_DISK;
	else if (met_and_failed(run) != LIMIT_NONE)
		run->limit = met_and_failed(run);
	else if (run->outputs[0].dropped || run->outputs[1].dropped)
		run->limit = LIMIT_OUTPUT;
}

struct __attribute__((packed)) stream_head {
	uint32_t head, tail;
	uint64_t dropped;
};

struct __attribute__((packed)) result {
	int32_t exit_code, signal;
	uint32_t limit, cancelled;
	uint64_t wall_ns, cpu_ns, peak_bytes;
	struct stream_head streams[2];
};

static void add_parts(const struct output *output, struct part *parts, struct stream_head *head)
{
	size_t first = output->half - output->ring_start;
	if (first > output->ring_length)
		first = output->ring_length;
	parts[0] = (struct part){output->head, output->head_length};
	parts[1] = (struct part){output->ring + output->ring_start, first};
	parts[2] = (struct part){output->ring, output->ring_length - first};
	*head = (struct stream_head){(uint32_t)output->head_length, (uint32_t)output->ring_length, output->dropped};
}

static void tell(const struct run *run)
{
	int status = run->reaped.main_status;
	uint64_t peak = run->reaped.peak_bytes > run->peak_sum ? run->reaped.peak_bytes : run->peak_sum;
	struct result result = {
		.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
		.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
		.limit = run->limit,
		.cancelled = run->cancelled,
		.wall_ns = now_ns() - run->started_ns,
		.cpu_ns = run->reaped.cpu_ns,
		.peak_bytes = peak,
	};
	struct part parts[7] = {{&result, sizeof result}};
	add_parts(&run->outputs[0], parts + 1, &result.streams[0]);
	add_parts(&run->outputs[1], parts + 4, &result.streams[1]);
	frame_send(FRAME_RESULT, run->request->id, parts, 7);
}

static void run_command(const struct request *request)
{
	struct run run = {.request = request};
	if (start(&run)) {
		watch(&run);
		finish(&run);
		tell(&run);
	} else {
		kill_everything(&run.reaped);
	}
	for (int i = 0; i < 2; i++) {
		close(run.pipes[i]);
		output_close(&run.outputs[i]);
	}
}

void serve_exec(const struct frame *frame)
{
	struct request request;
	if (!request_parse(frame, &request))
		malformed(frame->id, "EXEC");
	const char *why = refuse_cwd(request.cwd);
	if (why) {
		send_error(frame->id, ERROR_REFUSED, "%s: %s", request.cwd, why);
	} else {
		run_command(&request);
	}
	request_free(&request);
}
