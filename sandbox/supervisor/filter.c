/* The seccomp filter: what no build or test needs and what escapes were made of is refused. It is installed on every
 * backend; an engine's own filter comes on top. A table, fixed when the program is built. */
#include "supervisor.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "no seccomp table for this architecture"
#endif

#define X32_BIT 0x40000000u
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif
#ifndef CLOSE_RANGE_UNSHARE
#define CLOSE_RANGE_UNSHARE 2u
#endif
/* CLONE_NEWTIME shares its bit with clone's exit signal; it is reached by unshare and clone3 alone, both refused. */
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static const int refused[] = {
	/* mounts and namespaces */
	SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_unshare, SYS_setns,
#ifdef SYS_move_mount
	SYS_move_mount, SYS_open_tree, SYS_fsopen, SYS_fsconfig, SYS_fsmount, SYS_fspick,
#endif
#ifdef SYS_mount_setattr
	SYS_mount_setattr,
#endif
	/* the kernel itself */
	SYS_bpf, SYS_perf_event_open, SYS_userfaultfd, SYS_init_module, SYS_finit_module, SYS_delete_module,
	SYS_kexec_load, SYS_reboot, SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, SYS_syslog, SYS_settimeofday,
	SYS_clock_settime, SYS_adjtimex, SYS_clock_adjtime, SYS_sethostname, SYS_setdomainname, SYS_fanotify_init,
	SYS_lookup_dcookie, SYS_vhangup, SYS_nfsservctl,
#ifdef SYS_kexec_file_load
	SYS_kexec_file_load,
#endif
#ifdef SYS_quotactl_fd
	SYS_quotactl_fd,
#endif
#ifdef SYS_iopl
	SYS_iopl, SYS_ioperm, SYS_modify_ldt, SYS_uselib, SYS_ustat, SYS_sysfs,
#endif
	/* keys of the host's user, files by handle, other processes' memory policy */
	SYS_keyctl, SYS_add_key, SYS_request_key, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_kcmp,
	SYS_move_pages, SYS_migrate_pages,
#ifdef SYS_pidfd_getfd
	SYS_pidfd_getfd,
#endif
#ifdef SYS_io_uring_setup
	SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register,
#endif
};

#define LOW_WORD(index) (offsetof(struct seccomp_data, args) + 8 * (index))
#define LOAD(offset) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (offset))
#define LOAD_NUMBER LOAD(offsetof(struct seccomp_data, nr))
#define UNLESS_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))
#define IF_EQUAL(value, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), (skip), 0)
#define REFUSE(number) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (number))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static const struct sock_filter judged[] = {
	LOAD(offsetof(struct seccomp_data, arch)),
	IF_EQUAL(NATIVE_ARCHITECTURE, 1),
	REFUSE(ENOSYS),
	LOAD_NUMBER,
	BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1),
	REFUSE(ENOSYS),
	/* clone3 hides its flags behind a pointer: libraries fall back to clone */
	UNLESS_EQUAL(SYS_clone3, 1),
	REFUSE(ENOSYS),
	UNLESS_EQUAL(SYS_clone, 7),
	LOAD(LOW_WORD(0)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1),
	REFUSE(EPERM),
	/* threads share their descriptors: the watch of the disk looks at those of the first one alone */
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_THREAD, 0, 2),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_FILES, 1, 0),
	REFUSE(EPERM),
	ALLOW,
	UNLESS_EQUAL(SYS_close_range, 4),
	LOAD(LOW_WORD(2)),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLOSE_RANGE_UNSHARE, 0, 1),
	REFUSE(EPERM),
	ALLOW,
	/* local, IPv4, IPv6 and netlink: a network namespace holds those; AF_VSOCK and others it does not */
	UNLESS_EQUAL(SYS_socket, 7),
	LOAD(LOW_WORD(0)),
	IF_EQUAL(AF_UNIX, 4),
	IF_EQUAL(AF_INET, 3),
	IF_EQUAL(AF_INET6, 2),
	IF_EQUAL(AF_NETLINK, 1),
	REFUSE(EAFNOSUPPORT),
	ALLOW,
	/* typing into a terminal */
	UNLESS_EQUAL(SYS_ioctl, 5),
	LOAD(LOW_WORD(1)),
	IF_EQUAL(TIOCSTI, 1),
	UNLESS_EQUAL(TIOCLINUX, 1),
	REFUSE(EPERM),
	ALLOW,
};

/* Calls that change another process of the same user, and the argument that names it: PID 1 is not theirs to starve. */
#define IOPRIO_WHO_USER 3
static const struct {
	int number;
	unsigned argument;
	unsigned value;
} aimed[] = {
	{SYS_prlimit64, 0, 1},
	{SYS_sched_setaffinity, 0, 1},
	{SYS_sched_setscheduler, 0, 1},
	{SYS_sched_setparam, 0, 1},
	{SYS_sched_setattr, 0, 1},
	{SYS_setpriority, 1, 1},
	{SYS_setpriority, 0, PRIO_USER}, /* all of the user's processes, process 1 among them */
	{SYS_ioprio_set, 1, 1},
	{SYS_ioprio_set, 0, IOPRIO_WHO_USER},
};

#define JUDGED (sizeof judged / sizeof *judged)
#define AIMED (sizeof aimed / sizeof *aimed)
#define REFUSED (sizeof refused / sizeof *refused)

void install_filter(void)
{
	static struct sock_filter program[JUDGED + 5 * AIMED + 2 * REFUSED + 1];
	size_t length = 0;
	for (size_t i = 0; i < JUDGED; i++)
		program[length++] = judged[i];
	for (size_t i = 0; i < AIMED; i++) {
		program[length++] = (struct sock_filter)UNLESS_EQUAL((unsigned)aimed[i].number, 4);
		program[length++] = (struct sock_filter)LOAD(LOW_WORD(aimed[i].argument));
		program[length++] = (struct sock_filter)UNLESS_EQUAL(aimed[i].value, 1);
		program[length++] = (struct sock_filter)REFUSE(EPERM);
		program[length++] = (struct sock_filter)LOAD_NUMBER; /* it may be aimed in another way as well */
	}
	for (size_t i = 0; i < REFUSED; i++) {
		program[length++] = (struct sock_filter)UNLESS_EQUAL((unsigned)refused[i], 1);
		program[length++] = (struct sock_filter)REFUSE(EPERM);
	}
	program[length++] = (struct sock_filter)ALLOW;
	struct sock_fprog filter = {.len = (unsigned short)length, .filter = program};
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
		fail("seccomp filter");
}
