/* The public statistics.  Contracts: include/epmalloc/stats.h. */
#include <epmalloc/epmalloc.h>

#include <errno.h>
#include <string.h>

#include "observe/cpython.h"
#include "observe/figures.h"
#include "observe/formats.h"

static int fail(int failure)
{
    errno = failure;
    return -1;
}

int ep_stats(struct ep_stats *stats, size_t size)
{
    struct account account;
    if (stats == NULL || size == 0)
        return fail(EINVAL);
    ep__account_take(&account);
    memset(stats, 0, size);
    memcpy(stats, &account.totals, size < sizeof account.totals ? size : sizeof account.totals);
    return 0;
}

int ep_walk_classes(int (*visit)(const struct ep_class *, void *), void *argument)
{
    struct account account;
    int result = 0;
    if (visit == NULL)
        return fail(EINVAL);
    ep__account_take(&account);
    for (unsigned i = 0; i < EP__CLASSES && result == 0; i++)
        if (ep__account_has(&account.classes[i]))
            result = visit(&account.classes[i], argument);
    return result;
}

int ep_walk_threads(int (*visit)(const struct ep_thread *, void *), void *argument)
{
    struct ep_thread shown;
    int result = 0;
    if (visit == NULL)
        return fail(EINVAL);
    for (uint32_t id = 0; result == 0 && ep__account_next_thread(&id, &shown); id++)
        result = visit(&shown, argument);
    return result;
}

int ep_stats_write(int fd, enum ep_stats_format format, unsigned parts)
{
    struct account account;
    struct stream stream;
    ep__account_take(&account);
    ep__stream_begin(&stream, ep__stream_to_file, &fd);
    if (!ep__format_put(&stream, &account, format, parts))
        return fail(EINVAL);
    int failure = ep__stream_end(&stream);
    return failure == 0 ? 0 : fail(failure);
}

int ep_metrics_write(int fd)
{
    return ep_stats_write(fd, EP_STATS_OPENMETRICS, EP_STATS_ALL);
}

int ep_stats_cpython(int fd)
{
    struct account account;
    struct stream stream;
    ep__account_take(&account);
    ep__stream_begin(&stream, ep__stream_to_file, &fd);
    ep__cpython_put(&stream, &account);
    int failure = ep__stream_end(&stream);
    return failure == 0 ? 0 : fail(failure);
}
