/* What an overlay's worktree has that its lower directory has not: the upper directory lists it, and nobody else looks.
 *
 * The upper directory is only asked for names. What is at a name is looked at in the worktree itself, and what is gone
 * is known by the lower directory having it: the marks of the file system (`trusted.overlay.opaque` can't be read in
 * here, `user.overlay.opaque` may be set by a command) are not believed. Both layers are shown read-only; a command may
 * look at them as we do, and finds nothing that /workspace does not hold or the base commit did not.
 */
#include "supervisor.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* One directory in its three views; `lower` is -1 where there is nothing below. */
struct view {
	int merged, upper, lower;
};

static bool walk_view(struct walk *walk, struct view view, size_t length, unsigned depth);

static int open_plain(int parent, const char *name)
{
	return parent < 0 ? -1 : openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static void close_view(struct view view)
{
	if (view.merged >= 0)
		close(view.merged);
	if (view.upper >= 0)
		close(view.upper);
	if (view.lower >= 0)
		close(view.lower);
}

static bool look(int directory, const char *name, struct stat *about)
{
	return directory >= 0 && fstatat(directory, name, about, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool add_deleted(struct walk *walk, size_t length)
{
	static const struct stat nothing;
	return manifest_add(walk, length, KIND_DELETED, &nothing);
}

/* Everything that the lower directory has at this path is gone. */
static bool add_lost(struct walk *walk, int parent, const char *name, size_t length, unsigned depth)
{
	struct stat about;
	struct dirent *found;
	bool fine = true;
	if (!look(parent, name, &about))
		return true;
	if (!S_ISDIR(about.st_mode))
		return add_deleted(walk, length);
	int directory = depth < MAX_DEPTH ? open_plain(parent, name) : -1;
	DIR *stream = directory < 0 ? NULL : fdopendir(directory);
	if (!stream)
		return false;
	while (fine && (found = readdir(stream))) {
		size_t whole = walk_skips(found->d_name, depth + 1) ? 0 : walk_enter(walk, length, found->d_name);
		if (whole)
			fine = add_lost(walk, directory, found->d_name, whole, depth + 1);
	}
	closedir(stream);
	return fine;
}

/* A directory of the upper layer, over whatever the lower one has there. */
static bool enter_view(struct walk *walk, struct view above, const char *name, size_t length, unsigned depth)
{
	struct stat about, inner;
	if (!look(above.merged, name, &about))
		return errno == ENOENT;
	struct view view = {open_searchable(above.merged, name, depth), open_plain(above.upper, name), open_plain(above.lower, name)};
	bool nested = view.merged >= 0 && look(view.merged, ".git", &inner);
	if (view.merged < 0 || view.upper < 0 || nested) {
		close_view(view);
		return manifest_add(walk, length, nested ? KIND_NESTED : KIND_SPECIAL, &about);
	}
	if (view.lower < 0 && look(above.lower, name, &inner) && !add_deleted(walk, length)) {
		close_view(view);
		return false;
	}
	return walk_view(walk, view, length, depth);
}

static bool visit(struct walk *walk, struct view view, const char *name, size_t length, unsigned depth)
{
	struct stat above, below, about;
	if (!look(view.upper, name, &above))
		return errno == ENOENT;
	if (S_ISDIR(above.st_mode))
		return enter_view(walk, view, name, length, depth + 1);
	if (S_ISCHR(above.st_mode) && above.st_rdev == makedev(0, 0))
		return add_lost(walk, view.lower, name, length, depth);
	if (look(view.lower, name, &below) && S_ISDIR(below.st_mode) && !add_lost(walk, view.lower, name, length, depth))
		return false;
	if (!look(view.merged, name, &about))
		return errno == ENOENT;
	enum kind kind = S_ISREG(about.st_mode) ? KIND_FILE : S_ISLNK(about.st_mode) ? KIND_LINK : KIND_SPECIAL;
	return manifest_add(walk, length, kind, &about);
}

/* What the lower directory has and the upper one has not shows through, all of it or, in a directory that was removed
 * and made again, none. */
static bool visit_hidden(struct walk *walk, struct view view, DIR *lower, size_t length, unsigned depth)
{
	struct stat about;
	struct dirent *found;
	bool fine = true;
	while (fine && (found = readdir(lower))) {
		if (walk_skips(found->d_name, depth) || look(view.upper, found->d_name, &about))
			continue;
		if (look(view.merged, found->d_name, &about))
			break;
		size_t whole = walk_enter(walk, length, found->d_name);
		if (whole)
			fine = add_lost(walk, view.lower, found->d_name, whole, depth);
	}
	return fine;
}

static bool visit_all(struct walk *walk, struct view view, DIR *upper, size_t length, unsigned depth)
{
	struct stat about;
	struct dirent *found;
	bool fine = fstat(view.merged, &about) == 0;
	while (fine && (found = readdir(upper))) {
		if (walk_skips(found->d_name, depth))
			continue;
		size_t whole = walk_enter(walk, length, found->d_name);
		if (!whole) /* too deep to be named: the directory itself is what is told */
			return manifest_add(walk, length, KIND_SPECIAL, &about);
		fine = visit(walk, view, found->d_name, whole, depth);
	}
	return fine;
}

/* Takes the descriptors over. */
static bool walk_view(struct walk *walk, struct view view, size_t length, unsigned depth)
{
	DIR *upper = fdopendir(view.upper);
	if (!upper) {
		close_view(view);
		return false;
	}
	bool fine = visit_all(walk, view, upper, length, depth);
	DIR *lower = view.lower < 0 ? NULL : fdopendir(view.lower);
	if (lower) {
		fine = fine && visit_hidden(walk, view, lower, length, depth);
		closedir(lower);
	} else if (view.lower >= 0) {
		close(view.lower);
		fine = false;
	}
	closedir(upper);
	close(view.merged);
	return fine;
}

bool overlay_walk(struct walk *walk, int top)
{
	struct view view = {top, open(UPPER, O_RDONLY | O_DIRECTORY | O_CLOEXEC), open(LOWER, O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
	if (view.upper < 0 || view.lower < 0)
		fail("the layers of the worktree");
	return walk_view(walk, view, 0, 0);
}
