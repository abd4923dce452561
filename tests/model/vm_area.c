/* The kernel's address space.  See vm_area.h. */
#include "vm_area.h"

#include <sys/mman.h>

#include "explore.h"
#include "sys/bits.h"

static char *area;
static _Atomic(uint32_t) mapped;

void area_make(void)
{
    size_t bytes = AREA_UNITS * AREA_UNIT_BYTES;
    char *start = mmap(NULL, 2 * bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        model_break("no address space");
    /* One leaf of the registry has it all. */
    area = (char *)ep__round_up((uintptr_t)start, bytes);
}

bool area_is_made(void)
{
    return area != NULL;
}

/* The units of a range, a bit each. */
static uint32_t units_of(const char *start, size_t bytes)
{
    unsigned first = (unsigned)((size_t)(start - area) >> AREA_UNIT_LOG2);
    return (uint32_t)ep__bits_range(
        first, (unsigned)(ep__round_up(bytes, AREA_UNIT_BYTES) >> AREA_UNIT_LOG2));
}

void *area_map(size_t bytes)
{
    uint32_t now = ep__load_relaxed(&mapped);
    for (unsigned unit = 0; unit < AREA_UNITS;) {
        uint32_t wanted = units_of(area_unit(unit), bytes);
        if (wanted >> AREA_UNITS != 0)
            break;
        if ((now & wanted) != 0)
            unit++;
        else if (ep__cas_strong_acq_rel(&mapped, &now, now | wanted))
            return area_unit(unit);
        else
            unit = 0;
    }
    return NULL;
}

bool area_unmap(void *start, size_t bytes)
{
    uint32_t units = units_of(start, bytes);
    if ((ep__fetch_and_acq_rel(&mapped, ~units) & units) != units)
        model_fail("address space is unmapped twice");
    return true;
}

bool area_resize(void *start, size_t bytes, size_t new_bytes)
{
    if (new_bytes == bytes)
        return true;
    if (new_bytes < bytes)
        return area_unmap((char *)start + new_bytes, bytes - new_bytes);
    uint32_t wanted = units_of(start, new_bytes) & ~units_of(start, bytes);
    uint32_t now = ep__load_relaxed(&mapped);
    while (wanted >> AREA_UNITS == 0 && (now & wanted) == 0)
        if (ep__cas_strong_acq_rel(&mapped, &now, now | wanted))
            return true;
    return false;
}

bool area_is_gone(uintptr_t address)
{
    size_t offset = address - (uintptr_t)area;
    if (area == NULL || offset >= AREA_UNITS * AREA_UNIT_BYTES)
        return false;
    return (area_mapped() >> (offset >> AREA_UNIT_LOG2) & 1U) == 0;
}

char *area_unit(unsigned unit)
{
    return area + unit * AREA_UNIT_BYTES;
}

uint32_t area_mapped(void)
{
    /* Not an access: the kernel's own look. */
    return *(const uint32_t *)(const void *)&mapped;
}
