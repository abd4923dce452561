/*
 * larson: a server whose threads succeed each other.
 *
 * Models Larson and Krishnan, "Memory Allocation for Long-Running Server Applications"
 * (ISMM 1998): a thread gets an array of live blocks, replaces random ones by new blocks of
 * random size, then hands the array to a thread that it creates and ends.  So each thread frees
 * 5,000 blocks of a thread that is gone, in random order among its own.
 *
 * 5,000 blocks of 8-1000 bytes per array, 250,000 replacements per life: the live data
 * (2.5 MB per array) does not fit a thread cache, and threads die often enough that an
 * allocator which strands what they left shows it in time or memory.
 * --variant sized frees with the sized operator delete.
 */
#include "scenario.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <pthread.h>

namespace
{

constexpr size_t blocks_per_array = 5000;
constexpr size_t replacements_per_life = 250000;
constexpr size_t low_bytes = 8, high_bytes = 1000;

struct array {
    char *blocks[blocks_per_array];
    uint32_t sizes[blocks_per_array];
    uint64_t random;
    size_t lives_left;
};

array *arrays[SCENARIO_THREADS_MAX];
std::atomic<unsigned> arrays_running;
pthread_mutex_t done_lock = PTHREAD_MUTEX_INITIALIZER;
pthread_cond_t done = PTHREAD_COND_INITIALIZER;
bool sized;

void fill_block(array *a, size_t i)
{
    size_t size = scenario_between(&a->random, low_bytes, high_bytes);

    a->blocks[i] = static_cast<char *>(::operator new(size));
    a->sizes[i] = static_cast<uint32_t>(size);
    scenario_touch(a->blocks[i], size);
}

void free_block(array *a, size_t i)
{
    if (sized)
        ::operator delete(a->blocks[i], static_cast<size_t>(a->sizes[i]));
    else
        ::operator delete(a->blocks[i]);
}

void start_life(array *a);

void *live(void *argument)
{
    array *a = static_cast<array *>(argument);

    for (size_t n = 0; n < replacements_per_life; n++) {
        size_t i = scenario_below(&a->random, blocks_per_array);

        free_block(a, i);
        fill_block(a, i);
    }
    if (--a->lives_left != 0) {
        start_life(a);
        return nullptr;
    }
    pthread_mutex_lock(&done_lock);
    arrays_running--;
    pthread_cond_signal(&done);
    pthread_mutex_unlock(&done_lock);
    return nullptr;
}

void start_life(array *a)
{
    pthread_attr_t attributes;
    pthread_t successor;

    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&successor, &attributes, live, a) != 0)
        abort();
    pthread_attr_destroy(&attributes);
}

array *make_array(size_t idx, size_t lives)
{
    array *a = new array;

    a->random = scenario_seed(idx);
    a->lives_left = lives;
    for (size_t i = 0; i < blocks_per_array; i++)
        fill_block(a, i);
    return a;
}

} // namespace

int main(int argc, char **argv)
{
    scenario s;

    scenario_start(&s, "larson", argc, argv);
    sized = strcmp(s.variant, "sized") == 0;
    size_t lives = scenario_scaled(&s, 480.0 / s.threads);

    for (unsigned i = 0; i < s.threads; i++)
        arrays[i] = make_array(i, lives);
    arrays_running = s.threads;
    for (unsigned i = 0; i < s.threads; i++)
        start_life(arrays[i]);
    pthread_mutex_lock(&done_lock);
    while (arrays_running != 0)
        pthread_cond_wait(&done, &done_lock);
    pthread_mutex_unlock(&done_lock);
    scenario_report(&s);
    return 0;
}
