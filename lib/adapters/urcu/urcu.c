/* Deferred free under the program's own liburcu.  Contracts: include/epmalloc-urcu.h.
 *
 * Adapter.  Uses: batch, the public interface.  It is not linked with liburcu: the flavour's functions come with the
 * caller's pointer, so one library serves all flavours.
 *
 * Each thread has, for each flavour and each of the two kinds (blocks, calls), an open batch and a list of closed ones.
 * A batch is closed when it is full, when its blocks have 64 KiB, when it is 10 ms old and somebody looks, and by a
 * poll.  Every 16th deferral frees 32 blocks of what is over, or 128 when a second batch is over too.
 * An ending thread is not registered with liburcu any more, so it begins no grace period: it leaves its batches, closed
 * or not, on the flavour's stack; who polls next takes the stack whole, and closes those that were open.
 *
 * Edges: URL (left batches, from the thread that ends to the one that takes them), URF (a flavour's record).
 * Progress: as liburcu's; nothing of this file waits but ep_rcu_barrier_flavor() and the key made once.
 * Fork: the forking thread keeps its batches; what other threads had not left behind is lost to the child, as their
 * memory is.  That call_rcu works in a child is the program's and liburcu's matter (call_rcu_after_fork_child).
 */
#include <epmalloc-urcu.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "adapters/urcu/batch.h"

enum { KIND_BLOCKS, KIND_CALLS, KINDS };

enum {
    STEP_BLOCKS = 32,             /* freed by one step */
    STEP_EVERY = STEP_BLOCKS / 2, /* deferrals a step */
    BACKLOG_FACTOR = 4,
    STEP_CALLS = 2, /* run by one deferral of a call */
    BATCH_FREE_BYTES = 1 << 16,
    BATCH_MS = 10,
};

/* What threads that have ended have left behind; one a flavour, never freed. */
struct flavor_record {
    const struct rcu_flavor_struct *flavor;
    struct flavor_record *next;
    _Atomic(struct urcu_batch *) left[KINDS];
};

struct batch_list {
    struct urcu_batch *open;
    struct urcu_batch *first; /* closed */
    struct urcu_batch *last;
    size_t bytes;       /* of the open batch's blocks */
    uint64_t opened_ms; /* when it was opened */
    uint64_t closed;    /* batches that have been closed */
    uint64_t unlinked;  /* of them, done */
    size_t waiting;     /* deferrals */
};

/* One thread under one flavour. */
struct participant {
    struct flavor_record *record;
    struct participant *next;
    struct batch_list lists[KINDS];
    bool is_calling;
};

static _Atomic(struct flavor_record *) records;
static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static _Thread_local struct participant *participants;

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* --- lists -------------------------------------------------------------------------------------- */

static void append(struct batch_list *list, struct urcu_batch *batch)
{
    batch->next = NULL;
    if (list->last != NULL)
        list->last->next = batch;
    else
        list->first = batch;
    list->last = batch;
    list->closed++;
}

static void close_batch(struct participant *self, struct batch_list *list, struct urcu_batch *batch)
{
    if (!batch->is_closed) {
        batch->is_closed = true;
        ep__urcu_begin(self->record->flavor, batch);
    }
    append(list, batch);
}

static void close_open(struct participant *self, struct batch_list *list)
{
    struct urcu_batch *batch = list->open;
    if (batch == NULL)
        return;
    list->open = NULL;
    list->bytes = 0;
    close_batch(self, list, batch);
}

static void unlink_first(struct batch_list *list)
{
    struct urcu_batch *batch = list->first;
    list->first = batch->next;
    if (list->first == NULL)
        list->last = NULL;
    list->unlinked++;
    ep_free(batch);
}

static void take_left(struct participant *self, unsigned kind)
{
    _Atomic(struct urcu_batch *) *left = &self->record->left[kind];
    /* order: relaxed -- only saves the exchange; a later poll sees it */
    if (ep__load_relaxed(left) == NULL)
        return;
    /* order: acquire URL -- pairs with leave; carries the batches */
    struct urcu_batch *batch = ep__exchange_acquire(left, NULL);
    while (batch != NULL) {
        struct urcu_batch *next = batch->next;
        self->lists[kind].waiting += batch->count - batch->done;
        close_batch(self, &self->lists[kind], batch);
        batch = next;
    }
}

