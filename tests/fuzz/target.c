/* The entry point of libFuzzer (tools/fuzz). */
#include "fuzz/calls.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    fuzz_run(bytes, size);
    return 0;
}
