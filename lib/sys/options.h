/* What the person set: EPMALLOC_CONF, read once, without a lock.
 *
 * Layer: sys.  Uses: sys/atomic, sys/report, environ, getauxval().  Used by: every layer that has
 * something to set; api (ep_options, mallopt).
 *
 * Nouns: an *option* is a 64-bit number with a key, a default and a range; words such as "cut" stand
 * for numbers.  A *text* is an option that is a name instead.  A *rule* is the sentence that says what its value may be.
 *
 * The algorithm: defaults are static initialisers, so every option is right from the first
 * instruction.  The first caller of ep__options_load() that finds an environment claims a flag and
 * parses; every later one returns at once, also one that comes while the first still parses, and
 * works with the defaults that long.  Nobody waits, so there is no once-guard that a stopped thread
 * could hold, and no first allocation that would have to be special.
 *
 * The keys, their defaults and ranges are the table in options.c; include/epmalloc/epmalloc.h tells
 * the person about them.
 *
 * Who may overlap: everybody with everybody.  Loading reads `environ`, so, like getenv(), it must not
 * run beside the program's setenv(); it runs at the first allocation or when the library is loaded, whichever comes
 * first, and setenv() allocates.
 *
 * Invariants (ep__options_check()):
 *   1. minimum <= value <= maximum, for every option, at every moment.
 *
 * Edges: TXT (a name, from who has parsed it to who uses it).  The other options are numbers by themselves, and
 * their accesses are relaxed.
 * Progress: all wait-free, loading in proportion to the environment.
 * What can fail: a bad entry; it is reported in one line, and the option keeps its value.
 */
#ifndef EPMALLOC_SYS_OPTIONS_H
#define EPMALLOC_SYS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/atomic.h"
#include "sys/report.h"

enum option {
    EP__OPTION_ABORT,            /* 0, 1 */
    EP__OPTION_RETAIN,           /* bytes */
    EP__OPTION_RETAIN_PERCENT,   /* of the bytes in use */
    EP__OPTION_PURGE_DELAY,      /* milliseconds */
    EP__OPTION_KEEP_EMPTY,       /* arenas, 1 or more */
    EP__OPTION_THP,              /* enum option_thp */
    EP__OPTION_THREAD_BYTES,     /* bytes */
    EP__OPTION_THREAD_PERCENT,   /* of a thread's share of the bytes in use */
    EP__OPTION_BATCH_BYTES,      /* bytes */
    EP__OPTION_HUGE_CACHE,       /* 0, 1 */
    EP__OPTION_DEFERRED_BYTES,   /* bytes */
    EP__OPTION_FORK,             /* enum option_fork */
    EP__OPTION_STATS,            /* 0, 1 */
    EP__OPTION_CHECK,            /* 0 to 3 */
    EP__OPTION_CHECK_QUARANTINE, /* bytes */
    EP__OPTION_CHECK_GUARDS,     /* guarded blocks */
    EP__OPTION_CHECK_EVERY,      /* requests, 1 or more */
    EP__OPTION_CHECK_FRAMES,     /* of each stack */
    EP__OPTION_CHECK_LINKS,      /* 0, 1 */
    EP__OPTION_RANDOM_ORDER,     /* 0, 1 */
    EP__OPTION_BACKGROUND,       /* 0, 1 */
    EP__OPTION_PROFILE,          /* enum option_profile */
    EP__OPTION_SAMPLE,           /* bytes */
    EP__OPTION_PROFILE_SEED,     /* 0: another one in each process */
    EP__OPTION_PROFILE_SIGNAL,   /* 0: none */
    EP__OPTION_LEAKS,            /* 0, 1 */
    EP__OPTION_LEAK_EXIT_CODE,   /* 0: the program's own */
    EP__OPTION_COUNT
};

/* Options that are names.  Each is "" until the environment says otherwise. */
enum option_text {
    EP__TEXT_TRACE,    /* a file's */
    EP__TEXT_CGROUP,   /* a folder's, or "own" */
    EP__TEXT_ENDPOINT, /* a folder's, "1" or "0" */
    EP__TEXT_COUNT
};
enum { EP__OPTION_TEXT_BYTES = 256 };

enum option_thp { EP__THP_DEFAULT, EP__THP_NEVER, EP__THP_ALWAYS };
enum option_profile { EP__PROFILE_OFF, EP__PROFILE_ON, EP__PROFILE_EXIT };
enum option_fork { EP__FORK_CUT, EP__FORK_STRICT };

/* Any thread reads and writes, relaxed; through the functions below. */
extern _Atomic uint64_t ep__options[EP__OPTION_COUNT];

/* An option's value now. */
static inline uint64_t ep__option_get(enum option option)
{
    /* order: relaxed -- each option is a number by itself; a stale one was right a moment ago. */
    return ep__load_relaxed(&ep__options[option]);
}

/* An option's text, or NULL where none is set.  Written once, by the thread that reads the environment. */
const char *ep__option_text(enum option_text option);

/* Sets an option.  False, and no change, when the value is out of its range.  Any thread. */
bool ep__option_set(enum option option, uint64_t value);

/* Reads EPMALLOC_CONF if nobody has yet and there is an environment to read; the kernel's AT_SECURE
 * makes it count as empty.  Idempotent; called from slow paths.  Keeps errno. */
void ep__options_load(void);

/* Parses EPMALLOC_CONF out of an environment; a secure process (set-user-ID and the like) has none.
 * Returns how many entries were bad. */
unsigned ep__options_read(char **variables, bool is_secure);

/* Parses entries "key:value,key:value" and reports the bad ones.  Returns how many were bad. */
unsigned ep__options_parse(const char *entries);

/* Appends all options in the form that ep__options_parse() accepts. */
void ep__options_text(struct text *text);

/* True while invariant 1 holds. */
bool ep__options_check(void);

#endif
