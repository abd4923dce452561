/* Tables of block records, and all of them at rest (workload.h). */
#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "workload.h"

/* Every record of the process; the last made are the first. */
struct records {
    struct records *next;
    size_t count;
    struct block blocks[];
};

static struct records *all_records;

static struct block *make_records(size_t count)
{
    struct records *records = stress_map(sizeof *records + count * sizeof *records->blocks);
    records->next = all_records;
    records->count = count;
    all_records = records;
    return records->blocks;
}

struct block **stress_table_make(size_t count)
{
    struct block **table = stress_map(count * sizeof *table);
    struct block *records = make_records(count);
    for (size_t i = 0; i < count; i++)
        table[i] = &records[i];
    return table;
}

void stress_exchange_make(struct exchange *exchange, size_t count)
{
    struct block *records = make_records(count);
    exchange->count = count;
    exchange->slots = stress_map(count * sizeof *exchange->slots);
    for (size_t i = 0; i < count; i++) {
        /* order: relaxed -- no other thread knows of it yet */
        ep__store_relaxed(&exchange->slots[i], &records[i]);
    }
}

void stress_worker_make(struct worker *worker, size_t table_size, struct exchange *exchange,
                        size_t largest)
{
    worker->table = stress_table_make(table_size);
    worker->table_size = table_size;
    worker->exchange = exchange;
    worker->largest = largest;
}

void stress_record_free(struct block *block, struct stress_random *random)
{
    size_t size = block->size;
    size_t alignment = block->alignment;
    bool is_sized = stress_random_chance(random, 1, 8);
    stress_doing("verification");
    void *start = stress_block_give(block);
    stress_doing("free");
    if (is_sized && alignment > 1)
        stress_allocator.free_aligned_sized(start, alignment, size);
    else if (is_sized)
        stress_allocator.free_sized(start, size);
    else
        stress_allocator.free(start);
}

void stress_table_free(struct block **table, size_t count, struct stress_random *random,
                       unsigned share)
{
    for (size_t i = 0; i < count; i++)
        if (table[i]->start != NULL && stress_random_chance(random, share, 256))
            stress_record_free(table[i], random);
}

void stress_rest_check(const char *when)
{
    struct stress_tally tally = {0};
    stress_doing("comparison at rest");
    for (const struct records *records = all_records; records != NULL; records = records->next)
        for (size_t i = 0; i < records->count; i++) {
            if (records->blocks[i].start == NULL)
                continue;
            stress_block_verify(&records->blocks[i]);
            stress_tally_add(&tally, &records->blocks[i]);
        }
    stress_tally_check(&tally, when);
}

void stress_rest_free(struct stress_random *random, unsigned share)
{
    for (struct records *records = all_records; records != NULL; records = records->next)
        for (size_t i = 0; i < records->count; i++) {
            struct block *block = &records->blocks[i];
            if (block->start != NULL && stress_random_chance(random, share, 256))
                stress_record_free(block, random);
        }
    stress_allocator.thread_idle();
}

void stress_rest_end(uint64_t seed)
{
    struct stress_random random = stress_random_at(seed, 0, 1U << 22);
    stress_rest_check("account after the threads' exit");
    stress_rest_free(&random, 256);
    stress_rest_check("account of the empty heap");
}
