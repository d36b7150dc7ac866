/* EXEC as it came over the wire, taken apart and bounded. */
#include "supervisor.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OUTPUT_BYTES (64u << 20)
#define MAX_TIMEOUT_MS (30ull * 24 * 3600 * 1000)
#define MAX_VARIABLES 4096u

extern char **environ;

static bool same_name(const char *left, const char *right)
{
	size_t length = strcspn(right, "=");
	return strncmp(left, right, length) == 0 && left[length] == '=';
}

/* Our own environment (what the backend gave) with the request's variables over it; pointers into both. */
static char **merge_environment(struct cursor *cursor, uint32_t count)
{
	size_t own = 0, kept = 0;
	while (environ[own])
		own++;
	if (count > MAX_VARIABLES)
		return NULL;
	char **merged = calloc(own + count + 1, sizeof *merged);
	if (!merged)
		return NULL;
	for (uint32_t i = 0; i < count; i++) {
		const char *variable = take_string(cursor);
		if (!variable || !strchr(variable, '=') || *variable == '=') {
			free(merged);
			return NULL;
		}
		merged[kept++] = (char *)(uintptr_t)variable;
	}
	for (size_t i = 0; i < own; i++) {
		bool replaced = false;
		for (uint32_t j = 0; j < count && !replaced; j++)
			replaced = same_name(environ[i], merged[j]);
		if (!replaced)
			merged[kept++] = environ[i];
	}
	return merged;
}

bool request_parse(const struct frame *frame, struct request *request)
{
	struct cursor cursor = {.next = frame->data, .left = frame->length};
	uint64_t timeout_ms = take_u64(&cursor);
	uint64_t grace_ms = take_u64(&cursor);
	*request = (struct request){.id = frame->id};
	request->output_bytes = take_u64(&cursor);
	request->script = take_string(&cursor);
	request->cwd = take_string(&cursor);
	uint32_t count = take_u32(&cursor);
	if (cursor.bad || timeout_ms > MAX_TIMEOUT_MS || grace_ms > MAX_TIMEOUT_MS || request->output_bytes > MAX_OUTPUT_BYTES)
		return false;
	request->timeout_ns = timeout_ms * 1000000u;
	request->grace_ns = grace_ms * 1000000u;
	request->environment = merge_environment(&cursor, count);
	if (request->environment && cursor.left == 0)
		return true;
	request_free(request);
	return false;
}

void request_free(struct request *request)
{
	free(request->environment);
	request->environment = NULL;
}
