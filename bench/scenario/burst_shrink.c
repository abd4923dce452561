/*
 * burst_shrink: a burst, of which every 20th block survives; what goes back, and what growing again costs.
 *
 * Models a cache or an index that has been emptied but for a few entries, the case of Maas et al., "Learning-based
 * memory allocation for C++ server workloads" (ASPLOS 2020): long-lived blocks among short-lived ones pin what they lie
 * in.  300,000 blocks of 32 to 512 bytes are allocated, all but every 20th freed, and the freed ones allocated again.
 *
 * --variant keep   grows again at once: never having shrunk
 * --variant idle   does nothing for 10 s first
 * --variant trim   calls malloc_trim(0) first, where the C library has it and the allocator replaces it
 *
 * time_s is that of growing again; stderr has the processor time of growing first and again.  The one more word is free_pages_returned: of the system pages that the burst had
 * touched and that hold no live block, the part that is not in memory when the growing begins.  So a page that
 * the allocator has taken for itself meanwhile counts as kept.
 */
#include "scenario.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { BLOCKS = 300000, SURVIVORS = 20, IDLE_MS = 10000 };

struct block {
    char *start;
    size_t size;
};

/* Not from the allocator, so that its pages are the blocks'. */
struct books {
    struct block blocks[BLOCKS];
    uintptr_t pages[2 * BLOCKS];
    bool is_pinned[2 * BLOCKS];
    size_t page_count;
};

static struct books *books;
static size_t count;
static uintptr_t page_bytes;

static void allocate(uint64_t *random)
{
    for (size_t i = 0; i < count; i++) {
        struct block *block = &books->blocks[i];

        if (block->start != NULL)
            continue;
        block->size = scenario_between(random, 32, 512);
        block->start = scenario_check(malloc(block->size));
        memset(block->start, 1, block->size);
    }
}

static int compare_pages(const void *a, const void *b)
{
    uintptr_t first = *(const uintptr_t *)a, second = *(const uintptr_t *)b;

    return first < second ? -1 : first > second;
}

/* Sorts and drops what is there twice; qsort() allocates, but no page that is counted. */
static void settle_pages(void)
{
    size_t kept = 0;

    qsort(books->pages, books->page_count, sizeof books->pages[0], compare_pages);
    for (size_t i = 0; i < books->page_count; i++)
        if (kept == 0 || books->pages[kept - 1] != books->pages[i])
            books->pages[kept++] = books->pages[i];
    books->page_count = kept;
}

static void note_pages(const struct block *block)
{
    uintptr_t page = (uintptr_t)block->start / page_bytes;

    for (; page <= ((uintptr_t)block->start + block->size - 1) / page_bytes; page++)
        books->pages[books->page_count++] = page;
}

static void pin_pages(const struct block *block)
{
    uintptr_t page = (uintptr_t)block->start / page_bytes;

    for (; page <= ((uintptr_t)block->start + block->size - 1) / page_bytes; page++) {
        uintptr_t *found =
            bsearch(&page, books->pages, books->page_count, sizeof page, compare_pages);

        books->is_pinned[found - books->pages] = true;
    }
}

/* Frees all but every 20th, and notes the pages that only freed blocks were in. */
static void shrink(void)
{
    books->page_count = 0;
    for (size_t i = 0; i < count; i++)
        note_pages(&books->blocks[i]);
    settle_pages();
    for (size_t i = 0; i < count; i += SURVIVORS)
        pin_pages(&books->blocks[i]);
    for (size_t i = 0; i < count; i++) {
        if (i % SURVIVORS == 0)
            continue;
        free(books->blocks[i].start);
        books->blocks[i].start = NULL;
    }
}

static double cpu_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The part of the noted pages without a live block that is not in memory. */
static double returned(size_t *free_pages)
{
    size_t gone = 0;

    *free_pages = 0;
    for (size_t i = 0; i < books->page_count; i++) {
        unsigned char present = 0;
        void *page = (void *)(books->pages[i] * page_bytes);

        if (books->is_pinned[i])
            continue;
        ++*free_pages;
        if (mincore(page, page_bytes, &present) != 0 || (present & 1) == 0)
            gone++;
    }
    return (double)gone / (double)*free_pages;
}

int main(int argc, char **argv)
{
    struct scenario s;
    uint64_t random = scenario_seed(0);
    size_t free_pages;
    double part, first_s, again_s;

    scenario_start(&s, "burst_shrink", argc, argv);
    page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
    count = scenario_scaled(&s, BLOCKS);
    count = count < BLOCKS ? count : BLOCKS;
    books = mmap(NULL, sizeof *books, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (books == MAP_FAILED)
        return 4;
    first_s = cpu_s();
    allocate(&random);
    first_s = cpu_s() - first_s;
    shrink();
    if (strcmp(s.variant, "idle") == 0)
        scenario_sleep_ms(IDLE_MS);
    else if (strcmp(s.variant, "trim") == 0)
        (void)malloc_trim(0);
    part = returned(&free_pages);
    fprintf(stderr,
            "burst_shrink: %zu of %zu pages hold no live block, %.1f %% of them are not in memory, "
            "rss %zu "
            "KiB\n",
            free_pages, books->page_count, 100 * part, scenario_rss_kib());
    s.start_ns = scenario_now_ns();
    again_s = cpu_s();
    allocate(&random);
    scenario_stop_clock(&s);
    fprintf(stderr, "burst_shrink: processor time of growing: first %.4f s, again %.4f s\n",
            first_s, cpu_s() - again_s);
    scenario_report_with(&s, "free_pages_returned", part);
    return 0;
}