static void leave(struct flavor_record *record, unsigned kind, struct urcu_batch *batch)
{
    /* order: relaxed -- the old head is only linked to */
    struct urcu_batch *head = ep__load_relaxed(&record->left[kind]);
    do {
        batch->next = head;
        /* order: release URL -- pairs with take_left.  ABA: the stack is taken whole */
    } while (!ep__cas_weak_release(&record->left[kind], &head, batch));
}

/* --- threads ------------------------------------------------------------------------------------ */

static void leave_list(struct participant *self, unsigned kind)
{
    struct batch_list *list = &self->lists[kind];
    while (list->first != NULL) {
        struct urcu_batch *batch = list->first;
        list->first = batch->next;
        leave(self->record, kind, batch);
    }
    if (list->open != NULL)
        leave(self->record, kind, list->open);
}

/* A thread ends. */
static void leave_all(void *unused)
{
    (void)unused;
    while (participants != NULL) {
        struct participant *self = participants;
        participants = self->next;
        leave_list(self, KIND_BLOCKS);
        leave_list(self, KIND_CALLS);
        ep_free(self);
    }
}

static void make_key(void)
{
    /* Without a key what a thread leaves behind stays in use. */
    (void)pthread_key_create(&exit_key, leave_all);
}

/* The record of a flavour; NULL: no memory. */
static struct flavor_record *find_record(const struct rcu_flavor_struct *flavor)
{
    /* order: acquire URF -- pairs with the swap below; carries the record */
    struct flavor_record *head = ep__load_acquire(&records);
    struct flavor_record *made = NULL;
    do {
        for (struct flavor_record *record = head; record != NULL; record = record->next) {
            if (record->flavor == flavor) {
                ep_free(made);
                return record;
            }
        }
        if (made == NULL && (made = ep_calloc(1, sizeof *made)) == NULL)
            return NULL;
        made->flavor = flavor;
        made->next = head;
        /* order: acq_rel URF -- pairs with the load above.  ABA: records never leave */
    } while (!ep__cas_weak_acq_rel(&records, &head, made));
    return made;
}

static struct participant *join(const struct rcu_flavor_struct *flavor)
{
    (void)pthread_once(&exit_once, make_key);
    struct flavor_record *record = find_record(flavor);
    struct participant *self = record == NULL ? NULL : ep_calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->record = record;
    self->next = participants;
    participants = self;
    (void)pthread_setspecific(exit_key, self);
    return self;
}

/* The calling thread under a flavour; NULL: no memory. */
static struct participant *find_self(const struct rcu_flavor_struct *flavor)
{
    struct participant *self = participants;
    while (self != NULL && self->record->flavor != flavor)
        self = self->next;
    return self != NULL ? self : join(flavor);
}

/* --- what is over --------------------------------------------------------------------------------- */

/* The first closed batch of a kind, if it is over. */
static struct urcu_batch *find_over(struct participant *self, unsigned kind)
{
    struct urcu_batch *batch = self->lists[kind].first;
    return batch != NULL && ep__urcu_is_over(self->record->flavor, batch) ? batch : NULL;
}

static void free_some(struct participant *self, size_t most)
{
    struct batch_list *list = &self->lists[KIND_BLOCKS];
    struct urcu_batch *batch;
    while (most != 0 && (batch = find_over(self, KIND_BLOCKS)) != NULL) {
        size_t count = batch->count - batch->done;
        count = count < most ? count : most;
        ep_free_batch(batch->blocks + batch->done, count);
        batch->done += (uint32_t)count;
        list->waiting -= count;
        most -= count;
        if (batch->done == batch->count)
            unlink_first(list);
    }
}

static void free_portion(struct participant *self)
{
    struct urcu_batch *first = find_over(self, KIND_BLOCKS);
    if (first == NULL)
        return;
    bool has_backlog = first->next != NULL && ep__urcu_is_over(self->record->flavor, first->next);
    free_some(self, has_backlog ? STEP_BLOCKS * BACKLOG_FACTOR : STEP_BLOCKS);
}

