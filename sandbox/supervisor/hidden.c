/* Files that a process holds and that none of its descriptors shows: by a mapping, or by a message that nobody has received
 * yet. How large they are can't be seen; that there are any can. */
#include "supervisor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IN_FLIGHT "scm_fds:" /* since Linux 5.9 */
#define DELETED " (deleted)\n"

static bool any_line(const char *path, bool (*tells)(const char *line))
{
	static char line[2 * MAX_PATH_BYTES];
	bool found = false;
	FILE *file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof line, file))
		found = tells(line);
	if (file)
		fclose(file);
	return found;
}

/* A line without an end is a name too long to see what became of it. */
static bool tells_deleted(const char *line)
{
	const char *file = strchr(line, '/'), *end = strchr(line, '\n');
	size_t length = strlen(line);
	if (!file || strncmp(file, WORKSPACE "/", sizeof WORKSPACE) != 0)
		return false;
	return !end || (length >= sizeof DELETED && strcmp(line + length - (sizeof DELETED - 1), DELETED) == 0);
}

static bool tells_in_flight(const char *line)
{
	return strncmp(line, IN_FLIGHT, sizeof IN_FLIGHT - 1) == 0 && strtoul(line + sizeof IN_FLIGHT - 1, NULL, 10) > 0;
}

bool is_mapped_and_deleted(const char *process)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%.20s/maps", process);
	return any_line(path, tells_deleted);
}

bool is_in_flight(const char *process, const char *descriptor)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%.20s/fdinfo/%.20s", process, descriptor);
	return any_line(path, tells_in_flight);
}
