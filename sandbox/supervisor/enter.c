/* `supervisor enter UID GID {copy|bind} SOURCE NAME ... -- PROGRAM ARGUMENT...`
 *
 * Root starts a sandbox as somebody who is not root, not even to the kernel, and who may go nowhere in root's
 * directories. So, in a mount namespace that nobody else sees and that goes with us: an empty /tmp, in it copies of the
 * named files and binds of the named directories; then the user is dropped for good and the program started.
 */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SHOWN 32

struct shown {
	const char *name;
	int descriptor;
	bool copy;
};

static void make_parents(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(path, 0755) != 0 && errno != EEXIST)
			fail(path);
		*slash = '/';
	}
}

static void copy_file(int from, const char *path)
{
	struct stat about;
	int into = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (into < 0 || fstat(from, &about) != 0)
		fail(path);
	off_t left = about.st_size;
	while (left > 0) {
		ssize_t sent = sendfile(into, from, NULL, (size_t)left);
		if (sent <= 0)
			fail(path);
		left -= sent;
	}
	close(into);
}

static void bind_directory(int from, const char *path)
{
	char source[64];
	snprintf(source, sizeof source, "/proc/self/fd/%d", from);
	if (mkdir(path, 0755) != 0 || mount(source, path, NULL, MS_BIND, NULL) != 0)
		fail(path);
}

static void show(const struct shown *shown)
{
	char path[MAX_PATH_BYTES + 1];
	int length = snprintf(path, sizeof path, "/tmp/%s", shown->name);
	if (length < 0 || (size_t)length >= sizeof path || strstr(shown->name, "..")) {
		errno = EINVAL;
		fail(shown->name);
	}
	make_parents(path);
	if (shown->copy)
		copy_file(shown->descriptor, path);
	else
		bind_directory(shown->descriptor, path);
	close(shown->descriptor);
}

/* Descriptors are opened in the new namespace, before /tmp is covered: sources may lie below it. */
static size_t open_sources(char ***arguments, struct shown *shown)
{
	size_t count = 0;
	char **next = *arguments;
	while (*next && strcmp(*next, "--") != 0) {
		if (count == MAX_SHOWN || !next[1] || !next[2]) {
			errno = EINVAL;
			fail(*next);
		}
		bool copy = strcmp(next[0], "copy") == 0;
		int descriptor = open(next[1], (copy ? O_RDONLY : O_PATH | O_DIRECTORY) | O_CLOEXEC);
		if (descriptor < 0)
			fail(next[1]);
		shown[count++] = (struct shown){next[2], descriptor, copy};
		next += 3;
	}
	*arguments = *next ? next + 1 : next;
	return count;
}

static void drop(uid_t user, gid_t group)
{
	if (user == 0 || group == 0 || setgroups(0, NULL) != 0 || setresgid(group, group, group) != 0 ||
	    setresuid(user, user, user) != 0)
		fail("dropping root");
	if (setuid(0) == 0 || setgid(0) == 0) {
		errno = EPERM;
		fail("root could be taken back");
	}
}

int enter(char **arguments)
{
	struct shown shown[MAX_SHOWN];
	if (!arguments[0] || !arguments[1])
		return 2;
	uid_t user = (uid_t)strtoul(arguments[0], NULL, 10);
	gid_t group = (gid_t)strtoul(arguments[1], NULL, 10);
	arguments += 2;
	umask(022);
	if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		fail("a mount namespace");
	size_t count = open_sources(&arguments, shown);
	if (!*arguments)
		return 2;
	if (mount("mimo", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755,size=64m") != 0)
		fail("mounting over /tmp");
	for (size_t i = 0; i < count; i++)
		show(&shown[i]);
	drop(user, group);
	if (chdir("/") != 0)
		fail("chdir /");
	char *nothing[] = {NULL};
	execve(*arguments, arguments, nothing);
	fail(*arguments);
}