static void call_some(struct participant *self, size_t most)
{
    struct batch_list *list = &self->lists[KIND_CALLS];
    struct urcu_batch *batch;
    if (self->is_calling)
        return;
    self->is_calling = true;
    while (most-- != 0 && (batch = find_over(self, KIND_CALLS)) != NULL) {
        struct urcu_call call = batch->calls[batch->done++];
        list->waiting--;
        if (batch->done == batch->count)
            unlink_first(list);
        call.function(call.argument);
    }
    self->is_calling = false;
}

/* --- deferral --------------------------------------------------------------------------------------- */

/* The batch that the next deferral of a kind goes to; NULL: no memory. */
static struct urcu_batch *open_batch(struct participant *self, unsigned kind, uint32_t room)
{
    struct batch_list *list = &self->lists[kind];
    if (list->open != NULL && list->open->count < room)
        return list->open;
    close_open(self, list);
    take_left(self, kind);
    struct urcu_batch *batch = ep_malloc(EP__URCU_BATCH_BYTES);
    if (batch == NULL)
        return NULL;
    memset(batch, 0, offsetof(struct urcu_batch, blocks));
    list->open = batch;
    list->opened_ms = now_ms();
    return batch;
}

static void work_off(struct participant *self, struct batch_list *list)
{
    if (list->bytes >= BATCH_FREE_BYTES || now_ms() >= list->opened_ms + BATCH_MS)
        close_open(self, list);
    free_portion(self);
}

int ep_free_rcu_flavor(const struct rcu_flavor_struct *flavor, void *p)
{
    if (p == NULL)
        return 0;
    struct participant *self = find_self(flavor);
    struct urcu_batch *batch = self == NULL ? NULL : open_batch(self, KIND_BLOCKS, EP__URCU_BLOCKS);
    if (batch == NULL) {
        errno = ENOMEM;
        return -1;
    }
    struct batch_list *list = &self->lists[KIND_BLOCKS];
    batch->blocks[batch->count++] = p;
    list->bytes += ep_usable_size(p);
    list->waiting++;
    if (batch->count % STEP_EVERY == 0 || list->bytes >= BATCH_FREE_BYTES)
        work_off(self, list);
    return 0;
}

int ep_defer_rcu_flavor(const struct rcu_flavor_struct *flavor, void (*function)(void *argument),
                        void *argument)
{
    struct participant *self = find_self(flavor);
    struct urcu_batch *batch = self == NULL ? NULL : open_batch(self, KIND_CALLS, EP__URCU_CALLS);
    if (batch == NULL) {
        errno = ENOMEM;
        return -1;
    }
    struct batch_list *list = &self->lists[KIND_CALLS];
    batch->calls[batch->count++] = (struct urcu_call){function, argument};
    list->waiting++;
    if (now_ms() >= list->opened_ms + BATCH_MS)
        close_open(self, list);
    call_some(self, STEP_CALLS);
    return 0;
}

size_t ep_rcu_poll_flavor(const struct rcu_flavor_struct *flavor)
{
    struct participant *self = find_self(flavor);
    if (self == NULL)
        return 0;
    for (unsigned kind = 0; kind < KINDS; kind++) {
        close_open(self, &self->lists[kind]);
        take_left(self, kind);
    }
    free_some(self, SIZE_MAX);
    call_some(self, SIZE_MAX);
    return self->lists[KIND_BLOCKS].waiting + self->lists[KIND_CALLS].waiting;
}

void ep_rcu_barrier_flavor(const struct rcu_flavor_struct *flavor)
{
    (void)ep_rcu_poll_flavor(flavor);
    struct participant *self = find_self(flavor);
    if (self == NULL)
        return;
    uint64_t blocks = self->lists[KIND_BLOCKS].closed, calls = self->lists[KIND_CALLS].closed;
    while (self->lists[KIND_BLOCKS].unlinked < blocks || self->lists[KIND_CALLS].unlinked < calls) {
        flavor->barrier();
        free_some(self, SIZE_MAX);
        call_some(self, SIZE_MAX);
    }
}
