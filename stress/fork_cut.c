/* fork_cut: the child of a threaded process sees the memory of the other threads as a causally closed cut.
 *
 * Claim, of the kernel and not of epmalloc, on which the use of shared pools in a child rests (docs/design.md, Fork): when a
 * child sees a store, it sees every store that happens before it, whichever threads made them and on whichever pages.
 *
 * A number goes through a chain of words.  Each word is on a page of its own, at random places among many other
 * resident pages, so that copying the tables of pages takes long; a thread reads a word and stores what it read into the
 * next, and the words' threads take turns along the chain.  So no word is ever larger than the one before it, in any
 * closed cut.  The children look.
 *
 * If it were false: a child would find a number in a word that has not come by the word before.  Cuts in which
 * all words are alike show nothing; the run counts the others and fails when there were none.
 *
 * Replay: the seed chooses the pages; when the forks come is the machine's choice.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "allocator.h"
#include "harness.h"
#include "memory.h"
#include "random.h"

enum { PAGE = 4096, PAGES = 8192, PAGES_SMOKE = 1024, WORDS = 48 };

struct chain {
    unsigned threads;
    _Atomic(uint64_t) *words[WORDS];
    _Atomic(uint64_t) is_over;
};

/* Shared with the children. */
struct seen {
    _Atomic(uint64_t) open_cuts; /* in which a number was on its way */
};

static struct chain chain;
static struct seen *seen;

static void place_words(unsigned pages, uint64_t seed)
{
    struct stress_random random = stress_random_at(seed, 0, 0);
    char *start = stress_map_resident((size_t)pages * PAGE);
    bool *is_taken = stress_map(pages);
    for (unsigned i = 0; i < WORDS; i++) {
        size_t page;
        do {
            page = stress_random_below(&random, pages);
        } while (is_taken[page]);
        is_taken[page] = true;
        chain.words[i] = (_Atomic(uint64_t) *)(void *)(start + page * PAGE);
    }
}

static void pass_on(unsigned word)
{
    uint64_t number = 1;
    /* order: acquire FC -- from the thread that passed the number on, with all it had seen */
    number += ep__load_acquire(chain.words[word == 0 ? 0 : word - 1]);
    /* order: release FC -- to the thread of the next word */
    ep__store_release(chain.words[word], word == 0 ? number : number - 1);
}

static void pass_along(unsigned thread)
{
    stress_seat_take(thread);
    stress_doing("passing numbers on");
    /* order: relaxed -- a flag by itself */
    while (ep__load_relaxed(&chain.is_over) == 0) {
        for (unsigned word = thread; word < WORDS; word += chain.threads)
            pass_on(word);
        stress_doing("passing numbers on");
    }
    stress_seat_leave();
}

/* order: relaxed -- the child has one thread; the cut is what is examined */
static uint64_t read_word(unsigned word)
{
    return ep__load_relaxed(chain.words[word]);
}

static _Noreturn void look_as_child(void)
{
    (void)alarm(60);
    for (unsigned word = 1; word < WORDS; word++)
        stress_require(read_word(word) <= read_word(word - 1),
                       "torn cut: word %u is %llu, the one before it %llu", word,
                       (unsigned long long)read_word(word),
                       (unsigned long long)read_word(word - 1));
    if (read_word(0) != read_word(WORDS - 1)) {
        /* order: relaxed -- read after the child has been waited for */
        (void)ep__fetch_add_relaxed(&seen->open_cuts, 1);
    }
    _exit(0);
}

static void fork_once(void)
{
    stress_doing("fork");
    pid_t child = stress_fork();
    if (child == 0)
        look_as_child();
    stress_child_await(child, 0, "child %d", (int)child);
}

static void run(const struct stress_settings *settings)
{
    struct stress_team team;
    uint64_t forks = 0;
    place_words(settings->smoke ? PAGES_SMOKE : PAGES, settings->seed);
    seen = stress_map_shared(sizeof *seen);
    chain.threads = settings->threads;
    stress_team_start(&team, settings->threads, pass_along);
    stress_seat_take(settings->threads);
    for (; forks == 0 || stress_seconds() < settings->seconds; forks++)
        fork_once();
    stress_seat_leave();
    /* order: relaxed -- a flag by itself */
    ep__store_relaxed(&chain.is_over, 1);
    stress_team_join(&team);
    /* order: relaxed -- all children have been waited for */
    uint64_t open_cuts = ep__load_relaxed(&seen->open_cuts);
    stress_require(open_cuts > 0, "no number was on its way in any of %llu forks",
                   (unsigned long long)forks);
    stress_report("forks=%llu with_a_number_on_its_way=%llu", (unsigned long long)forks,
                  (unsigned long long)open_cuts);
}

const struct stress_program stress_program = {
    .name = "fork_cut",
    .seconds = 30,
    .smoke_seconds = 2,
    .threads = 3,
    .run = run,
};
