/* How much of the disk the worktree takes, against how much it may: looked at about once a second while a command runs.
 *
 * Counted is what files have allocated (a sparse file is as large as its blocks), each hard link as its part, and what a
 * running process holds open though it was deleted. Where something can't be looked into (a closed directory, a process
 * that hides its files; see hidden.c) the file system's own free space tells instead, whoever else may be using it up.
 */
#include "supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define EVERY_NS 1000000000ull
#define AT_MOST_EVERY_NS 3000000000ull
/* A look may take a twentieth of the time: a plain checkout is walked whole. */
#define COST_SHARE 20u
#define MAX_OPEN_FILES 20000u
#define MAX_DELETED 4096u

struct taken {
	uint64_t bytes, entries;
	bool unknown;
};

struct room {
	uint64_t bytes, entries;
};

static struct taken at_start, at_begin, last, allowed;
static struct room room_at_begin, room_at_look;
static uint64_t look_at_ns, cost_ns;
static uint64_t deleted[MAX_DELETED]; /* inodes met, each counted once however many hold it open */
static size_t deleted_count;

static struct room room_left(void)
{
	struct statvfs about;
	if (fstatvfs(workspace_descriptor(), &about) != 0)
		return (struct room){0};
	return (struct room){(uint64_t)about.f_bfree * about.f_frsize, about.f_ffree};
}

static uint64_t less(uint64_t from, uint64_t amount)
{
	return from > amount ? from - amount : 0;
}

static uint64_t more(uint64_t one, uint64_t other)
{
	return one > other ? one : other;
}

static bool enough_seen(const struct taken *taken)
{
	return taken->bytes > at_start.bytes + allowed.bytes || taken->entries > at_start.entries + allowed.entries;
}

static void count(struct taken *taken, const struct stat *about)
{
	uint64_t links = S_ISDIR(about->st_mode) || about->st_nlink == 0 ? 1 : about->st_nlink;
	taken->bytes += (uint64_t)about->st_blocks * 512u / links;
}

