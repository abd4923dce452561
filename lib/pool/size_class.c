/* Size classes.  The argument stands in size_class.h. */
#include "pool/size_class.h"

/* Constant expressions, because the tables must be right before any code of ours has run. */
#define SLOTS(b) ((b) <= 2048 ? 1 : 4)
#define POOL_BYTES(b) (SLOTS(b) * 65536)
#define CAPACITY(b) (POOL_BYTES(b) / (b))
#define SLACK(b) (POOL_BYTES(b) - CAPACITY(b) * (b))
#define POWER(b) ((b) & -(b))
#define UNIT(b) (POWER(b) < 64 ? 64 : POWER(b))
#define COLOURS(b) (SLACK(b) / UNIT(b) + 1 > 8 ? 8 : SLACK(b) / UNIT(b) + 1)
#define USABLE_AT(b) (CAPACITY(b) >= 32 ? CAPACITY(b) / 8 : CAPACITY(b) >= 16 ? 4 : CAPACITY(b) / 4)
#define CLASS(b)                                                                                   \
    {                                                                                              \
        (b), CAPACITY(b), USABLE_AT(b), SLOTS(b), COLOURS(b), COLOURS(b) > 1 ? UNIT(b) : 0,        \
            ((UINT64_C(1) << 40) + (b)-1) / (b)                                                    \
    }

const struct size_class ep__size_classes[EP__CLASSES] = {
    CLASS(16),    CLASS(32),    CLASS(48),    CLASS(64),    CLASS(80),    CLASS(96),
    CLASS(112),   CLASS(128),   CLASS(144),   CLASS(160),   CLASS(176),   CLASS(192),
    CLASS(208),   CLASS(224),   CLASS(240),   CLASS(256),   CLASS(272),   CLASS(288),
    CLASS(304),   CLASS(320),   CLASS(336),   CLASS(352),   CLASS(368),   CLASS(384),
    CLASS(400),   CLASS(416),   CLASS(432),   CLASS(448),   CLASS(464),   CLASS(480),
    CLASS(496),   CLASS(512),   CLASS(576),   CLASS(640),   CLASS(704),   CLASS(768),
    CLASS(832),   CLASS(896),   CLASS(960),   CLASS(1024),  CLASS(1152),  CLASS(1280),
    CLASS(1408),  CLASS(1536),  CLASS(1664),  CLASS(1792),  CLASS(1920),  CLASS(2048),
    CLASS(2304),  CLASS(2560),  CLASS(2816),  CLASS(3072),  CLASS(3328),  CLASS(3584),
    CLASS(3840),  CLASS(4096),  CLASS(4608),  CLASS(5120),  CLASS(5632),  CLASS(6144),
    CLASS(6656),  CLASS(7168),  CLASS(7680),  CLASS(8192),  CLASS(9216),  CLASS(10240),
    CLASS(11264), CLASS(12288), CLASS(13312), CLASS(14336), CLASS(15360), CLASS(16384),
    CLASS(18432), CLASS(20480), CLASS(22528), CLASS(24576), CLASS(26624), CLASS(28672),
    CLASS(30720), CLASS(32768),
};

/* The classes of (size - 1) >> 6 for sizes above 512. */
const uint8_t ep__medium_classes[EP__CLASS_BYTES_MAX / 64] = {
    [8] = 32,           [9] = 33,           [10] = 34,          [11] = 35,
    [12] = 36,          [13] = 37,          [14] = 38,          [15] = 39,
    [16 ... 17] = 40,   [18 ... 19] = 41,   [20 ... 21] = 42,   [22 ... 23] = 43,
    [24 ... 25] = 44,   [26 ... 27] = 45,   [28 ... 29] = 46,   [30 ... 31] = 47,
    [32 ... 35] = 48,   [36 ... 39] = 49,   [40 ... 43] = 50,   [44 ... 47] = 51,
    [48 ... 51] = 52,   [52 ... 55] = 53,   [56 ... 59] = 54,   [60 ... 63] = 55,
    [64 ... 71] = 56,   [72 ... 79] = 57,   [80 ... 87] = 58,   [88 ... 95] = 59,
    [96 ... 103] = 60,  [104 ... 111] = 61, [112 ... 119] = 62, [120 ... 127] = 63,
    [128 ... 143] = 64, [144 ... 159] = 65, [160 ... 175] = 66, [176 ... 191] = 67,
    [192 ... 207] = 68, [208 ... 223] = 69, [224 ... 239] = 70, [240 ... 255] = 71,
    [256 ... 287] = 72, [288 ... 319] = 73, [320 ... 351] = 74, [352 ... 383] = 75,
    [384 ... 415] = 76, [416 ... 447] = 77, [448 ... 479] = 78, [480 ... 511] = 79,
};

unsigned ep__size_class_aligned(size_t size, size_t alignment)
{
    if (size > EP__CLASS_BYTES_MAX || alignment > EP__CLASS_BYTES_MAX)
        return EP__CLASSES;
    size_t rounded = ep__round_up(size == 0 ? 1 : size, alignment);
    unsigned class = rounded > EP__CLASS_BYTES_MAX ? EP__CLASSES : ep__size_class_of(rounded);
    while (class < EP__CLASSES && ep__size_classes[class].bytes % alignment != 0)
        class ++;
    return class;
}

static bool check_class(unsigned i)
{
    const struct size_class *class = &ep__size_classes[i];
    uint32_t pool_bytes = (uint32_t) class->slots << EP__SLOT_LOG2;
    uint32_t span = class->capacity * class->bytes + (class->colours - 1U) * class->colour_bytes;
    return ep__size_class_of(class->bytes) == i && span <= pool_bytes && class->capacity >= 8 &&
           class->capacity <= EP__CAPACITY_MAX && (i == 0 || class[-1].bytes < class->bytes) &&
           ep__size_class_divide(i, pool_bytes - 1) == (pool_bytes - 1) / class->bytes;
}

bool ep__size_class_check(void)
{
    for (unsigned i = 0; i < EP__CLASSES; i++)
        if (!check_class(i))
            return false;
    return true;
}
