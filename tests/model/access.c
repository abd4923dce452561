/* One atomic access of an explored thread: what it does to memory, to clocks and to buffers.  See explore.h. */
#include <string.h>

#include "buffers.h"
#include "search.h"

/* What adding to a counter returns: nobody is to look at it. */
#define NOT_TO_BE_USED UINT64_C(0xadd0add0add0)

static bool acquires(enum model_order order)
{
    return order == MODEL_ACQUIRE || order == MODEL_ACQ_REL || order == MODEL_SEQ_CST;
}

static bool releases(enum model_order order)
{
    return order == MODEL_RELEASE || order == MODEL_ACQ_REL || order == MODEL_SEQ_CST;
}

static uint64_t cut(uint64_t value, unsigned size)
{
    return size == 8 ? value : value & ((UINT64_C(1) << 8 * size) - 1);
}

static uint64_t value_after(enum model_kind kind, uint64_t before, uint64_t operand)
{
    switch (kind) {
    case MODEL_ADD:
        return before + operand;
    case MODEL_SUB:
        return before - operand;
    case MODEL_OR:
        return before | operand;
    case MODEL_AND:
        return before & operand;
    case MODEL_STORE:
    case MODEL_EXCHANGE:
    case MODEL_CAS:
        return operand;
    case MODEL_LOAD:
    case MODEL_FENCE:
        break;
    }
    return before;
}

static bool is_counting(const struct cell *cell, enum model_kind kind)
{
    return cell->is_counter && (kind == MODEL_ADD || kind == MODEL_SUB);
}

/* Whether some thread changes what another one looks at. */
static bool is_met(const struct cell *cell)
{
    uint8_t writers = cell->writers | cell->adders;
    for (unsigned i = 0; i < THREADS_MAX; i++)
        if ((cell->readers >> i & 1U) != 0 && (writers & ~(1U << i)) != 0)
            return true;
    return false;
}

static void note_sharing(struct cell *cell, unsigned thread, enum model_kind kind)
{
    uint8_t bit = (uint8_t)(1U << thread);
    if (is_counting(cell, kind)) {
        cell->adders |= bit;
    } else {
        cell->readers |= bit;
        if (kind != MODEL_LOAD)
            cell->writers |= bit;
    }
    if (cell->is_shared || !is_met(cell))
        return;
    cell->is_shared = true;
    search_restart();
}

/* A store comes into memory. */
static void store(struct cell *cell, unsigned thread, enum model_order order, uint64_t value,
                  const struct clock *clock)
{
    static const struct clock none;
    memory_use(cell, thread, ATOMIC_WRITE);
    memory_write(cell, value);
    memory_release(cell, releases(order) ? clock : &none);
}

void access_let_in(unsigned thread, unsigned i)
{
    struct waiting waiting = buffers_take(thread, i);
    struct cell *cell = memory_cell(waiting.object, waiting.site->size);
    trace_let_in(thread, waiting.site, waiting.object, memory_read(waiting.object, cell->size),
                 waiting.value);
    store(cell, thread, waiting.site->order, waiting.value, &waiting.clock);
}

/* Lets in what must not stay behind an access (object NULL: anything). */
static void drain(unsigned thread, const void *object)
{
    while (buffers_first(thread, object) != BUFFER_MAX)
        access_let_in(thread, 0);
}

static bool drains_all(const struct model_site *site)
{
    switch (site->kind) {
    case MODEL_LOAD:
        return false;
    case MODEL_STORE:
        return site->order == MODEL_SEQ_CST;
    default:
        return releases(site->order);
    }
}

static uint64_t load(struct cell *cell, const struct model_site *site, unsigned thread)
{
    uint64_t value;
    if (buffers_find(thread, (void *)cell->address, &value)) {
        trace_access(site, (void *)cell->address, value, value, " (its own store, still delayed)");
        return value;
    }
    memory_use(cell, thread, ATOMIC_READ);
    value = memory_read((void *)cell->address, cell->size);
    if (acquires(site->order))
        memory_join(memory_clock(thread), &cell->released);
    trace_access(site, (void *)cell->address, value, value, "");
    return value;
}

static void store_or_delay(struct cell *cell, const struct model_site *site, unsigned thread,
                           uint64_t value)
{
    struct clock *clock = memory_clock(thread);
    uint64_t before = memory_read((void *)cell->address, cell->size);
    if (search_is_delayed() && cell->is_shared && site->order != MODEL_SEQ_CST) {
        struct waiting waiting = {site, (void *)cell->address, value, *clock};
        if (buffers_count(thread) == BUFFER_MAX)
            access_let_in(thread, 0);
        trace_access(site, (void *)cell->address, before, value, " (delayed)");
        buffers_put(thread, waiting);
    } else {
        trace_access(site, (void *)cell->address, before, value, "");
        store(cell, thread, site->order, value, clock);
    }
    clock->of[thread]++;
}