/* Takes the descriptor over. */
static void walk(struct taken *taken, int directory, unsigned depth)
{
	struct stat about;
	struct dirent *found;
	DIR *stream = fdopendir(directory);
	if (!stream) {
		close(directory);
		taken->unknown = true;
		return;
	}
	while ((found = readdir(stream)) && !enough_seen(taken)) {
		if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0)
			continue;
		taken->entries++;
		if (fstatat(directory, found->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		count(taken, &about);
		if (!S_ISDIR(about.st_mode))
			continue;
		int below = open_searchable(directory, found->d_name, depth + 1);
		if (below < 0)
			taken->unknown = true;
		else
			walk(taken, below, depth + 1);
	}
	closedir(stream);
}

static bool met(uint64_t inode)
{
	size_t slot = inode % MAX_DELETED;
	while (deleted[slot] && deleted[slot] != inode)
		slot = (slot + 1) % MAX_DELETED;
	if (deleted[slot] == inode)
		return true;
	deleted[slot] = inode;
	deleted_count++;
	return false;
}

static void count_open(struct taken *taken, int directory, const char *process, const char *name, dev_t device)
{
	struct stat about;
	if (fstatat(directory, name, &about, 0) != 0)
		return;
	if (S_ISSOCK(about.st_mode) && is_in_flight(process, name))
		taken->unknown = true;
	if (about.st_nlink != 0 || about.st_dev != device || !S_ISREG(about.st_mode))
		return;
	if (deleted_count == MAX_DELETED / 2)
		taken->unknown = true;
	else if (!met(about.st_ino))
		count(taken, &about);
}

/* The files that one process has open; how many there are. */
static size_t look_into(struct taken *taken, const char *process, dev_t device)
{
	char path[64];
	struct dirent *found;
	size_t files = 0;
	snprintf(path, sizeof path, "/proc/%.20s/fd", process);
	DIR *open_files = opendir(path);
	if (!open_files) {
		if (errno != ENOENT && errno != ESRCH) /* it is there, and can't be looked into */
			taken->unknown = true;
		return 0;
	}
	while ((found = readdir(open_files)) && files++ < MAX_OPEN_FILES)
		count_open(taken, dirfd(open_files), process, found->d_name, device);
	closedir(open_files);
	if (is_mapped_and_deleted(process))
		taken->unknown = true;
	return files;
}

/* Neither we nor the forwarder, which can't be looked into and opens no file. */
static bool is_command(const char *name)
{
	char *end;
	long pid = strtol(name, &end, 10);
	return *end == 0 && pid > 1 && pid != forwarder;
}

static void count_deleted(struct taken *taken)
{
	struct stat top;
	struct dirent *found;
	size_t files = 0;
	DIR *proc = opendir("/proc");
	memset(deleted, 0, sizeof deleted);
	deleted_count = 0;
	if (!proc || fstat(workspace_descriptor(), &top) != 0)
		taken->unknown = true;
	while (proc && files < MAX_OPEN_FILES && (found = readdir(proc)))
		if (is_command(found->d_name))
			files += look_into(taken, found->d_name, top.st_dev);
	if (files >= MAX_OPEN_FILES)
		taken->unknown = true;
	if (proc)
		closedir(proc);
}

static struct taken measure(void)
{
	struct taken taken = {0};
	int top = ceilings.overlay ? open(UPPER, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
				   : openat(workspace_descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		fail("the worktree");
	walk(&taken, top, 0);
	count_deleted(&taken);
	return taken;
}

static void look(void)
{
	uint64_t began = now_ns();
	struct taken now = measure();
	last = (struct taken){less(now.bytes, at_start.bytes), less(now.entries, at_start.entries), now.unknown};
	room_at_look = room_left();
	if (now.unknown) {
		last.bytes = more(last.bytes, at_begin.bytes + less(room_at_begin.bytes, room_at_look.bytes));
		last.entries = more(last.entries, at_begin.entries + less(room_at_begin.entries, room_at_look.entries));
	}
	look_at_ns = now_ns();
	cost_ns = look_at_ns - began;
}

static bool is_watched(void)
{
	return ceilings.disk_bytes > 0 || ceilings.disk_entries > 0;
}

/* What is beyond the limit already may be removed in peace: only growing further is stopped. */
static uint64_t bound(uint64_t ceiling, uint64_t had)
{
	uint64_t most = ceiling ? ceiling : UINT64_MAX / 4;
	return had > most ? had + ceiling / 16 : most;
}

void disk_start(void)
{
	struct statvfs about;
	if (fstatvfs(workspace_descriptor(), &about) == 0 && about.f_flag & ST_RDONLY)
		ceilings.disk_bytes = ceilings.disk_entries = 0; /* nothing can grow */
	if (!is_watched())
		return;
	allowed = (struct taken){UINT64_MAX / 4, UINT64_MAX / 4, false};
	at_start = measure();
	look_at_ns = now_ns();
	room_at_look = room_left();
}

void disk_begin(void)
{
	if (!is_watched())
		return;
	room_at_begin = room_left();
	if (last.bytes > ceilings.disk_bytes || last.entries > ceilings.disk_entries) {
		allowed = (struct taken){UINT64_MAX / 4, UINT64_MAX / 4, false};
		look();
	}
	at_begin = last;
	allowed = (struct taken){bound(ceilings.disk_bytes, last.bytes), bound(ceilings.disk_entries, last.entries), false};
}

/* Whether it is time: now and then, and at once when the file system has lost a good part of what is allowed. */
static bool is_due(bool at_end)
{
	uint64_t pause = cost_ns * COST_SHARE, passed = now_ns() - look_at_ns;
	struct room room = room_left();
	if (less(room_at_look.bytes, room.bytes) > allowed.bytes / 4 || less(room_at_look.entries, room.entries) > allowed.entries / 4)
		return at_end || passed > cost_ns * 4;
	if (at_end)
		return false;
	return passed >= (pause < EVERY_NS ? EVERY_NS : pause > AT_MOST_EVERY_NS ? AT_MOST_EVERY_NS : pause);
}

bool disk_exceeded(bool at_end)
{
	if (!is_watched() || !is_due(at_end))
		return false;
	look();
	return last.bytes > allowed.bytes || last.entries > allowed.entries;
}
