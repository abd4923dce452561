/* Figures.  The argument stands in figures.h. */
#include "observe/figures.h"

#include "observe/view.h"

#define PROCESS(field) #field, offsetof(struct ep_stats, field)
#define CLASS(field) #field, offsetof(struct ep_class, field)
#define ARENA(field) #field, offsetof(struct ep_arena, field)
#define THREAD(field) #field, offsetof(struct ep_thread, field)

/* One line a figure: field, type, unit, truth, help. */
#define FIGURE(name_and_offset, type, unit, truth, help)                                           \
    MAKE_FIGURE(name_and_offset, type, unit, truth, help)
#define MAKE_FIGURE(name, offset, type, unit, truth, help)                                         \
    {                                                                                              \
        name, help, type, unit, truth, offset                                                      \
    }

static const struct figure process_figures[] = {
    FIGURE(PROCESS(allocated_bytes), EP__GAUGE, EP__BYTES, EP__AT_MOST,
           "blocks that the program holds"),
    FIGURE(PROCESS(active_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "pools, runs and huge blocks of which the program holds a block"),
    FIGURE(PROCESS(resident_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "the most that can be in memory, metadata included"),
    FIGURE(PROCESS(retained_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "free memory that may be in memory, which the option retain bounds"),
    FIGURE(PROCESS(mapped_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "arenas and huge mappings, used or cached"),
    FIGURE(PROCESS(metadata_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "tables, descriptors and control blocks"),
    FIGURE(PROCESS(arenas), EP__GAUGE, EP__NUMBER, EP__EACH, "arenas that hold pools"),
    FIGURE(PROCESS(arena_bytes), EP__GAUGE, EP__BYTES, EP__EACH, "the same in bytes, 4 MiB each"),
    FIGURE(PROCESS(blocks_in_use), EP__GAUGE, EP__NUMBER, EP__AT_MOST,
           "blocks of pools that the program holds"),
    FIGURE(PROCESS(in_use_bytes), EP__GAUGE, EP__BYTES, EP__AT_MOST,
           "the same in bytes, as sizes of classes"),
    FIGURE(PROCESS(available_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "free blocks of pools in use, at least; carved or not"),
    FIGURE(PROCESS(runs_in_use), EP__GAUGE, EP__NUMBER, EP__EACH,
           "blocks of 32 KiB to 1 MiB that the program holds"),
    FIGURE(PROCESS(run_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "the same in bytes, as slots of 64 KiB"),
    FIGURE(PROCESS(unused_pools), EP__GAUGE, EP__NUMBER, EP__EACH, "free slots of arenas"),
    FIGURE(PROCESS(unused_pool_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "the same in bytes, 64 KiB each"),
    FIGURE(PROCESS(quantization_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "what pools lose at their ends, by colour and division"),
    FIGURE(PROCESS(unaccounted_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "slots that are neither free nor in a pool: on their way; 0 at rest"),
    FIGURE(PROCESS(total_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "in use, available, runs, unused, quantization and unaccounted; at rest arena_bytes"),
    FIGURE(PROCESS(uncertain_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "the part of in_use_bytes that other running threads may hold free; 0 at rest"),
    FIGURE(PROCESS(dirty_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "free slots that may be in memory"),
    FIGURE(PROCESS(huge_blocks), EP__GAUGE, EP__NUMBER, EP__ABOUT,
           "blocks above 1 MiB that the program holds"),
    FIGURE(PROCESS(huge_bytes), EP__GAUGE, EP__BYTES, EP__ABOUT, "the same in bytes, as mapped"),
    FIGURE(PROCESS(huge_cached_bytes), EP__GAUGE, EP__BYTES, EP__ABOUT,
           "freed huge mappings that are kept for the next"),
    FIGURE(PROCESS(retired_arenas), EP__GAUGE, EP__NUMBER, EP__EACH,
           "arena ranges out of use, their memory given back"),
    FIGURE(PROCESS(arenas_created), EP__COUNTER, EP__NUMBER, EP__ALWAYS,
           "ranges made arenas, ranges taken again included"),
    FIGURE(PROCESS(arenas_retired), EP__COUNTER, EP__NUMBER, EP__ALWAYS, "arenas taken out of use"),
    FIGURE(PROCESS(arenas_highwater), EP__GAUGE, EP__NUMBER, EP__ABOUT,
           "the most arenas that there were at once"),
    FIGURE(PROCESS(purges), EP__COUNTER, EP__NUMBER, EP__ALWAYS,
           "times that free memory was looked for to be given back"),
    FIGURE(PROCESS(purge_calls), EP__COUNTER, EP__NUMBER, EP__ALWAYS,
           "calls of madvise that gave pages back or tried to"),
    FIGURE(PROCESS(purged_bytes), EP__COUNTER, EP__BYTES, EP__ALWAYS, "given back by them"),
    FIGURE(PROCESS(grace_periods), EP__COUNTER, EP__NUMBER, EP__EACH,
           "times that a thread with deferred calls has found a grace period over"),
    FIGURE(PROCESS(deferred_calls), EP__GAUGE, EP__NUMBER, EP__EACH,
           "calls of threads alive that wait for a grace period"),
    FIGURE(PROCESS(threads), EP__GAUGE, EP__NUMBER, EP__EACH, "threads that have a control block"),
    FIGURE(PROCESS(threads_born), EP__COUNTER, EP__NUMBER, EP__EACH,
           "threads that have ever had one"),
    FIGURE(PROCESS(held_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "what threads hold free outside their current pools, at most"),
    FIGURE(PROCESS(withheld_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "blocks of pools of others that threads have freed and not sent yet"),
    FIGURE(PROCESS(refills), EP__COUNTER, EP__NUMBER, EP__EACH,
           "times that a list of free blocks of a thread had run dry"),
    FIGURE(PROCESS(pools_acquired), EP__COUNTER, EP__NUMBER, EP__EACH, "pools made of free slots"),
    FIGURE(PROCESS(pools_claimed), EP__COUNTER, EP__NUMBER, EP__EACH,
           "ownerless pools with free blocks that a thread in need became owner of"),
    FIGURE(PROCESS(pools_adopted), EP__COUNTER, EP__NUMBER, EP__EACH,
           "full ownerless pools whose first freer became their owner"),
    FIGURE(PROCESS(remote_batches), EP__COUNTER, EP__NUMBER, EP__EACH,
           "pushes of blocks into pools that the freer does not own"),
    FIGURE(PROCESS(remote_blocks), EP__COUNTER, EP__NUMBER, EP__EACH, "blocks in these pushes"),
    FIGURE(PROCESS(uncarved_bytes), EP__GAUGE, EP__BYTES, EP__ABOUT,
           "pages of pools in use that have gone back to the system"),
};

static const struct figure class_figures[] = {
    FIGURE(CLASS(index), EP__LABEL, EP__NUMBER, EP__ALWAYS, "number of the class"),
    FIGURE(CLASS(block_bytes), EP__LABEL, EP__BYTES, EP__ALWAYS, "size of its blocks"),
    FIGURE(CLASS(pools_owned), EP__GAUGE, EP__NUMBER, EP__EACH, "pools that a thread owns"),
    FIGURE(CLASS(pools_full), EP__GAUGE, EP__NUMBER, EP__EACH,
           "ownerless pools without a free block"),
    FIGURE(CLASS(pools_partial), EP__GAUGE, EP__NUMBER, EP__EACH,
           "ownerless pools with free blocks"),
    FIGURE(CLASS(blocks_in_use), EP__GAUGE, EP__NUMBER, EP__AT_MOST,
           "blocks that the program holds"),
    FIGURE(CLASS(blocks_available), EP__GAUGE, EP__NUMBER, EP__EACH,
           "free blocks, at least; carved or not"),
    FIGURE(CLASS(blocks_uncertain), EP__GAUGE, EP__NUMBER, EP__EACH,
           "the part of blocks_in_use that other running threads may hold free; 0 at rest"),
    FIGURE(CLASS(quantization_bytes), EP__GAUGE, EP__BYTES, EP__EACH,
           "what the pools lose at their ends, by colour and division"),
    FIGURE(CLASS(refills), EP__COUNTER, EP__NUMBER, EP__EACH,
           "times that a list of free blocks of a thread had run dry"),
    FIGURE(CLASS(pools_acquired), EP__COUNTER, EP__NUMBER, EP__EACH, "pools made of free slots"),
    FIGURE(CLASS(pools_claimed), EP__COUNTER, EP__NUMBER, EP__EACH,
           "ownerless pools with free blocks that a thread in need became owner of"),
    FIGURE(CLASS(pools_adopted), EP__COUNTER, EP__NUMBER, EP__EACH,
           "full ownerless pools whose first freer became their owner"),
    FIGURE(CLASS(remote_batches), EP__COUNTER, EP__NUMBER, EP__EACH,
           "pushes of blocks into pools that the freer does not own"),
    FIGURE(CLASS(remote_blocks), EP__COUNTER, EP__NUMBER, EP__EACH, "blocks in these pushes"),
};

static const struct figure arena_figures[] = {
    FIGURE(ARENA(window), EP__LABEL, EP__NUMBER, EP__ALWAYS,
           "the reservation that the arena lies in"),
    FIGURE(ARENA(id), EP__LABEL, EP__NUMBER, EP__ALWAYS, "number of the arena in its window"),
    FIGURE(ARENA(free_pools), EP__GAUGE, EP__NUMBER, EP__ALWAYS, "free slots of its 64"),
    FIGURE(ARENA(dirty_pools), EP__GAUGE, EP__NUMBER, EP__ALWAYS,
           "free slots that may be in memory"),
    FIGURE(ARENA(occupancy), EP__GAUGE, EP__NUMBER, EP__ABOUT,
           "the bucket of usable_arenas, by free slots, give or take one; 0 without a free slot"),
    FIGURE(ARENA(age_ms), EP__GAUGE, EP__MILLISECONDS, EP__ALWAYS,
           "since it was last made an arena"),
};

static const struct figure thread_figures[] = {
    FIGURE(THREAD(id), EP__LABEL, EP__NUMBER, EP__ALWAYS,
           "owner id, given out again after the end of the thread"),
    FIGURE(THREAD(held_bytes), EP__GAUGE, EP__BYTES, EP__ALWAYS,
           "what it holds free outside its current pools, at most"),
    FIGURE(THREAD(withheld_bytes), EP__GAUGE, EP__BYTES, EP__ALWAYS,
           "blocks of pools of others that it has freed and not sent yet"),
    FIGURE(THREAD(current_bytes), EP__GAUGE, EP__BYTES, EP__ALWAYS,
           "pools that it allocates from, whatever is free in them"),
    FIGURE(THREAD(bound_bytes), EP__GAUGE, EP__BYTES, EP__ABOUT,
           "what held_bytes and withheld_bytes may come to now"),
    FIGURE(THREAD(task), EP__GAUGE, EP__NUMBER, EP__ALWAYS,
           "the number by which the kernel knows it"),
};

#define FIGURES(table) table, sizeof(table) / sizeof(table)[0]

const struct part ep__parts[EP__PARTS] = {
    {EP_STATS_PROCESS, "process", NULL, FIGURES(process_figures)},
    {EP_STATS_CLASSES, "class", "classes", FIGURES(class_figures)},
    {EP_STATS_ARENAS, "arena", "arenas", FIGURES(arena_figures)},
    {EP_STATS_THREADS, "thread", "threads", FIGURES(thread_figures)},
};

static int each_class(const struct account *account,
                      int (*visit)(const void *record, void *argument), void *argument)
{
    int result = 0;
    for (unsigned i = 0; i < EP__CLASSES && result == 0; i++)
        if (ep__account_has(&account->classes[i]))
            result = visit(&account->classes[i], argument);
    return result;
}

static int each_arena(int (*visit)(const void *record, void *argument), void *argument)
{
    struct ep_arena shown;
    struct arena *arena;
    unsigned window = 0;
    uint32_t id = 0;
    int result = 0;
    for (; result == 0 && (arena = ep__view_next_arena(&window, &id)) != NULL; id++) {
        ep__account_arena(window, arena, &shown);
        result = visit(&shown, argument);
    }
    return result;
}

static int each_thread(int (*visit)(const void *record, void *argument), void *argument)
{
    struct ep_thread shown;
    int result = 0;
    for (uint32_t id = 0; result == 0 && ep__account_next_thread(&id, &shown); id++)
        result = visit(&shown, argument);
    return result;
}

int ep__part_each(const struct part *part, const struct account *account,
                  int (*visit)(const void *record, void *argument), void *argument)
{
    switch (part->bit) {
    case EP_STATS_CLASSES:
        return each_class(account, visit, argument);
    case EP_STATS_ARENAS:
        return each_arena(visit, argument);
    case EP_STATS_THREADS:
        return each_thread(visit, argument);
    default:
        return visit(&account->totals, argument);
    }
}
