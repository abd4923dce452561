/* The entry point of libFuzzer for requests (tools/fuzz --requests). */
#include "fuzz/requests.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    (void)fuzz_request(bytes, size);
    return 0;
}
