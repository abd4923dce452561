/* Operations seen at the same time.  See overlap.h. */
#include "overlap.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "explore.h"

static const char *const names[OPERATIONS] = {"push",  "take",    "release", "claim",
                                              "empty", "acquire", "adopt"};

/* X: the table in pool.h says that they overlap, so some scenario must show it.  The end of a release, which sets a
 * hint, overlaps with what the next owner does. */
static const char expected[OPERATIONS][OPERATIONS + 1] = {
    "XXXX..X", /* push */
    "X......", /* take */
    "X..X...", /* release */
    "X.XXXXX", /* claim */
    "...X.X.", /* empty */
    "...XXX.", /* acquire */
    "X..X...", /* adopt: the new owner, before it lets go again */
};

static struct {
    enum operation operation;
    const struct pool *pool;
    bool is_under_way;
} under_way[THREADS_MAX];

static struct {
    uint64_t seen[OPERATIONS][OPERATIONS];
} * counts;

void overlap_share(void)
{
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        model_break("no shared memory");
}

void overlap_reset(void)
{
    memset(under_way, 0, sizeof under_way);
}

static bool may_be_one_pool(const struct pool *a, const struct pool *b)
{
    return a == NULL || b == NULL || a == b;
}

void overlap_begin(enum operation operation, const struct pool *pool, const char *doing)
{
    unsigned me = model_thread();
    model_doing(doing);
    under_way[me].operation = operation;
    under_way[me].pool = pool;
    under_way[me].is_under_way = true;
    for (unsigned i = 0; i < THREADS_MAX; i++) {
        if (i == me || !under_way[i].is_under_way || !may_be_one_pool(pool, under_way[i].pool))
            continue;
        counts->seen[operation][under_way[i].operation]++;
        counts->seen[under_way[i].operation][operation]++;
    }
}

void overlap_end(void)
{
    under_way[model_thread()].is_under_way = false;
}

bool overlap_report(void)
{
    bool is_right = true;
    printf("operations seen under way at the same time, in executions:\n%8s", "");
    for (unsigned i = 0; i < OPERATIONS; i++)
        printf("%10s", names[i]);
    printf("\n");
    for (unsigned i = 0; i < OPERATIONS; i++) {
        printf("%8s", names[i]);
        for (unsigned j = 0; j < OPERATIONS; j++) {
            bool is_wrong = expected[i][j] == 'X' && counts->seen[i][j] == 0;
            is_right = is_right && !is_wrong;
            printf("%9ju%c", (uintmax_t)counts->seen[i][j], is_wrong ? '!' : ' ');
        }
        printf("\n");
    }
    return is_right;
}
