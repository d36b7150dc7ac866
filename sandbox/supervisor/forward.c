/* The way out: connections to a port of the sandbox's own loopback are carried to the proxy's socket. It gives no
 * power, for the wall is the proxy; whoever kills the forwarder harms only their own command. */
#include "supervisor.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FORWARD_PORT 61080 /* sandbox/network/inside.py has it too; above the ports that the kernel gives by itself */
#define MOST_PAIRS 64
#define BACKLOG 64
#define PIECE 16384
#define KEPT_DESCRIPTORS 4u
#define OUR_DESCRIPTORS 256 /* more than the supervisor ever has */

/* Bytes on their way from one end to the other. */
struct lane {
	unsigned char data[PIECE];
	size_t start, end;
	bool ended;
};

struct pair {
	int ends[2];
	struct lane lanes[2]; /* lanes[i] comes from ends[i] */
};

static struct sockaddr_un proxy = {.sun_family = AF_UNIX};
static int listener = -1;
static struct pair pairs[MOST_PAIRS];
static size_t pair_count;
pid_t forwarder;

/* Listens for as long as the sandbox lives, so that no command can take the port and none comes too early. */
void forward_open(const char *path)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(FORWARD_PORT)};
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int length = snprintf(proxy.sun_path, sizeof proxy.sun_path, "%s", path);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (length < 0 || (size_t)length >= sizeof proxy.sun_path || listener < 0 ||
	    bind(listener, (struct sockaddr *)&here, sizeof here) != 0 || listen(listener, BACKLOG) != 0)
		fail("the forwarder's port");
}

static void take_connection(void)
{
	int one = 1, near = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (near < 0)
		return;
	int far = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (far < 0 || connect(far, (struct sockaddr *)&proxy, sizeof proxy) != 0) {
		close(near);
		if (far >= 0)
			close(far);
		return;
	}
	setsockopt(near, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	struct pair *pair = &pairs[pair_count++];
	pair->ends[0] = near;
	pair->ends[1] = far;
	for (int i = 0; i < 2; i++)
		pair->lanes[i].start = pair->lanes[i].end = pair->lanes[i].ended = 0;
}

/* Both say whether the connection still stands. */
static bool read_lane(struct lane *lane, int from, int to)
{
	ssize_t got = read(from, lane->data, PIECE);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	lane->ended = got == 0;
	lane->start = 0;
	lane->end = (size_t)got;
	return got > 0 || shutdown(to, SHUT_WR) == 0;
}

static bool write_lane(struct lane *lane, int to)
{
	ssize_t put = send(to, lane->data + lane->start, lane->end - lane->start, MSG_NOSIGNAL);
	if (put < 0)
		return errno == EAGAIN || errno == EINTR;
	lane->start += (size_t)put;
	return true;
}

static bool is_empty(const struct lane *lane)
{
	return lane->start == lane->end;
}

/* A lane that is full waits for its other end, and its own is not read: whoever sends too fast waits too. An end that
 * nothing is wanted of is not looked at, for it would say over and over that it was hung up. */
static struct pollfd wanted(const struct pair *pair, int end)
{
	const struct lane *from = &pair->lanes[end], *into = &pair->lanes[1 - end];
	short events = (short)((is_empty(from) && !from->ended ? POLLIN : 0) | (is_empty(into) ? 0 : POLLOUT));
	return (struct pollfd){.fd = events ? pair->ends[end] : -1, .events = events};
}

static bool carry(struct pair *pair, const short *happened)
{
	for (int end = 0; end < 2; end++) {
		struct lane *from = &pair->lanes[end], *into = &pair->lanes[1 - end];
		if ((happened[end] & (POLLOUT | POLLERR)) && !is_empty(into) && !write_lane(into, pair->ends[end]))
			return false;
		if ((happened[end] & (POLLIN | POLLHUP | POLLERR)) && is_empty(from) && !from->ended &&
		    !read_lane(from, pair->ends[end], pair->ends[1 - end]))
			return false;
	}
	return !(pair->lanes[0].ended && pair->lanes[1].ended);
}

static void drop_pair(size_t index)
{
	close(pairs[index].ends[0]);
	close(pairs[index].ends[1]);
	pairs[index] = pairs[--pair_count];
}

static void carry_all(const struct pollfd *polled)
{
	for (size_t i = pair_count; i-- > 0;) {
		short happened[2] = {polled[2 * i].revents, polled[2 * i + 1].revents};
		if (!carry(&pairs[i], happened))
			drop_pair(i);
	}
}

static size_t most_pairs(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur / 2 > MOST_PAIRS + KEPT_DESCRIPTORS)
		return MOST_PAIRS;
	return files.rlim_cur / 2 > KEPT_DESCRIPTORS ? files.rlim_cur / 2 - KEPT_DESCRIPTORS : 1;
}

static _Noreturn void forward(void)
{
	struct pollfd polled[2 * MOST_PAIRS + 1];
	size_t most = most_pairs();
	for (;;) {
		size_t count = 2 * pair_count;
		for (size_t i = 0; i < count; i++)
			polled[i] = wanted(&pairs[i / 2], (int)(i % 2));
		polled[count] = (struct pollfd){.fd = pair_count < most ? listener : -1, .events = POLLIN};
		if (poll(polled, count + 1, -1) < 0 && errno != EINTR)
			_exit(1);
		carry_all(polled);
		if (polled[count].revents)
			take_connection();
	}
}

/* Beside each command, and ended with everything else when it is over. Nothing of the supervisor's stays open in it. */
void forward_start(void)
{
	if (listener < 0)
		return;
	forwarder = fork();
	if (forwarder < 0)
		fail("forking the forwarder");
	if (forwarder > 0)
		return;
	for (int descriptor = 0; descriptor < OUR_DESCRIPTORS; descriptor++)
		if (descriptor != listener)
			close(descriptor);
	forward();
}
