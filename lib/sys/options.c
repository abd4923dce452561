#include "sys/options.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define VARIABLE "EPMALLOC_CONF"
#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define MILLISECONDS_MAX ((uint64_t)24 * 60 * 60 * 1000)
#define ARENAS_MAX ((uint64_t)1 << 20)
/* Each splits two mappings, and Linux allows 65,530. */
#define GUARDS_MAX 30000

/* A piece of the environment; not ended by a NUL. */
struct piece {
    const char *bytes;
    size_t length;
};

struct option_rule {
    const char *key;
    const char *rule;
    const char *const *words; /* the value's names, from 0 upward, ended by NULL; NULL: a number */
    bool in_bytes;            /* the number may end in k, m or g */
    uint64_t minimum;
    uint64_t maximum;
};

static const char *const thp_words[] = {"default", "never", "always", NULL};
static const char *const profile_words[] = {"off", "on", "exit", NULL};
static const char *const fork_words[] = {"cut", "strict", NULL};

#define BYTES_RULE "must be a number of bytes, k, m or g may follow"

static const struct option_rule rules[EP__OPTION_COUNT] = {
    [EP__OPTION_ABORT] = {"abort", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_RETAIN] = {"retain", BYTES_RULE, NULL, true, 0, PTRDIFF_MAX},
    [EP__OPTION_RETAIN_PERCENT] = {"retain_percent", "must be 0 to 1000", NULL, false, 0, 1000},
    [EP__OPTION_PURGE_DELAY] = {"purge_delay", "must be 0 to 86400000 (milliseconds)", NULL, false,
                                0, MILLISECONDS_MAX},
    [EP__OPTION_KEEP_EMPTY] = {"keep_empty", "must be 1 to 1048576 (arenas)", NULL, false, 1,
                               ARENAS_MAX},
    [EP__OPTION_THP] = {"thp", "must be default, never or always", thp_words, false,
                        EP__THP_DEFAULT, EP__THP_ALWAYS},
    [EP__OPTION_THREAD_BYTES] = {"thread_bytes", BYTES_RULE, NULL, true, 0, PTRDIFF_MAX},
    [EP__OPTION_THREAD_PERCENT] = {"thread_percent", "must be 0 to 1000", NULL, false, 0, 1000},
    [EP__OPTION_BATCH_BYTES] = {"batch_bytes", BYTES_RULE, NULL, true, 0, PTRDIFF_MAX},
    [EP__OPTION_HUGE_CACHE] = {"huge_cache", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_DEFERRED_BYTES] = {"deferred_bytes", BYTES_RULE, NULL, true, 0, PTRDIFF_MAX},
    [EP__OPTION_FORK] = {"fork", "must be cut or strict", fork_words, false, EP__FORK_CUT,
                         EP__FORK_STRICT},
    [EP__OPTION_STATS] = {"stats", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_CHECK] = {"check", "must be 0 to 3", NULL, false, 0, 3},
    [EP__OPTION_CHECK_QUARANTINE] = {"check_quarantine", BYTES_RULE, NULL, true, 0, PTRDIFF_MAX},
    [EP__OPTION_CHECK_GUARDS] = {"check_guards", "must be 0 to 30000 (blocks)", NULL, false, 0,
                                 GUARDS_MAX},
    [EP__OPTION_CHECK_EVERY] = {"check_every", "must be 1 to 1000000000 (requests)", NULL, false, 1,
                                1000000000},
    [EP__OPTION_CHECK_FRAMES] = {"check_frames", "must be 0 to 64 (frames)", NULL, false, 0, 64},
    [EP__OPTION_CHECK_LINKS] = {"check_links", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_RANDOM_ORDER] = {"random_order", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_BACKGROUND] = {"helper", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_PROFILE] = {"profile", "must be off, on or exit", profile_words, false,
                            EP__PROFILE_OFF, EP__PROFILE_EXIT},
    [EP__OPTION_SAMPLE] = {"sample", "must be 1 to 4g (bytes), k, m or g may follow", NULL, true, 1,
                           4096 * MIB},
    [EP__OPTION_PROFILE_SEED] = {"profile_seed", "must be a number", NULL, false, 0, UINT64_MAX},
    [EP__OPTION_PROFILE_SIGNAL] = {"profile_signal", "must be 0 (none) to 64", NULL, false, 0, 64},
    [EP__OPTION_LEAKS] = {"leaks", "must be 0 or 1", NULL, false, 0, 1},
    [EP__OPTION_LEAK_EXIT_CODE] = {"leak_exit_code", "must be 0 to 255", NULL, false, 0, 255},
};

