/* Whole calls of malloc and free: birth, exit, ids that get another thread, the countdown of a current pool. */
#include "cache/cache.h"
#include "cache/thread.h"
#include "scenarios.h"
#include "slots.h"
#include "threads_model.h"

/* A request of CLASS_SMALL. */
enum { BYTES = (CLASS_SMALL + 1) * 16 };

static struct block *blocks[2];

static struct block *get_block(void)
{
    struct block *block = ep__cache_malloc(BYTES);
    if (block != NULL)
        world_got(block);
    return block;
}

static void give_block(struct block *block)
{
    world_giving(block);
    ep__cache_free(block);
    world_gave(block);
}

static struct pool *pool_of(const struct block *block)
{
    return ep__pool_at(world_window(), ep__window_slot(world_window(), block));
}

/* T1 has a current pool, of which the program has two blocks of three. */
static void one_born(void)
{
    keep_everything();
    (void)make_arena(40);
    threads_have_locals();
    threads_act_as(0);
    for (unsigned i = 0; i < 2; i++)
        blocks[i] = get_block();
    world_name_pool(pool_of(blocks[0]), "A");
    threads_act_as(THREADS_MAX);
}

/* And its countdown, parked long ago, is about to end. */
static void about_to_end(void)
{
    one_born();
    pool_of(blocks[0])->countdown = 1;
}

static void begin(void)
{
    world_begin();
    threads_begin();
}

static void exit_at_once(void)
{
    threads_exit();
}

static void free_and_exit(void)
{
    model_doing("free the first block");
    give_block(blocks[0]);
    threads_exit();
}

static void free_get_and_exit(void)
{
    model_doing("free the first block");
    give_block(blocks[0]);
    model_doing("malloc");
    struct block *block = get_block();
    model_doing("free it");
    give_block(block);
    threads_exit();
}

static void free_other_and_exit(void)
{
    model_doing("free the second block");
    give_block(blocks[1]);
    threads_exit();
}

/* Born by the malloc: with whose id? */
static void get_free_other_and_exit(void)
{
    model_doing("malloc");
    struct block *block = get_block();
    model_doing("free the second block");
    give_block(blocks[1]);
    model_doing("free the first");
    give_block(block);
    threads_exit();
}

/* What a thread withholds in a batch the books have as given back: they are right at rest.  Who has exited is charged for
 * nothing. */
static void at_rest(void)
{
    struct cache *cache;
    bool is_alive;
    world_at_rest();
    for (uint32_t id = 0; (cache = ep__thread_next(&id, &is_alive)) != NULL; id++) {
        /* order: relaxed -- nobody runs any more */
        model_assert(is_alive || ep__load_relaxed(&cache->held_bytes) == 0);
    }
}

#define CACHES .begin = begin, .state = world_state, .at_rest = at_rest

const struct scenario scenarios_cache[] = {
    {"exit-birth", "a thread exits while another is born, and frees a block of its", one_born,
     .threads = {exit_at_once, get_free_other_and_exit}, CACHES},
    {"exit-free", "one frees and exits while another frees into the same pool and exits", one_born,
     .threads = {free_and_exit, free_other_and_exit}, CACHES},
    {"parked", "a parked countdown ends while another frees", about_to_end,
     .threads = {free_get_and_exit, free_other_and_exit}, CACHES},
    {.name = NULL},
};