/* The write of a read-modify-write: what was released to the object before stays released. */
static void modify(struct cell *cell, enum model_order order, unsigned thread, uint64_t value)
{
    struct clock *clock = memory_clock(thread);
    memory_use(cell, thread, ATOMIC_WRITE);
    memory_write(cell, value);
    if (!releases(order))
        return;
    struct clock released = cell->released;
    memory_join(&released, clock);
    memory_release(cell, &released);
    clock->of[thread]++;
}

static uint64_t read_modify_write(struct cell *cell, const struct model_site *site, unsigned thread,
                                  uint64_t operand, void *expected)
{
    uint64_t before = memory_read((void *)cell->address, cell->size);
    uint64_t after = cut(value_after(site->kind, before, operand), cell->size);
    bool is_swap = site->kind == MODEL_CAS;
    bool fails = is_swap && memory_read(expected, cell->size) != before;
    memory_use(cell, thread, ATOMIC_READ);
    if (acquires(site->order))
        memory_join(memory_clock(thread), &cell->released);
    trace_access(site, (void *)cell->address, before, fails ? before : after,
                 !is_swap ? ""
                 : fails  ? " (fails)"
                          : " (swapped)");
    if (!fails)
        modify(cell, site->order, thread, after);
    if (!is_swap)
        return is_counting(cell, site->kind) ? NOT_TO_BE_USED : before;
    if (fails)
        memcpy(expected, &before, cell->size);
    return !fails;
}

/* Outside threads: in a scenario's set-up, or in a check. */
static uint64_t access_alone(const struct model_site *site, void *object, uint64_t operand,
                             void *expected)
{
    if (site->kind == MODEL_FENCE)
        return 0;
    uint64_t before = memory_read(object, site->size);
    uint64_t after = cut(value_after(site->kind, before, operand), site->size);
    bool fails = site->kind == MODEL_CAS && memory_read(expected, site->size) != before;
    if (site->kind != MODEL_LOAD && !fails) {
        if (model_is_noting())
            memory_write(memory_cell(object, site->size), after);
        else
            memcpy(object, &after, site->size);
    }
    if (fails)
        memcpy(expected, &before, site->size);
    return site->kind == MODEL_CAS ? !fails : before;
}

uint64_t access_noted(const struct model_site *site, void *object, uint64_t operand, void *expected,
                      const void *stack)
{
    unsigned thread = model_thread();
    if (thread == THREADS_MAX)
        return access_alone(site, object, operand, expected);
    search_count();
    memory_settle();
    struct cell *cell = object == NULL ? NULL : memory_cell(object, site->size);
    if (cell != NULL)
        note_sharing(cell, thread, site->kind);
    bool drains = drains_all(site) && buffers_count(thread) != 0;
    if (drains || (cell != NULL && cell->is_shared))
        search_point(hash_mix(hash_mix((uintptr_t)object, operand), (uintptr_t)expected), stack);
    if (drains)
        drain(thread, NULL);
    if (cell == NULL)
        return 0;
    if (vm_is_gone((uintptr_t)object))
        model_fail("%s reads memory that has gone back to the system", site->function);
    if (site->kind == MODEL_LOAD)
        return load(cell, site, thread);
    if (site->kind == MODEL_STORE) {
        store_or_delay(cell, site, thread, cut(operand, cell->size));
        return 0;
    }
    drain(thread, object);
    return read_modify_write(cell, site, thread, operand, expected);
}

void model_plain(void *address, unsigned size, bool is_write)
{
    unsigned thread = model_thread();
    if (vm_is_gone((uintptr_t)address))
        model_fail("%s is used after it has gone back to the system", model_name_of(address));
    struct cell *cell = memory_cell(address, size);
    if (thread != THREADS_MAX)
        memory_use(cell, thread, is_write ? PLAIN_WRITE : PLAIN_READ);
    if (is_write)
        memory_note_plain_write(cell);
}

void model_counter(void *object, unsigned size)
{
    memory_cell(object, size)->is_counter = true;
}

void model_set(uint64_t *object, uint64_t value)
{
    if (model_is_noting())
        memory_write(memory_cell(object, sizeof *object), value);
    else
        *object = value;
}
