/*
 * sections: what a section of epmalloc costs, beside one of Concurrency Kit's ck_epoch, and what a deferral costs.
 *
 * Prints nanoseconds of processor time, medians of 21 rounds that are interleaved: an enter and an exit of
 * ck_epoch, inlined into the loop, with its record in thread-local storage; the same behind the calls of a
 * shared library; ep_epoch_enter and ep_epoch_exit; ep_malloc and ep_free of 64 bytes; ep_malloc and ep_free_deferred.  Built twice: `sections` with the shared library, `sections_static` with the other.
 */
#include <ck_epoch.h>
#include <epmalloc/epmalloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 21, PAIRS = 1000000, BYTES = 64 };

static ck_epoch_t domain;
static _Thread_local ck_epoch_record_t record;

void ck_section_start(void);
void ck_section_begin(void);
void ck_section_end(void);

static void run_inlined(void)
{
    for (int i = 0; i < PAIRS; i++) {
        ck_epoch_begin(&record, NULL);
        __asm__ volatile("" ::: "memory");
        ck_epoch_end(&record, NULL);
    }
}

static void run_shared(void)
{
    for (int i = 0; i < PAIRS; i++) {
        ck_section_begin();
        ck_section_end();
    }
}

static void run_epmalloc(void)
{
    for (int i = 0; i < PAIRS; i++) {
        ep_epoch_enter();
        ep_epoch_exit();
    }
}

static void run_free(void)
{
    for (int i = 0; i < PAIRS; i++)
        ep_free(ep_malloc(BYTES));
}

static void run_deferred(void)
{
    for (int i = 0; i < PAIRS; i++)
        if (ep_free_deferred(ep_malloc(BYTES)) != 0)
            abort();
}

static const struct {
    const char *name;
    void (*run)(void);
} loops[] = {
    {"ck_epoch_inlined", run_inlined}, {"ck_epoch_shared", run_shared},
    {"ep_epoch", run_epmalloc},        {"malloc_free", run_free},
    {"malloc_deferred", run_deferred},
};

enum { LOOPS = sizeof loops / sizeof loops[0] };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int compare(const void *left, const void *right)
{
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

int main(void)
{
    static double ns[LOOPS][ROUNDS];
    ck_epoch_init(&domain);
    ck_epoch_register(&domain, &record, NULL);
    ck_section_start();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < LOOPS; i++) {
            double start = now_ns();
            loops[i].run();
            ns[i][round] = (now_ns() - start) / PAIRS;
        }
    }
    for (int i = 0; i < LOOPS; i++) {
        qsort(ns[i], ROUNDS, sizeof ns[i][0], compare);
        printf("%-18s %6.2f\n", loops[i].name, ns[i][ROUNDS / 2]);
    }
    return 0;
}
