/* Limits that the kernel keeps without telling anybody: a place in memory that is full, a process that may open no more
 * files. They are seen from outside, while a command runs and when it is over; who is quicker than a look is not named.
 */
#include "supervisor.h"

#include <sys/statfs.h>

static bool is_full(const char *place)
{
	struct statfs about;
	if (statfs(place, &about) != 0)
		return false;
	return (about.f_blocks && about.f_bfree == 0) || (about.f_files && about.f_ffree == 0);
}

static bool something_is_full(void)
{
	return is_full("/tmp") || is_full("/home/agent") || is_full("/dev/shm");
}

static uint64_t files_allowed(void)
{
	struct rlimit limit;
	if (ceilings.open_files)
		return ceilings.open_files;
	return getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

void scarce_begin(struct scarce *scarce)
{
	scarce->full_before = something_is_full();
}

void scarce_look(struct scarce *scarce, uint64_t most_files)
{
	scarce->full = scarce->full || (!scarce->full_before && something_is_full());
	scarce->files = scarce->files || most_files >= files_allowed();
}
