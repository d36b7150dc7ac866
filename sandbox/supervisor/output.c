/* One stream of a command: the first half of the cap is kept as its head, the last half as its tail. */
#include "supervisor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads per call: a flood on one stream must not keep the loop from looking at the clock. */
#define READS_AT_ONCE 16

bool output_open(struct output *output, size_t cap)
{
	*output = (struct output){.half = cap / 2};
	output->head = malloc(output->half + 1);
	output->ring = malloc(output->half + 1);
	return output->head && output->ring;
}

void output_close(struct output *output)
{
	free(output->head);
	free(output->ring);
	*output = (struct output){0};
}

static void ring_write(struct output *output, size_t at, const unsigned char *data, size_t length)
{
	size_t first = output->half - at;
	if (first > length)
		first = length;
	memcpy(output->ring + at, data, first);
	memcpy(output->ring, data + first, length - first);
}

static void ring_add(struct output *output, const unsigned char *data, size_t length)
{
	if (length > output->half) { /* only the last of it can stay */
		output->dropped += length - output->half;
		data += length - output->half;
		length = output->half;
	}
	if (length == 0)
		return;
	size_t over = 0;
	if (output->ring_length + length > output->half)
		over = output->ring_length + length - output->half;
	output->dropped += over;
	output->ring_start = (output->ring_start + over) % output->half;
	output->ring_length -= over;
	ring_write(output, (output->ring_start + output->ring_length) % output->half, data, length);
	output->ring_length += length;
}

void output_add(struct output *output, const unsigned char *data, size_t length)
{
	size_t room = output->half - output->head_length;
	size_t first = length < room ? length : room;
	memcpy(output->head + output->head_length, data, first);
	output->head_length += first;
	ring_add(output, data + first, length - first);
}

bool output_read(struct output *output, int descriptor)
{
	static unsigned char buffer[65536];
	for (int i = 0; i < READS_AT_ONCE; i++) {
		ssize_t got = read(descriptor, buffer, sizeof buffer);
		if (got > 0)
			output_add(output, buffer, (size_t)got);
		else if (got == 0)
			return false;
		else if (errno != EINTR)
			return errno == EAGAIN;
	}
	return true;
}
