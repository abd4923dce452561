/* sys/vm, sys/clock, sys/task and the report of corruption, as the explorer's: address space is real, what happens to it is
 * only written down.
 *
 * Reserved memory can be used at once.  Purging zeroes what is there and counts as a write of all of it; what has
 * been decommitted or unmapped must not be touched until it is committed again.
 */
#include <sys/mman.h>

#include "cache/watch.h"
#include "search.h"
#include "sys/clock.h"
#include "sys/report.h"
#include "sys/task.h"
#include "sys/vm.h"
#include "vm_area.h"
#include "vm_model.h"

enum { GONE_MAX = 8, PAGE_BYTES = 4096 };

static struct {
    uint64_t start;
    uint64_t end;
} gone[GONE_MAX];
static uint64_t gone_used; /* places that were ever used in this execution */

bool vm_is_gone(uintptr_t address)
{
    for (uint64_t i = 0; i < gone_used; i++)
        if (address - gone[i].start < gone[i].end - gone[i].start)
            return true;
    return area_is_gone(address);
}

void model_look(const void *address)
{
    if (vm_is_gone((uintptr_t)address))
        model_fail("a reader looks at memory that has gone back to the system");
}

uint64_t vm_gone_ranges(void)
{
    uint64_t count = 0;
    for (uint64_t i = 0; i < gone_used; i++)
        count += gone[i].end != gone[i].start;
    return count;
}

static void set_gone(uintptr_t start, size_t bytes)
{
    uint64_t i = 0;
    while (i < gone_used && gone[i].end != gone[i].start)
        i++;
    if (i == GONE_MAX)
        model_break("too many ranges have gone back");
    model_set(&gone[i].start, start);
    model_set(&gone[i].end, start + bytes);
    if (i == gone_used)
        model_set(&gone_used, i + 1);
}

static void set_there(uintptr_t start, size_t bytes)
{
    for (uint64_t i = 0; i < gone_used; i++)
        if (gone[i].start == start && gone[i].end == start + bytes)
            model_set(&gone[i].end, start);
}

static void clear_cell(struct cell *cell)
{
    if (model_thread() != THREADS_MAX)
        memory_use(cell, model_thread(), PLAIN_WRITE);
    memory_write(cell, 0);
}

/* All that was written there is lost. */
static void clear(uintptr_t start, size_t bytes)
{
    if (!model_is_noting()) {
        (void)madvise((void *)start, bytes, MADV_DONTNEED);
        return;
    }
    memory_settle();
    memory_visit(start, start + bytes, clear_cell);
}

static void *map(size_t bytes)
{
    if (area_is_made())
        return area_map(bytes);
    void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

size_t ep__vm_page_bytes(void)
{
    return PAGE_BYTES;
}

/* Makes a window of 128 arenas, two groups. */
size_t ep__vm_machine_bytes(void)
{
    return (size_t)64 << 20;
}

size_t ep__vm_limit_bytes(void)
{
    return SIZE_MAX;
}

void *ep__vm_reserve(size_t bytes)
{
    return map(bytes);
}

void *ep__vm_map(size_t bytes)
{
    return map(bytes);
}

bool ep__vm_unmap(void *start, size_t bytes)
{
    clear((uintptr_t)start, bytes);
    if (area_is_made())
        area_unmap(start, bytes);
    else if (model_is_noting())
        set_gone((uintptr_t)start, bytes);
    return true;
}

bool ep__vm_allow_read(void *start, size_t bytes)
{
    return start != NULL && bytes != 0;
}

bool ep__vm_commit(void *start, size_t bytes)
{
    set_there((uintptr_t)start, bytes);
    return true;
}

bool ep__vm_decommit(void *start, size_t bytes)
{
    clear((uintptr_t)start, bytes);
    set_gone((uintptr_t)start, bytes);
    return true;
}

bool ep__vm_purge(void *start, size_t bytes)
{
    clear((uintptr_t)start, bytes);
    return true;
}

void ep__vm_huge_pages(void *start, size_t bytes, bool wanted)
{
    (void)start;
    (void)bytes;
    (void)wanted;
}

bool ep__vm_resize(void *start, size_t bytes, size_t new_bytes)
{
    if (new_bytes < bytes)
        clear((uintptr_t)start + new_bytes, bytes - new_bytes);
    return area_resize(start, bytes, new_bytes);
}

/* How far the cells that are being moved go. */
static uintptr_t distance;

static void move_cell(struct cell *cell)
{
    struct cell *target = memory_cell((void *)(cell->address + distance), cell->size);
    memory_use(cell, model_thread(), PLAIN_READ);
    memory_use(target, model_thread(), PLAIN_WRITE);
    memory_write(target, memory_read((void *)cell->address, cell->size));
}

bool ep__vm_move(void *start, size_t bytes, void *target, size_t new_bytes)
{
    if (new_bytes < bytes)
        model_break("moves only make longer");
    distance = (uintptr_t)target - (uintptr_t)start;
    memory_settle();
    memory_visit((uintptr_t)start, (uintptr_t)start + bytes, move_cell);
    return ep__vm_unmap(start, bytes);
}

bool ep__vm_wipe_on_fork(void *start, size_t bytes)
{
    return start != NULL && bytes != 0;
}

size_t ep__vm_resident_bytes(void *start, size_t bytes)
{
    return start == NULL ? 0 : bytes;
}

/* Nobody watches. */
void ep__watch_begin(void)
{
    ep__watch_set(NULL);
}

/* Time stands still. */
uint64_t ep__clock_ms(void)
{
    return 1;
}

uint64_t ep__clock_ns(void)
{
    return 1;
}

uint64_t ep__clock_realtime_ns(void)
{
    return 1;
}

uint32_t ep__task_number(void)
{
    return model_thread() + 1;
}

bool ep__task_is_first(void)
{
    return false;
}

uint32_t ep__task_processors(void)
{
    return 64;
}

void ep__task_pause(void)
{
    model_break("nothing that is explored waits");
}

void ep__report_corruption(const char *what, const void *address)
{
    model_fail("epmalloc reports: %s %s", what, model_name_of(address));
}