_Atomic uint64_t ep__options[EP__OPTION_COUNT] = {
    [EP__OPTION_ABORT] = 0,
    [EP__OPTION_RETAIN] = 8 * MIB,
    [EP__OPTION_RETAIN_PERCENT] = 100,
    [EP__OPTION_PURGE_DELAY] = 100,
    [EP__OPTION_KEEP_EMPTY] = 1,
    [EP__OPTION_THP] = EP__THP_DEFAULT,
    [EP__OPTION_THREAD_BYTES] = MIB,
    [EP__OPTION_THREAD_PERCENT] = 50,
    [EP__OPTION_BATCH_BYTES] = 32 * KIB,
    [EP__OPTION_HUGE_CACHE] = 1,
    [EP__OPTION_DEFERRED_BYTES] = 256 * MIB,
    [EP__OPTION_FORK] = EP__FORK_CUT,
    [EP__OPTION_STATS] = 0,
    [EP__OPTION_CHECK] = 0,
    [EP__OPTION_CHECK_QUARANTINE] = 16 * MIB,
    [EP__OPTION_CHECK_GUARDS] = 1024,
    [EP__OPTION_CHECK_EVERY] = 256,
    [EP__OPTION_CHECK_FRAMES] = 16,
    [EP__OPTION_CHECK_LINKS] = 0,
    [EP__OPTION_RANDOM_ORDER] = 0,
    [EP__OPTION_BACKGROUND] = 0,
    [EP__OPTION_PROFILE] = EP__PROFILE_OFF,
    [EP__OPTION_SAMPLE] = 512 * KIB,
    [EP__OPTION_PROFILE_SEED] = 0,
    [EP__OPTION_PROFILE_SIGNAL] = 0,
    [EP__OPTION_LEAKS] = 0,
    [EP__OPTION_LEAK_EXIT_CODE] = 0,
};

struct text_rule {
    const char *key;
    const char *rule;
};

static const struct text_rule text_rules[EP__TEXT_COUNT] = {
    [EP__TEXT_TRACE] = {"trace", "must be the name of a file, below 256 bytes, without a comma"},
    [EP__TEXT_CGROUP] = {"cgroup",
                         "must be own or the name of a folder, below 256 bytes, without a comma"},
    [EP__TEXT_ENDPOINT] =
        {"endpoint", "must be 0, 1 or the name of a folder, below 256 bytes, without a comma"},
};

static char texts[EP__TEXT_COUNT][EP__OPTION_TEXT_BYTES];
static _Atomic(uint32_t) text_lengths[EP__TEXT_COUNT];

/* Any thread: 1 once a thread has begun to read the environment. */
static _Atomic unsigned claimed;

static bool is_word(struct piece piece, const char *word)
{
    return strlen(word) == piece.length && memcmp(piece.bytes, word, piece.length) == 0;
}

/* Cuts off what stands before `separator` and steps over it. */
static struct piece cut_piece(struct piece *rest, char separator)
{
    struct piece first = *rest;
    const char *end = rest->length == 0 ? NULL : memchr(rest->bytes, separator, rest->length);
    if (end == NULL) {
        rest->bytes += rest->length;
        rest->length = 0;
    } else {
        first.length = (size_t)(end - rest->bytes);
        rest->bytes = end + 1;
        rest->length -= first.length + 1;
    }
    return first;
}

static bool parse_word(const char *const *words, struct piece piece, uint64_t *value)
{
    for (uint64_t i = 0; words[i] != NULL; i++) {
        if (is_word(piece, words[i])) {
            *value = i;
            return true;
        }
    }
    return false;
}

/* Takes a unit off the end of a number of bytes; returns the log2 of what it stands for. */
static unsigned cut_unit(struct piece *piece)
{
    static const char units[] = "kmg";
    if (piece->length == 0)
        return 0;
    const char *unit = memchr(units, piece->bytes[piece->length - 1], sizeof units - 1);
    if (unit == NULL)
        return 0;
    piece->length--;
    return 10 * (unsigned)(unit - units + 1);
}

static bool parse_number(struct piece piece, bool in_bytes, uint64_t *value)
{
    unsigned shift = in_bytes ? cut_unit(&piece) : 0;
    uint64_t number = 0;
    if (piece.length == 0)
        return false;
    for (size_t i = 0; i < piece.length; i++) {
        char digit = piece.bytes[i];
        if (digit < '0' || digit > '9' || number > (UINT64_MAX - 9) / 10)
            return false;
        number = number * 10 + (uint64_t)(digit - '0');
    }
    if (number > UINT64_MAX >> shift)
        return false;
    *value = number << shift;
    return true;
}

static void report_entry(struct piece key, struct piece value, const char *rule)
{
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, VARIABLE ": key ");
    ep__report_quoted(&report, key.bytes, key.length);
    ep__report_text(&report, ", value ");
    ep__report_quoted(&report, value.bytes, value.length);
    ep__report_text(&report, ": ");
    ep__report_text(&report, rule);
    ep__report_text(&report, "; ignored");
    ep__report_emit(&report);
}

const char *ep__option_text(enum option_text option)
{
    /* order: acquire TXT -- pairs with set_text; carries the bytes */
    return ep__load_acquire(&text_lengths[option]) == 0 ? NULL : texts[option];
}

