/* What the parts of the supervisor share. The wire format is described in sandbox/protocol.py. */
#ifndef SUPERVISOR_H
#define SUPERVISOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire format is little-endian");

#define WORKSPACE "/workspace"
#define UPPER "/run/mimo/upper"
#define LOWER "/run/mimo/lower"
#define MAX_DEPTH 256u
#define MAX_PATH_BYTES 4095u

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_RESULT = 2,
	FRAME_RECORD = 3,
	FRAME_SNAPSHOT_END = 4,
	FRAME_DATA = 5,
	FRAME_DONE = 6,
	FRAME_ERROR = 7,
	FRAME_EXEC = 16,
	FRAME_CANCEL = 17,
	FRAME_SNAPSHOT = 18,
	FRAME_READ = 19,
	FRAME_WRITE = 20,
};

enum error_code { ERROR_MALFORMED = 1, ERROR_REFUSED = 2, ERROR_BUDGET = 3, ERROR_INTERNAL = 4 };

enum limit { LIMIT_NONE = 0, LIMIT_TIME = 1, LIMIT_OUTPUT = 2, LIMIT_MEMORY = 3, LIMIT_PROCESSES = 4, LIMIT_DISK = 5, LIMIT_OPEN_FILES = 6 };

/* Ceilings of the sandbox as a whole, from the command line; 0 = somebody else (the engine's cgroups) enforces it. */
struct ceilings {
	uint64_t memory_bytes;
	uint64_t processes;
	uint64_t process_rlimit;
	uint64_t open_files;
	uint64_t file_bytes;
	uint64_t disk_bytes; /* how much, and how many entries, the worktree may hold beyond its start */
	uint64_t disk_entries;
	uint64_t overlay; /* the worktree is an overlay, its layers are shown at UPPER and LOWER */
};
extern struct ceilings ceilings;

/* frame.c: the wire */
struct frame {
	uint32_t type;
	uint32_t id;
	uint32_t length;
	unsigned char *data;
};

struct part {
	const void *data;
	size_t length;
};

struct cursor {
	const unsigned char *next;
	size_t left;
	bool bad;
};

