/* `supervisor join FILE ... -- PROGRAM ARGUMENT...`
 *
 * Into the cgroups whose lists of members are named, then the program: from its first instruction on, and with all that
 * it starts, it is held by them. Nobody else can do this for it without a moment in which it is not.
 */
#include "supervisor.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

int join(char **arguments)
{
	for (; *arguments && strcmp(*arguments, "--") != 0; arguments++) {
		int members = open(*arguments, O_WRONLY | O_CLOEXEC);
		if (members < 0 || write(members, "0", 1) != 1)
			fail(*arguments);
		close(members);
	}
	if (!*arguments || !arguments[1])
		return 2;
	char *nothing[] = {NULL};
	execve(arguments[1], arguments + 1, nothing);
	fail(arguments[1]);
}
