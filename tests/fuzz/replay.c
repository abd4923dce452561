/* Runs inputs of the fuzzer: what CI does with the corpus, and what one does with a finding.
 *
 *     fuzz_replay FILE...
 *
 * A file whose name ends in ".txt" has an input a line, in hexadecimal digits; any other is one input.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/calls.h"

enum { INPUT_BYTES_MAX = 1 << 14 };

static unsigned inputs;

static FILE *open_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        (void)fprintf(stderr, "%s: cannot be read\n", path);
        exit(2);
    }
    return file;
}

static void run_input(const uint8_t *bytes, size_t size)
{
    fuzz_run(bytes, size);
    inputs++;
}

static void run_file(const char *path)
{
    static uint8_t bytes[INPUT_BYTES_MAX];
    FILE *file = open_file(path);
    size_t size = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    run_input(bytes, size);
}

static void run_lines(const char *path)
{
    static char line[2 * INPUT_BYTES_MAX + 2];
    static uint8_t bytes[INPUT_BYTES_MAX];
    FILE *file = open_file(path);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t size = 0;
        unsigned byte;
        while (sscanf(&line[2 * size], "%2x", &byte) == 1)
            bytes[size++] = (uint8_t)byte;
        run_input(bytes, size);
    }
    (void)fclose(file);
}

int main(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        const char *dot = strrchr(arguments[i], '.');
        if (dot != NULL && strcmp(dot, ".txt") == 0)
            run_lines(arguments[i]);
        else
            run_file(arguments[i]);
    }
    if (inputs == 0) {
        (void)fprintf(stderr, "no input\n");
        return 2;
    }
    printf("%u inputs\n", inputs);
    return 0;
}
