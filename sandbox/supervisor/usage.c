/* What the whole sandbox uses right now, summed over /proc; and what the engine's cgroup has to say. */
#include "supervisor.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#define TMPFS_MAGIC_NUMBER 0x01021994

/* A small file of /proc or /sys whole; false if there is none. `path` is always one of ours. */
static bool slurp(const char *path, char *into, size_t size)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	if (descriptor < 0)
		return false;
	ssize_t got = read(descriptor, into, size - 1);
	close(descriptor);
	if (got < 0)
		return false;
	into[got] = 0;
	return true;
}

static uint64_t tmpfs_bytes(void)
{
	static const char *const places[] = {"/tmp", "/home/agent", "/dev/shm"};
	uint64_t total = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct statfs about;
		if (statfs(places[i], &about) == 0 && about.f_type == TMPFS_MAGIC_NUMBER)
			total += (uint64_t)(about.f_blocks - about.f_bfree) * (uint64_t)about.f_bsize;
	}
	return total;
}

/* Adds a process's resident pages, and those of them that no sibling shares. */
static void add_pages(struct usage *usage, const char *statm)
{
	unsigned long size, resident, shared;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (sscanf(statm, "%lu %lu %lu", &size, &resident, &shared) != 3 || shared > resident)
		return;
	usage->resident_bytes += resident * page;
	usage->own_bytes += (resident - shared) * page;
}

static uint64_t thread_count(const char *stat)
{
	/* The name in parentheses may hold anything; the twentieth field is counted from its end. */
	const char *rest = strrchr(stat, ')');
	unsigned long threads;
	if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lu", &threads) != 1)
		return 1;
	return threads;
}

static uint64_t proportional_bytes(const char *rollup)
{
	const char *line = strstr(rollup, "\nPss:");
	unsigned long kilobytes;
	if (!line || sscanf(line, "\nPss: %lu", &kilobytes) != 1)
		return 0;
	return (uint64_t)kilobytes * 1024u;
}

static uint64_t open_files(long pid)
{
	char path[64];
	struct stat about;
	uint64_t count = 0;
	snprintf(path, sizeof path, "/proc/%ld/fd", pid);
	if (stat(path, &about) == 0 && about.st_size > 0) /* their number, since Linux 6.2 */
		return (uint64_t)about.st_size;
	DIR *files = opendir(path);
	if (!files)
		return 0;
	while (readdir(files))
		count++;
	closedir(files);
	return count > 2 ? count - 2 : 0;
}

static bool next_process(DIR *proc, long *pid)
{
	struct dirent *entry;
	while ((entry = readdir(proc))) {
		char *end;
		*pid = strtol(entry->d_name, &end, 10);
		if (*end == 0 && *pid > 0 && *pid != forwarder)
			return true;
	}
	return false;
}

struct usage usage_now(void)
{
	struct usage usage = {0};
	char path[64], text[1024];
	long pid;
	DIR *proc = opendir("/proc");
	if (!proc)
		return usage;
	while (next_process(proc, &pid)) {
		snprintf(path, sizeof path, "/proc/%ld/stat", pid);
		if (slurp(path, text, sizeof text))
			usage.threads += thread_count(text);
		snprintf(path, sizeof path, "/proc/%ld/statm", pid);
		if (pid == 1)
			continue;
		if (slurp(path, text, sizeof text))
			add_pages(&usage, text);
		uint64_t files = open_files(pid);
		if (files > usage.most_files)
			usage.most_files = files;
	}
	closedir(proc);
	if (ceilings.memory_bytes)
		usage.resident_bytes += tmpfs_bytes();
	return usage;
}

uint64_t usage_exact_memory(void)
{
	uint64_t total = tmpfs_bytes();
	char path[64], text[4096];
	long pid;
	DIR *proc = opendir("/proc");
	if (!proc)
		return total;
	while (next_process(proc, &pid)) {
		snprintf(path, sizeof path, "/proc/%ld/smaps_rollup", pid);
		if (pid != 1 && slurp(path, text, sizeof text))
			total += proportional_bytes(text);
	}
	closedir(proc);
	return total;
}

/* The number after `key` in the first of two files that is there: cgroup version 2, then version 1. */
static uint64_t cgroup_number(const char *second, const char *first, const char *key)
{
	char text[1024];
	if (!slurp(second, text, sizeof text) && !slurp(first, text, sizeof text))
		return 0;
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		size_t length = strlen(key);
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	}
	return 0;
}

uint64_t cgroup_oom_kills(void)
{
	return cgroup_number("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control", "oom_kill");
}

uint64_t cgroup_refused_forks(void)
{
	return cgroup_number("/sys/fs/cgroup/pids.events", "/sys/fs/cgroup/pids/pids.events", "max");
}
