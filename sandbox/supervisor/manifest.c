/* What the worktree looks like: every path with what tells that it changed (size, inode, ctime, mode). */
#include "supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MAX_ENTRIES 2000000u
/* A file changed twice within one tick of the kernel's clock keeps its ctime: what is as young as the clock when it is
 * looked at counts as changed the next time as well (git calls it racy). Some file systems keep whole seconds only. */
#define COARSE_SECONDS_NS 2000000000ll
/* Two ticks of the slowest kernel clock: after that, what was racy for a tick's sake no longer is. */
#define SETTLE_NS 20000000ll

/* The array with room for `wanted` elements; NULL, and the array as it was, where there is no memory. */
static void *grow(void *array, size_t *capacity, size_t wanted, size_t each)
{
	if (wanted <= *capacity)
		return array;
	size_t larger = *capacity ? *capacity * 2 : 1024;
	while (larger < wanted)
		larger *= 2;
	void *moved = realloc(array, larger * each);
	if (moved)
		*capacity = larger;
	return moved;
}

static int64_t file_clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME_COARSE, &now); /* what the kernel stamps files with */
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool is_racy(int64_t ctime_ns, int64_t now_ns)
{
	return ctime_ns % 1000000000 ? ctime_ns >= now_ns : ctime_ns >= now_ns - COARSE_SECONDS_NS;
}

void manifest_settle(struct manifest *manifest)
{
	struct timespec pause = {.tv_nsec = 1000000};
	int64_t youngest = 0, now = file_clock_ns(), end = now + SETTLE_NS;
	for (size_t i = 0; i < manifest->count; i++)
		if (manifest->entries[i].racy && manifest->entries[i].ctime_ns > youngest)
			youngest = manifest->entries[i].ctime_ns;
	while (is_racy(youngest, now) && now < end) {
		nanosleep(&pause, NULL);
		now = file_clock_ns();
	}
	for (size_t i = 0; i < manifest->count; i++)
		manifest->entries[i].racy = is_racy(manifest->entries[i].ctime_ns, now);
}

bool manifest_add(struct walk *walk, size_t length, enum kind kind, const struct stat *about)
{
	struct manifest *manifest = walk->manifest;
	if (manifest->count >= MAX_ENTRIES)
		return false;
	void *entries = grow(manifest->entries, &manifest->capacity, manifest->count + 1, sizeof *manifest->entries);
	if (!entries)
		return false;
	manifest->entries = entries;
	void *paths = grow(manifest->paths, &manifest->paths_capacity, manifest->paths_length + length + 1, 1);
	if (!paths)
		return false;
	manifest->paths = paths;
	int64_t ctime_ns = (int64_t)about->st_ctim.tv_sec * 1000000000 + about->st_ctim.tv_nsec;
	manifest->entries[manifest->count++] = (struct entry){
		.path = manifest->paths_length,
		.path_length = (uint32_t)length,
		.mode = about->st_mode,
		.size = (uint64_t)about->st_size,
		.inode = about->st_ino,
		.ctime_ns = ctime_ns,
		.kind = kind,
		.racy = is_racy(ctime_ns, walk->now_ns),
	};
	memcpy(manifest->paths + manifest->paths_length, walk->path, length);
	manifest->paths[manifest->paths_length + length] = 0;
	manifest->paths_length += length + 1;
	return true;
}

int open_searchable(int parent, const char *name, unsigned depth)
{
	int directory = depth < MAX_DEPTH ? openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
	if (directory >= 0 && faccessat(directory, ".", X_OK, 0) != 0) { /* its names can be read, and nothing else */
		close(directory);
		return -1;
	}
	return directory;
}

static bool walk_directory(struct walk *walk, int directory, size_t length, unsigned depth);

/* A directory: walked, or told as it stands where that can't be done. */
static bool enter_directory(struct walk *walk, int parent, const char *name, size_t length, unsigned depth)
{
	struct stat about, inner;
	if (fstatat(parent, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	int directory = open_searchable(parent, name, depth);
	if (directory < 0)
		return manifest_add(walk, length, KIND_SPECIAL, &about);
	if (fstatat(directory, ".git", &inner, AT_SYMLINK_NOFOLLOW) == 0) {
		close(directory);
		return manifest_add(walk, length, KIND_NESTED, &about);
	}
	return walk_directory(walk, directory, length, depth);
}

static bool visit(struct walk *walk, int directory, const struct dirent *found, size_t length, unsigned depth)
{
	struct stat about;
	if (found->d_type == DT_DIR)
		return enter_directory(walk, directory, found->d_name, length, depth + 1);
	if (fstatat(directory, found->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
		return errno == ENOENT;
	if (S_ISDIR(about.st_mode))
		return enter_directory(walk, directory, found->d_name, length, depth + 1);
	if (S_ISREG(about.st_mode))
		return manifest_add(walk, length, KIND_FILE, &about);
	return manifest_add(walk, length, S_ISLNK(about.st_mode) ? KIND_LINK : KIND_SPECIAL, &about);
}

bool walk_skips(const char *name, unsigned depth)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (depth == 0 && strcmp(name, ".git") == 0);
}

/* Puts a name behind the directory's path; the whole path's length, or 0 where it is too long to be told. */
size_t walk_enter(struct walk *walk, size_t length, const char *name)
{
	size_t start = length ? length + 1 : 0, size = strlen(name);
	if (start + size > MAX_PATH_BYTES)
		return 0;
	if (length)
		walk->path[length] = '/';
	memcpy(walk->path + start, name, size + 1);
	return start + size;
}

/* Takes the descriptor over. `walk->path` holds the directory's path in its first `length` bytes. */
static bool walk_directory(struct walk *walk, int directory, size_t length, unsigned depth)
{
	struct stat about;
	struct dirent *found;
	bool fine = fstat(directory, &about) == 0;
	DIR *stream = fdopendir(directory);
	if (!stream) {
		close(directory);
		return false;
	}
	while (fine && (found = readdir(stream))) {
		if (walk_skips(found->d_name, depth))
			continue;
		size_t whole = walk_enter(walk, length, found->d_name);
		if (!whole) { /* too deep to be named: the directory itself is what is told */
			fine = manifest_add(walk, length, KIND_SPECIAL, &about);
			break;
		}
		fine = visit(walk, directory, found, whole, depth);
	}
	closedir(stream);
	return fine;
}

const char *manifest_path(const struct manifest *manifest, const struct entry *entry)
{
	return manifest->paths + entry->path;
}

int compare_entries(const struct manifest *left, const struct entry *a, const struct manifest *right, const struct entry *b)
{
	return strcmp(manifest_path(left, a), manifest_path(right, b));
}

static int by_path(const void *a, const void *b, void *manifest)
{
	return compare_entries(manifest, a, manifest, b);
}

bool manifest_take(struct manifest *manifest)
{
	static struct walk walk;
	*manifest = (struct manifest){0};
	walk = (struct walk){.manifest = manifest, .now_ns = file_clock_ns()};
	int top = openat(workspace_descriptor(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (top < 0 || !(ceilings.overlay ? overlay_walk(&walk, top) : walk_directory(&walk, top, 0, 0))) {
		manifest_free(manifest);
		return false;
	}
	if (manifest->count)
		qsort_r(manifest->entries, manifest->count, sizeof *manifest->entries, by_path, manifest);
	return true;
}

void manifest_free(struct manifest *manifest)
{
	free(manifest->entries);
	free(manifest->paths);
	*manifest = (struct manifest){0};
}
