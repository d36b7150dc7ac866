/* READ and WRITE: one regular file below the worktree, no link followed, `.git` left alone. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE_BYTES (16u << 20)
#define TEMPORARY_NAME ".mimo-write-in-progress"

static bool names_git(const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");
		if (length == 4 && strncasecmp(path, ".git", 4) == 0)
			return true;
		path += length;
		path += *path == '/';
	}
	return false;
}

static int open_named_parent(const char *path, bool make, const char **name, const char **why)
{
	if (names_git(path)) {
		*why = ".git is not to be touched";
		return -1;
	}
	return open_parent(path, make, name, why);
}

/* Opens a regular file for reading; -1 with `why`. O_NONBLOCK: a FIFO must not hold us. */
static int open_regular(int directory, const char *name, struct stat *about, const char **why)
{
	int descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (descriptor < 0) {
		*why = errno == ELOOP ? "a symbolic link" : strerror(errno);
		return -1;
	}
	if (fstat(descriptor, about) == 0 && S_ISREG(about->st_mode))
		return descriptor;
	close(descriptor);
	*why = "not a regular file";
	return -1;
}

/* Reads to the end of the file, at most `room` bytes. */
static ssize_t read_whole(int descriptor, unsigned char *into, size_t room)
{
	size_t filled = 0;
	while (filled < room) {
		ssize_t got = read(descriptor, into + filled, room - filled);
		if (got == 0)
			break;
		if (got < 0 && errno != EINTR)
			return -1;
		if (got > 0)
			filled += (size_t)got;
	}
	return (ssize_t)filled;
}

static void send_content(uint32_t id, int descriptor, uint64_t size, uint64_t most)
{
	if (size > most || size > MAX_FILE_BYTES) {
		send_error(id, ERROR_REFUSED, "larger than %llu bytes", (unsigned long long)(most < MAX_FILE_BYTES ? most : MAX_FILE_BYTES));
		return;
	}
	unsigned char *content = malloc(size + 1);
	ssize_t length = content ? read_whole(descriptor, content, size) : -1;
	if (length < 0) {
		send_error(id, ERROR_REFUSED, "%s", strerror(errno));
	} else {
		struct part part = {content, (size_t)length};
		frame_send(FRAME_DATA, id, &part, 1);
	}
	free(content);
}

void serve_read(const struct frame *frame)
{
	struct cursor cursor = {.next = frame->data, .left = frame->length};
	uint64_t most = take_u64(&cursor);
	const char *path = take_string(&cursor), *name, *why = NULL;
	struct stat about;
	if (cursor.bad || cursor.left)
		malformed(frame->id, "READ");
	int directory = open_named_parent(path, false, &name, &why);
	int descriptor = directory < 0 ? -1 : open_regular(directory, name, &about, &why);
	if (descriptor < 0) {
		send_error(frame->id, ERROR_REFUSED, "%s", why);
	} else {
		send_content(frame->id, descriptor, (uint64_t)about.st_size, most);
		close(descriptor);
	}
	if (directory >= 0)
		close(directory);
}

static bool write_whole(int descriptor, const unsigned char *data, size_t length)
{
	while (length > 0) {
		ssize_t written = write(descriptor, data, length);
		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			data += written;
			length -= (size_t)written;
		}
	}
	return true;
}

/* Writes beside the file and renames over it, so that a full disk leaves the old content. NULL when it is done. */
static const char *replace(int directory, const char *name, mode_t mode, const unsigned char *data, size_t length)
{
	unlinkat(directory, TEMPORARY_NAME, 0);
	int descriptor = openat(directory, TEMPORARY_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return strerror(errno);
	bool done = write_whole(descriptor, data, length) && fchmod(descriptor, mode & 0777) == 0;
	done = done && renameat(directory, TEMPORARY_NAME, directory, name) == 0;
	const char *why = done ? NULL : strerror(errno);
	close(descriptor);
	if (!done)
		unlinkat(directory, TEMPORARY_NAME, 0);
	return why;
}

static const char *write_file(int directory, const char *name, bool create, const unsigned char *data, size_t length)
{
	struct stat about;
	if (fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) != 0) {
		if (errno != ENOENT || !create)
			return strerror(errno);
		return replace(directory, name, 0644, data, length);
	}
	if (S_ISLNK(about.st_mode))
		return "a symbolic link";
	if (!S_ISREG(about.st_mode))
		return "not a regular file";
	if (create)
		return "exists already";
	return replace(directory, name, about.st_mode, data, length);
}

void serve_write(const struct frame *frame)
{
	struct cursor cursor = {.next = frame->data, .left = frame->length};
	uint32_t create = take_u32(&cursor);
	const char *path = take_string(&cursor), *name, *why = NULL;
	if (cursor.bad || create > 1)
		malformed(frame->id, "WRITE");
	int directory = open_named_parent(path, create, &name, &why);
	if (directory >= 0) {
		why = write_file(directory, name, create, cursor.next, cursor.left);
		close(directory);
	}
	if (why)
		send_error(frame->id, ERROR_REFUSED, "%s", why);
	else
		frame_send(FRAME_DONE, frame->id, NULL, 0);
}