/* Reads what has arrived, once; true when a whole frame is there. Exits when the peer is gone. Call it on POLLIN. */
bool frame_receive(struct frame *frame);
void frame_free(struct frame *frame);
void frame_send(uint32_t type, uint32_t id, const struct part *parts, size_t count);
void send_error(uint32_t id, enum error_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* A request that is not of the protocol: say so and end. Nothing after it could be trusted. */
_Noreturn void malformed(uint32_t id, const char *why);

uint32_t take_u32(struct cursor *cursor);
uint64_t take_u64(struct cursor *cursor);
const unsigned char *take_bytes(struct cursor *cursor, size_t length);
/* A string with its terminating NUL on the wire and none inside; NULL (and `bad`) if it is anything else. */
const char *take_string(struct cursor *cursor);

/* silence.c: ending by ourselves where the host is no longer heard from; 0 seconds = its end closes our input */
extern uint64_t silence_seconds;
void watch_for_silence(void);
void heard_from_host(void);

/* main.c */
_Noreturn void fail(const char *what);
int signal_descriptor(void);
/* Reads pending signals; ends the sandbox on a SIGTERM from outside of it. */
void read_signals(void);
uint64_t now_ns(void);

/* request.c: one EXEC; strings are the frame's and live as long */
struct request {
	uint32_t id;
	uint64_t timeout_ns;
	uint64_t grace_ns;
	uint64_t output_bytes;
	const char *script;
	const char *cwd;
	char **environment;
};
bool request_parse(const struct frame *frame, struct request *request);
void request_free(struct request *request);

/* command.c */
void serve_exec(const struct frame *frame);

/* child.c: the side of the fork that becomes the command; it shares our memory until it is the shell */
struct child_plan {
	const char *script;
	const char *cwd;
	char **environment;
	int stdout_write;
	int stderr_write;
	const char *volatile failed; /* what could not be done, and why: there is no command then */
	volatile int error;
};
_Noreturn void become_command(struct child_plan *plan);
/* The kernel's out-of-memory killer is to take any command before it takes us: what is started while our own score is
 * raised keeps it. */
void score_open(void);
void score_raise(bool raised);

/* forward.c: the sandbox's way to the proxy, where it has a network */
extern pid_t forwarder; /* no part of what a command is and uses */
void forward_open(const char *path);
void forward_start(void);

/* reap.c: who has died, and making everybody die */
struct reaped {
	pid_t main_pid;
	bool main_done;
	int main_status;
	uint64_t cpu_ns;
	uint64_t peak_bytes;
};
void reap_available(struct reaped *reaped);
void kill_everything(struct reaped *reaped);

/* output.c: one stream, its head and its tail kept */
struct output {
	unsigned char *head;
	unsigned char *ring;
	size_t half;
	size_t head_length;
	size_t ring_start;
	size_t ring_length;
	uint64_t dropped;
};
bool output_open(struct output *output, size_t cap);
void output_add(struct output *output, const unsigned char *data, size_t length);
/* Reads what the pipe holds, a bounded amount; false at its end. */
bool output_read(struct output *output, int descriptor);
void output_close(struct output *output);

/* usage.c: what the whole sandbox uses right now */
struct usage {
	uint64_t own_bytes; /* what is each process's own: a lower bound, for the peak */
	uint64_t resident_bytes; /* everything resident, shared pages many times: an upper bound */
	uint64_t threads;
	uint64_t most_files; /* the open files of the process that has most of them */
};
struct usage usage_now(void);
/* The same memory counted exactly (shared pages once), for the decision to kill. */
uint64_t usage_exact_memory(void);
/* How often the engine's cgroup has killed for memory, or refused a process. */
uint64_t cgroup_oom_kills(void);
uint64_t cgroup_refused_forks(void);

/* scarce.c: limits that the kernel keeps without telling anybody */
struct scarce {
	bool full_before;
	bool full;
	bool files;
};
void scarce_begin(struct scarce *scarce);
void scarce_look(struct scarce *scarce, uint64_t most_files);

/* disk.c: what the worktree takes of the disk */
void disk_start(void);
void disk_begin(void);
/* Whether the command has made the worktree grow beyond its ceiling; looks only when it is time to. */
bool disk_exceeded(bool at_end);

/* hidden.c: whether a process may hold files that none of its descriptors shows */
bool is_mapped_and_deleted(const char *process);
bool is_in_flight(const char *process, const char *descriptor);

/* beneath.c: paths below the worktree, no symlink followed */
/* Opens the directory that holds the last component; -1 with `why` set. `make` creates missing directories. */
int open_parent(const char *path, bool make, const char **name, const char **why);
int workspace_descriptor(void);
void workspace_open(void);

/* files.c */
void serve_read(const struct frame *frame);
void serve_write(const struct frame *frame);

/* manifest.c: what the worktree looks like */
enum kind { KIND_FILE = 1, KIND_LINK = 2, KIND_DELETED = 3, KIND_SPECIAL = 4, KIND_NESTED = 5, KIND_TOO_LARGE = 6 };
struct entry {
	size_t path;
	uint32_t path_length;
	uint32_t mode;
	uint64_t size;
	uint64_t inode;
	int64_t ctime_ns;
	enum kind kind;
	bool racy;
};
struct manifest {
	struct entry *entries;
	size_t count;
	size_t capacity;
	char *paths;
	size_t paths_length;
	size_t paths_capacity;
};
/* A walk that fills a manifest; `path` is where it is. */
struct walk {
	struct manifest *manifest;
	int64_t now_ns;
	char path[MAX_PATH_BYTES + 1];
};
struct stat;
bool manifest_add(struct walk *walk, size_t length, enum kind kind, const struct stat *about);
bool walk_skips(const char *name, unsigned depth);
size_t walk_enter(struct walk *walk, size_t length, const char *name);
/* A directory whose entries can be looked at; -1 where they can't. No link is followed. */
int open_searchable(int parent, const char *name, unsigned depth);
/* Fills an empty manifest from the worktree, sorted by path; false if it holds more than can be tracked. */
bool manifest_take(struct manifest *manifest);
/* Waits, a few milliseconds at most, until a change of what it holds can't keep its ctime. No command may run. */
void manifest_settle(struct manifest *manifest);
void manifest_free(struct manifest *manifest);
const char *manifest_path(const struct manifest *manifest, const struct entry *entry);
int compare_entries(const struct manifest *left, const struct entry *a, const struct manifest *right, const struct entry *b);

/* overlay.c: the same, from what an overlay has in its upper directory. Takes the descriptor of its top over. */
bool overlay_walk(struct walk *walk, int top);

/* snapshot.c */
void snapshot_start(void);
void serve_snapshot(const struct frame *frame);

/* filter.c */
void install_filter(void);

/* enter.c: `supervisor enter`, on the host, as root */
int enter(char **arguments);

/* join.c: `supervisor join`, on the host */
int join(char **arguments);

#endif
