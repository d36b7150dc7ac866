/* The wire: frames of a 12 byte header (length, type, request id; little-endian) and a bounded payload. */
#include "supervisor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_BYTES 12u
#define MAX_PAYLOAD (17u << 20)
#define MAX_PARTS 8

static unsigned char header[HEADER_BYTES];
static size_t header_filled;
static unsigned char *payload;
static size_t payload_filled;

static uint32_t header_word(size_t index)
{
	uint32_t word;
	memcpy(&word, header + 4 * index, sizeof word);
	return word;
}

static size_t read_some(void *into, size_t length)
{
	for (;;) {
		ssize_t got = read(STDIN_FILENO, into, length);
		if (got > 0) {
			heard_from_host();
			return (size_t)got;
		}
		if (got == 0)
			_exit(0); /* the host is gone: as PID 1, everything goes with us */
		if (errno == EAGAIN)
			return 0;
		if (errno != EINTR)
			_exit(3);
	}
}

static bool fill_header(void)
{
	header_filled += read_some(header + header_filled, HEADER_BYTES - header_filled);
	if (header_filled < HEADER_BYTES)
		return false;
	if (header_word(0) > MAX_PAYLOAD)
		malformed(header_word(2), "frame too long");
	payload = malloc((size_t)header_word(0) + 1);
	if (!payload)
		fail("no memory for a frame");
	payload_filled = 0;
	return header_word(0) == 0;
}

bool frame_receive(struct frame *frame)
{
	if (header_filled < HEADER_BYTES) {
		if (!fill_header())
			return false;
	} else {
		payload_filled += read_some(payload + payload_filled, header_word(0) - payload_filled);
	}
	if (payload_filled < header_word(0))
		return false;
	*frame = (struct frame){.type = header_word(1), .id = header_word(2), .length = header_word(0), .data = payload};
	header_filled = 0;
	payload = NULL;
	return true;
}

void frame_free(struct frame *frame)
{
	free(frame->data);
	frame->data = NULL;
}

static void write_all(struct iovec *vector, int count)
{
	while (count > 0) {
		ssize_t written = writev(STDOUT_FILENO, vector, count);
		if (written < 0) {
			if (errno == EINTR)
				continue;
			_exit(3);
		}
		size_t left = (size_t)written;
		while (count > 0 && left >= vector->iov_len) {
			left -= vector->iov_len;
			vector++;
			count--;
		}
		if (count > 0) {
			vector->iov_base = (char *)vector->iov_base + left;
			vector->iov_len -= left;
		}
	}
}

void frame_send(uint32_t type, uint32_t id, const struct part *parts, size_t count)
{
	struct iovec vector[MAX_PARTS + 1];
	uint32_t words[3] = {0, type, id};
	if (count > MAX_PARTS)
		fail("too many parts");
	for (size_t i = 0; i < count; i++) {
		vector[i + 1] = (struct iovec){.iov_base = (void *)(uintptr_t)parts[i].data, .iov_len = parts[i].length};
		words[0] += (uint32_t)parts[i].length;
	}
	vector[0] = (struct iovec){.iov_base = words, .iov_len = sizeof words};
	write_all(vector, (int)count + 1);
}

void send_error(uint32_t id, enum error_code code, const char *format, ...)
{
	char text[512];
	uint32_t word = code;
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof text)
		length = sizeof text - 1;
	struct part parts[] = {{&word, sizeof word}, {text, (size_t)length}};
	frame_send(FRAME_ERROR, id, parts, 2);
}

void malformed(uint32_t id, const char *why)
{
	send_error(id, ERROR_MALFORMED, "%s", why);
	_exit(2);
}

const unsigned char *take_bytes(struct cursor *cursor, size_t length)
{
	if (cursor->bad || cursor->left < length) {
		cursor->bad = true;
		return NULL;
	}
	const unsigned char *start = cursor->next;
	cursor->next += length;
	cursor->left -= length;
	return start;
}

uint32_t take_u32(struct cursor *cursor)
{
	uint32_t value = 0;
	const unsigned char *bytes = take_bytes(cursor, sizeof value);
	if (bytes)
		memcpy(&value, bytes, sizeof value);
	return value;
}

uint64_t take_u64(struct cursor *cursor)
{
	uint64_t value = 0;
	const unsigned char *bytes = take_bytes(cursor, sizeof value);
	if (bytes)
		memcpy(&value, bytes, sizeof value);
	return value;
}

const char *take_string(struct cursor *cursor)
{
	size_t length = take_u32(cursor);
	const unsigned char *bytes = take_bytes(cursor, length);
	const unsigned char *end = take_bytes(cursor, 1);
	if (!bytes || !end || *end != 0 || memchr(bytes, 0, length)) {
		cursor->bad = true;
		return NULL;
	}
	return (const char *)bytes;
}
