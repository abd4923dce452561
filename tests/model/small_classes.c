/* Size classes of few blocks, in place of lib/pool/size_class.c's table: so every block of a pool can have a part
 * in a scenario.  Class 2 has four slots. */
#include "small_classes.h"

#include "pool/size_class.h"

#define RECIPROCAL(bytes) (((UINT64_C(1) << 40) + (bytes)-1) / (bytes))

const struct size_class ep__size_classes[EP__CLASSES] = {
    [CLASS_PAIR] = {16384, 2, 1, 1, 1, 0, RECIPROCAL(16384)},
    [CLASS_THREE] = {16384, 3, 2, 1, 1, 0, RECIPROCAL(16384)},
    [CLASS_WIDE] = {65536, 4, 1, 4, 1, 0, RECIPROCAL(65536)},
    [CLASS_SMALL] = {256, 3, 1, 1, 1, 0, RECIPROCAL(256)},
    [CLASS_STRADDLING] = {6144, 3, 1, 1, 1, 0, RECIPROCAL(6144)},
};
const uint8_t ep__medium_classes[EP__CLASS_BYTES_MAX / 64];

unsigned ep__size_class_aligned(size_t size, size_t alignment)
{
    (void)size;
    (void)alignment;
    return EP__CLASSES;
}