static bool set_text(enum option_text option, struct piece value)
{
    if (value.length == 0 || value.length >= EP__OPTION_TEXT_BYTES)
        return false;
    memcpy(texts[option], value.bytes, value.length);
    texts[option][value.length] = '\0';
    /* order: release TXT -- pairs with ep__option_text; carries the bytes */
    ep__store_release(&text_lengths[option], (uint32_t)value.length);
    return true;
}

/* An entry whose value is a name; false: there is no such key. */
static bool parse_text(struct piece key, struct piece value, bool *is_good)
{
    for (unsigned i = 0; i < EP__TEXT_COUNT; i++) {
        if (!is_word(key, text_rules[i].key))
            continue;
        *is_good = set_text((enum option_text)i, value);
        if (!*is_good)
            report_entry(key, value, text_rules[i].rule);
        return true;
    }
    return false;
}

static bool parse_entry(struct piece key, struct piece value)
{
    bool is_good;
    if (parse_text(key, value, &is_good))
        return is_good;
    for (unsigned i = 0; i < EP__OPTION_COUNT; i++) {
        const struct option_rule *rule = &rules[i];
        uint64_t number;
        if (!is_word(key, rule->key))
            continue;
        bool parsed = rule->words != NULL ? parse_word(rule->words, value, &number)
                                          : parse_number(value, rule->in_bytes, &number);
        if (parsed && ep__option_set((enum option)i, number))
            return true;
        report_entry(key, value, rule->rule);
        return false;
    }
    report_entry(key, value, "there is no such key");
    return false;
}

unsigned ep__options_parse(const char *entries)
{
    struct piece rest = {entries, strlen(entries)};
    unsigned bad = 0;
    while (rest.length > 0) {
        struct piece value = cut_piece(&rest, ',');
        if (value.length == 0)
            continue;
        struct piece key = cut_piece(&value, ':');
        if (!parse_entry(key, value))
            bad++;
    }
    return bad;
}

/* The variable's value in the environment, or NULL. */
static const char *find_variable(char **variables)
{
    static const char name[] = VARIABLE "=";
    for (; *variables != NULL; variables++) {
        if (strncmp(*variables, name, sizeof name - 1) == 0)
            return *variables + sizeof name - 1;
    }
    return NULL;
}

unsigned ep__options_read(char **variables, bool is_secure)
{
    const char *entries = is_secure ? NULL : find_variable(variables);
    return entries == NULL ? 0 : ep__options_parse(entries);
}

void ep__options_load(void)
{
    /* order: relaxed -- seen late, it only leads to the exchange below. */
    if (ep__load_relaxed(&claimed) != 0 || environ == NULL)
        return;
    /* order: relaxed -- the exchange's atomicity alone decides who parses; nothing is carried. */
    if (ep__exchange_relaxed(&claimed, 1) != 0)
        return;
    int errno_before = errno;
    (void)ep__options_read(environ, getauxval(AT_SECURE) != 0);
    errno = errno_before;
}

bool ep__option_set(enum option option, uint64_t value)
{
    if (value < rules[option].minimum || value > rules[option].maximum)
        return false;
    /* order: relaxed -- each option is a number by itself; readers need no other write with it. */
    ep__store_relaxed(&ep__options[option], value);
    return true;
}

static void put_value(struct text *text, const struct option_rule *rule, uint64_t value)
{
    static const char units[] = {'g', 'm', 'k'};
    if (rule->words != NULL) {
        ep__text_put(text, rule->words[value]);
        return;
    }
    for (unsigned i = 0; i < sizeof units && rule->in_bytes && value != 0; i++) {
        unsigned shift = 30 - 10 * i;
        if ((value & ((UINT64_C(1) << shift) - 1)) == 0) {
            ep__text_put_dec(text, value >> shift);
            ep__text_put_bytes(text, &units[i], 1);
            return;
        }
    }
    ep__text_put_dec(text, value);
}

void ep__options_text(struct text *text)
{
    for (unsigned i = 0; i < EP__OPTION_COUNT; i++) {
        if (i > 0)
            ep__text_put(text, ",");
        ep__text_put(text, rules[i].key);
        ep__text_put(text, ":");
        put_value(text, &rules[i], ep__option_get((enum option)i));
    }
    for (unsigned i = 0; i < EP__TEXT_COUNT; i++) {
        const char *value = ep__option_text((enum option_text)i);
        if (value == NULL)
            continue;
        ep__text_put(text, ",");
        ep__text_put(text, text_rules[i].key);
        ep__text_put(text, ":");
        ep__text_put(text, value);
    }
}

bool ep__options_check(void)
{
    for (unsigned i = 0; i < EP__OPTION_COUNT; i++) {
        uint64_t value = ep__option_get((enum option)i);
        if (value < rules[i].minimum || value > rules[i].maximum)
            return false;
    }
    return true;
}
