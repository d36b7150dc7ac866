/* Paths below the worktree, one component at a time, so that no symlink is ever followed. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int workspace = -1;

void workspace_open(void)
{
	workspace = open(WORKSPACE, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (workspace < 0)
		fail(WORKSPACE);
}

int workspace_descriptor(void)
{
	return workspace;
}

static int descend(int directory, const char *name, bool make, const char **why)
{
	if (make && mkdirat(directory, name, 0755) != 0 && errno != EEXIST) {
		*why = strerror(errno);
		return -1;
	}
	int next = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0)
		*why = errno == ELOOP || errno == ENOTDIR ? "a directory of the path is a link or no directory" : strerror(errno);
	return next;
}

int open_parent(const char *path, bool make, const char **name, const char **why)
{
	char component[256];
	int directory = fcntl(workspace, F_DUPFD_CLOEXEC, 3);
	if (directory < 0)
		fail("no descriptors left");
	for (;;) {
		size_t length = strcspn(path, "/");
		bool last = path[length] == 0;
		if (length == 0 || length >= sizeof component) {
			*why = "not a relative path without empty parts";
			break;
		}
		memcpy(component, path, length);
		component[length] = 0;
		if (strcmp(component, ".") == 0 || strcmp(component, "..") == 0) {
			*why = "not a plain path below the worktree";
			break;
		}
		if (last) {
			*name = path;
			return directory;
		}
		int next = descend(directory, component, make, why);
		close(directory);
		if (next < 0)
			return -1;
		directory = next;
		path += length + 1;
	}
	close(directory);
	return -1;
}
