/* A fuzz target: whatever the wire brings is put together as frames, taken apart and served, or refused.
 *
 * The parts of the supervisor are taken in whole, with `read`, `writev` and `_exit` of ours: the wire is the fuzzer's
 * input, in pieces; answers are looked at and dropped; an exit ends the input. READ and WRITE work below the directory
 * that the program is started in.
 */
#include "supervisor.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t fuzz_read(int descriptor, void *into, size_t length);
ssize_t fuzz_writev(int descriptor, const struct iovec *vector, int count);
_Noreturn void fuzz_exit(int status);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

#undef WORKSPACE
#define WORKSPACE "."
#define read fuzz_read
#define writev fuzz_writev
#define _exit fuzz_exit
#include "beneath.c"
#include "files.c"
#include "frame.c"
#include "request.c"
#undef read

static const unsigned char *wire;
static size_t wire_left;
static jmp_buf end_of_input;

/* At most a few bytes at a time, so that frames arrive cut anywhere. Files are read as they are. */
ssize_t fuzz_read(int descriptor, void *into, size_t length)
{
	if (descriptor != 0)
		return read(descriptor, into, length);
	size_t piece = wire_left % 7 + 1;
	if (length > piece)
		length = piece;
	if (length > wire_left)
		length = wire_left;
	memcpy(into, wire, length);
	wire += length;
	wire_left -= length;
	return (ssize_t)length;
}

/* Every byte of an answer is looked at, for the sanitizers; one write takes part of it only. */
ssize_t fuzz_writev(int descriptor, const struct iovec *vector, int count)
{
	static volatile unsigned char sum;
	size_t total = 0;
	(void)descriptor;
	for (int i = 0; i < count; i++)
		for (size_t j = 0; j < vector[i].iov_len; j++, total++)
			sum = (unsigned char)(sum + ((const unsigned char *)vector[i].iov_base)[j]);
	return (ssize_t)(total > 3 ? total - total / 3 : total);
}

void fuzz_exit(int status)
{
	(void)status;
	longjmp(end_of_input, 1);
}

void heard_from_host(void)
{
}

void fail(const char *what)
{
	(void)what;
	abort(); /* nothing that the wire brings may be a fault of ours */
}

/* All that an EXEC says is looked at. */
static void take_exec(const struct frame *frame)
{
	struct request request;
	if (!request_parse(frame, &request))
		malformed(frame->id, "EXEC");
	size_t length = strlen(request.script) + strlen(request.cwd);
	for (char **variable = request.environment; *variable; variable++)
		length += strlen(strchr(*variable, '='));
	if (length == SIZE_MAX || request.output_bytes > (64u << 20))
		abort();
	request_free(&request);
}

static void serve(const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_EXEC:
		take_exec(frame);
		break;
	case FRAME_READ:
		serve_read(frame);
		break;
	case FRAME_WRITE:
		serve_write(frame);
		break;
	case FRAME_CANCEL:
	case FRAME_SNAPSHOT:
		break;
	default:
		malformed(frame->id, "unknown request");
	}
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static bool opened;
	static struct frame frame; /* static: what longjmp leaves behind is freed by the next input */
	if (!opened)
		workspace_open();
	opened = true;
	wire = data;
	wire_left = size;
	frame_free(&frame);
	free(payload);
	payload = NULL;
	header_filled = 0;
	if (setjmp(end_of_input) == 0)
		for (;;)
			if (frame_receive(&frame)) {
				serve(&frame);
				frame_free(&frame);
			}
	return 0;
}
