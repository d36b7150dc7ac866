/* Runs a fuzz target where there is no libFuzzer: every file of the corpus as it is, then so many damaged ones.
 *
 * usage: driver ROUNDS SEED FILE...      (the same rounds and seed make the same inputs)
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILES 256
#define MAX_INPUT 4096u

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static unsigned char corpus[MAX_FILES][MAX_INPUT];
static size_t lengths[MAX_FILES];
static uint64_t state;

static uint32_t draw(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 32) % below;
}

static size_t overwrite_word(unsigned char *input, size_t length)
{
	static const uint32_t words[] = {0, 1, 2, 12, 255, 4096, 0x7fffffff, 0x80000000, 0xffffffff, 17u << 20};
	if (length >= 4)
		memcpy(input + draw((uint32_t)length - 3), &words[draw(sizeof words / sizeof *words)], 4);
	return length;
}

/* Cuts a piece out, or puts a piece of another file in. */
static size_t splice(unsigned char *input, size_t length, size_t files)
{
	size_t other = draw((uint32_t)files), at = length ? draw((uint32_t)length) : 0;
	if (draw(2) && length) {
		size_t gone = draw((uint32_t)(length - at)) + 1;
		memmove(input + at, input + at + gone, length - at - gone);
		return length - gone;
	}
	size_t more = lengths[other] ? draw((uint32_t)lengths[other]) + 1 : 0;
	if (length + more > MAX_INPUT)
		return length;
	memmove(input + at + more, input + at, length - at);
	memcpy(input + at, corpus[other], more);
	return length + more;
}

static size_t damage(unsigned char *input, size_t length, size_t files)
{
	switch (draw(4)) {
	case 0:
		return overwrite_word(input, length);
	case 1:
		return splice(input, length, files);
	default:
		if (length)
			input[draw((uint32_t)length)] ^= (unsigned char)(1u << draw(8));
		return length;
	}
}

/* A copy of exactly its size, so that a sanitizer sees the first byte that is read beyond it. */
static void run(const unsigned char *input, size_t length)
{
	unsigned char *exact = malloc(length);
	if (length && !exact)
		abort();
	if (length)
		memcpy(exact, input, length);
	LLVMFuzzerTestOneInput(exact, length);
	free(exact);
}

static void load(const char *path, size_t at)
{
	FILE *file = fopen(path, "rb");
	if (!file) {
		perror(path);
		exit(2);
	}
	lengths[at] = fread(corpus[at], 1, MAX_INPUT, file);
	fclose(file);
}

int main(int count, char **arguments)
{
	static unsigned char input[MAX_INPUT];
	if (count < 4 || count - 3 > MAX_FILES)
		return 2;
	size_t files = (size_t)count - 3;
	unsigned long rounds = strtoul(arguments[1], NULL, 10);
	state = strtoull(arguments[2], NULL, 10) * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < files; i++) {
		load(arguments[3 + i], i);
		run(corpus[i], lengths[i]);
	}
	for (unsigned long round = 0; round < rounds; round++) {
		size_t from = draw((uint32_t)files), length = lengths[from];
		memcpy(input, corpus[from], length);
		for (uint32_t i = draw(6) + 1; i > 0; i--)
			length = damage(input, length, files);
		run(input, length);
	}
	printf("%zu files, %lu rounds\n", files, rounds);
	return 0;
}
