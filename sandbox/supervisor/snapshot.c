/* SNAPSHOT: what changed in the worktree since the last one that the host took in whole. No command runs meanwhile. */
#include "supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A record and its content travel in one frame. */
#define MAX_FILE_BYTES (16u << 20)

struct budget {
	uint64_t file_bytes;
	uint64_t records;
	uint64_t bytes;
};

struct __attribute__((packed)) record {
	uint32_t kind, mode, path_length;
};

struct stream {
	uint32_t id;
	struct budget limit;
	struct budget used;
	const struct manifest *manifest;
};

/* `accepted` is what the host knows; `offered` what the last snapshot told, until the host says that it has it all. */
static struct manifest accepted, offered;
static bool offer_stands;

void snapshot_start(void)
{
	errno = 0;
	if (!manifest_take(&accepted))
		fail("the worktree has too many files to be tracked");
	manifest_settle(&accepted);
}

static bool spend(struct stream *stream, uint64_t bytes)
{
	stream->used.records++;
	stream->used.bytes += bytes;
	if (stream->used.records <= stream->limit.records && stream->used.bytes <= stream->limit.bytes)
		return true;
	send_error(stream->id, ERROR_BUDGET, "more than %llu changed files or %llu bytes", (unsigned long long)stream->limit.records,
		   (unsigned long long)stream->limit.bytes);
	return false;
}

static bool send_record(struct stream *stream, const struct entry *entry, const char *path, const void *data, size_t length)
{
	if (!spend(stream, entry->path_length + length))
		return false;
	struct record record = {entry->kind, entry->mode, entry->path_length};
	struct part parts[] = {{&record, sizeof record}, {path, entry->path_length}, {data, length}};
	frame_send(FRAME_RECORD, stream->id, parts, 3);
	return true;
}

/* Fills `into` with exactly the file that the manifest saw; false if it is not that any more. */
static bool read_exactly(int directory, const char *name, const struct entry *entry, unsigned char *into)
{
	struct stat about;
	size_t filled = 0;
	int descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (descriptor < 0)
		return false;
	bool same = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode) && about.st_ino == entry->inode &&
		    (uint64_t)about.st_size == entry->size;
	while (same && filled < entry->size) {
		ssize_t got = read(descriptor, into + filled, entry->size - filled);
		if (got > 0)
			filled += (size_t)got;
		else if (got == 0 || errno != EINTR)
			same = false;
	}
	close(descriptor);
	return same;
}

static bool read_link(int directory, const char *name, const struct entry *entry, unsigned char *into)
{
	return readlinkat(directory, name, (char *)into, entry->size + 1) == (ssize_t)entry->size;
}

/* A file whose content can't be had (its mode forbids it, say) is told as it stands, for the host to refuse. */
static bool send_content(struct stream *stream, const struct entry *entry, const char *path)
{
	const char *name, *why;
	struct entry unreadable = *entry;
	unreadable.kind = KIND_SPECIAL;
	unsigned char *content = malloc(entry->size + 1);
	int directory = content ? open_parent(path, false, &name, &why) : -1;
	bool had = directory >= 0 && (entry->kind == KIND_LINK ? read_link(directory, name, entry, content)
							       : read_exactly(directory, name, entry, content));
	bool sent = had ? send_record(stream, entry, path, content, entry->size) : send_record(stream, &unreadable, path, NULL, 0);
	if (directory >= 0)
		close(directory);
	free(content);
	return sent;
}

static bool send_deleted(struct stream *stream, const struct manifest *before, const struct entry *gone)
{
	struct entry deleted = {.kind = KIND_DELETED, .path_length = gone->path_length};
	return send_record(stream, &deleted, manifest_path(before, gone), NULL, 0);
}

static bool send_present(struct stream *stream, const struct entry *entry)
{
	const char *path = manifest_path(stream->manifest, entry);
	struct entry large = *entry;
	if (entry->kind == KIND_DELETED)
		return send_deleted(stream, stream->manifest, entry);
	large.kind = KIND_TOO_LARGE;
	if (entry->kind == KIND_FILE && (entry->size > stream->limit.file_bytes || entry->size > MAX_FILE_BYTES))
		return send_record(stream, &large, path, NULL, 0);
	if (entry->kind == KIND_FILE || (entry->kind == KIND_LINK && entry->size <= MAX_PATH_BYTES))
		return send_content(stream, entry, path);
	return send_record(stream, entry, path, NULL, 0);
}

static bool changed(const struct entry *before, const struct entry *after)
{
	return before->racy || before->kind != after->kind || before->mode != after->mode || before->size != after->size ||
	       before->inode != after->inode || before->ctime_ns != after->ctime_ns;
}

/* Both manifests are sorted by path: one pass over them names what is new, changed and gone. */
static bool send_changes(struct stream *stream, const struct manifest *before, const struct manifest *after)
{
	size_t old = 0, new = 0;
	bool fine = true;
	while (fine && (old < before->count || new < after->count)) {
		int order = old == before->count ? 1
			    : new == after->count ? -1
						  : compare_entries(before, &before->entries[old], after, &after->entries[new]);
		if (order < 0) {
			const struct entry *gone = &before->entries[old++];
			fine = gone->kind == KIND_DELETED || send_deleted(stream, before, gone);
			continue;
		}
		if (order > 0 || changed(&before->entries[old], &after->entries[new]))
			fine = send_present(stream, &after->entries[new]);
		old += order == 0;
		new++;
	}
	return fine;
}

static void settle_offer(bool taken)
{
	if (taken && offer_stands) {
		manifest_free(&accepted);
		accepted = offered;
		offered = (struct manifest){0};
	}
	manifest_free(&offered);
	offer_stands = false;
}

void serve_snapshot(const struct frame *frame)
{
	struct cursor cursor = {.next = frame->data, .left = frame->length};
	uint32_t taken = take_u32(&cursor);
	struct stream stream = {.id = frame->id, .manifest = &offered};
	stream.limit.file_bytes = take_u64(&cursor);
	stream.limit.records = take_u64(&cursor);
	stream.limit.bytes = take_u64(&cursor);
	if (cursor.bad || cursor.left || taken > 1)
		malformed(frame->id, "SNAPSHOT");
	settle_offer(taken);
	if (!manifest_take(&offered)) {
		send_error(frame->id, ERROR_BUDGET, "the worktree has too many files to be tracked");
	} else if (send_changes(&stream, &accepted, &offered)) {
		struct part part = {&stream.used, sizeof stream.used};
		offer_stands = true;
		frame_send(FRAME_SNAPSHOT_END, frame->id, &part, 1);
		manifest_settle(&offered); /* the host has its answer: only a command that comes at once waits for this */
	}
}
