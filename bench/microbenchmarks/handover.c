/*
 * handover: blocks allocated by one thread and freed by another.
 *
 * A channel is a ring of bursts of pointers with one sender and one receiver.  Who waits, spins a
 * little and then yields, so that with more threads than processors the other gets to run.
 * In each pattern the senders put in as many bursts an iteration as the receivers take out, so
 * that all channels are empty at the end of a run.
 */
#include "shims.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { BURST = 64, BURSTS = 16, SPINS = 200 };

static struct channel {
    void *bursts[BURSTS][BURST];
    _Alignas(64) atomic_size_t sent;
    _Alignas(64) atomic_size_t taken;
} channels[SHIM_THREADS_MAX];

static void wait_until(atomic_size_t *counter, size_t least)
{
    for (unsigned tries = 0; atomic_load_explicit(counter, memory_order_acquire) < least; tries++) {
        if (tries >= SPINS)
            sched_yield();
    }
}

static void send_burst(struct channel *channel, const struct shim_thread *thread)
{
    size_t n = atomic_load_explicit(&channel->sent, memory_order_relaxed);
    void **burst = channel->bursts[n % BURSTS];

    if (n >= BURSTS)
        wait_until(&channel->taken, n - BURSTS + 1);
    for (size_t i = 0; i < BURST; i++)
        burst[i] = malloc(thread->sizes[i]);
    atomic_store_explicit(&channel->sent, n + 1, memory_order_release);
}

static void take_burst(struct channel *channel)
{
    size_t n = atomic_load_explicit(&channel->taken, memory_order_relaxed);
    void **burst = channel->bursts[n % BURSTS];

    wait_until(&channel->sent, n + 1);
    for (size_t i = 0; i < BURST; i++)
        free(burst[i]);
    atomic_store_explicit(&channel->taken, n + 1, memory_order_release);
}

/* Channel i: from thread i, even, to thread i + 1. */
void shim_hand_one_to_one(const struct shim *shim, struct shim_thread *thread)
{
    (void)shim;
    if (thread->idx % 2 == 0)
        send_burst(&channels[thread->idx], thread);
    else
        take_burst(&channels[thread->idx - 1]);
}

/* Channel i: from thread 0 to thread i. */
void shim_hand_one_to_many(const struct shim *shim, struct shim_thread *thread)
{
    (void)shim;
    if (thread->idx != 0)
        take_burst(&channels[thread->idx]);
    for (size_t i = 1; thread->idx == 0 && i < thread->threads; i++)
        send_burst(&channels[i], thread);
}

/* Channel i: from thread i to thread 0. */
void shim_hand_many_to_one(const struct shim *shim, struct shim_thread *thread)
{
    (void)shim;
    if (thread->idx != 0)
        send_burst(&channels[thread->idx], thread);
    for (size_t i = 1; thread->idx == 0 && i < thread->threads; i++)
        take_burst(&channels[i]);
}

/* Channel i: from thread i to the next, the last's to thread 0. */
void shim_hand_round(const struct shim *shim, struct shim_thread *thread)
{
    (void)shim;
    send_burst(&channels[thread->idx], thread);
    take_burst(&channels[(thread->idx + thread->threads - 1) % thread->threads]);
}

/* Where a burst is sent and taken by two threads, one of them counts it. */
size_t shim_handed_pairs(const struct shim *shim, const struct shim_thread *thread)
{
    if (shim->run == shim_hand_round)
        return BURST;
    if (shim->run == shim_hand_one_to_one)
        return thread->idx % 2 == 1 ? BURST : 0;
    return thread->idx != 0 ? BURST : 0;
}
