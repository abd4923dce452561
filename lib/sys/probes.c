/* USDT probes.  The argument stands in probes.h. */
#include "sys/probes.h"

#define _SDT_HAS_SEMAPHORES 1
#include <sys/sdt.h>

/* In the section where tools expect semaphores. */
_Atomic(uint32_t) ep__event_points[EP__EVENT_KINDS] __attribute__((section(".probes")));

/* A semaphore is 16 bits: the low half of the point, which comes first in memory. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && sizeof ep__event_points[0] == 4,
               "the semaphore is the first half of the point");

/* What sys/sdt.h calls the semaphores; FIRE says to the assembler where they lie. */
#define SEMAPHORE(upper, lower)                                                                    \
    extern uint16_t epmalloc_##lower##_semaphore __attribute__((visibility("hidden")));
EP__EVENT_TABLE(SEMAPHORE)

#define FIRE(upper, lower)                                                                         \
    case EP__EVENT_##upper:                                                                        \
        __asm__ volatile(".set epmalloc_" #lower "_semaphore, ep__event_points + %c0" ::"i"(       \
            EP__EVENT_##upper * sizeof ep__event_points[0]));                                      \
        STAP_PROBE6(epmalloc, lower, event->object, event->before, event->after, event->number,    \
                    event->class, event->span);                                                    \
        break;

EP__COLD void ep__probe_fire(const struct event *event)
{
    switch (event->kind) {
        EP__EVENT_TABLE(FIRE)
    }
}
