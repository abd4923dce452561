/* Call stacks.  The argument stands in stack.h. */
#include "observe/stack.h"

#include <stddef.h>

#include "observe/unwinder.h"
#include "sys/atomic.h"
#include "sys/bits.h"
#include "sys/vm.h"

enum {
    FRAME_BYTES_MAX = 1 << 20,
    PIECE_WORDS = 64,
    START_FRAMES = 3,        /* of the C library, above main and above a thread's function */
    AGREEMENTS_WANTED = 32,  /* before records are relied on */
    COMPARE_EVERY = 128,     /* afterwards */
    DISTRUSTED = UINT32_MAX, /* of `agreements` */
};

/* How many stacks have been the same both ways. */
static _Atomic(uint32_t) agreements;

static _Thread_local bool is_busy;

bool ep__stack_is_busy(void)
{
    return is_busy;
}

void ep__stack_prepare(void)
{
    (void)ep__unwinder_load();
}

static uint32_t count_agreements(void)
{
    /* order: relaxed -- a policy; either way is tried again when it is seen late */
    return ep__load_relaxed(&agreements);
}

bool ep__stack_trusts_records(void)
{
    uint32_t count = count_agreements();
    return count >= AGREEMENTS_WANTED && count != DISTRUSTED;
}

/* A copy of a piece of the stack, within one page. */
struct piece {
    uintptr_t first;
    size_t bytes;
    uintptr_t words[PIECE_WORDS];
};

/* A word of the stack; false: there is none. */
static bool read_word(uintptr_t address, struct piece *piece, uintptr_t *word)
{
    uintptr_t page = ep__round_down(address, ep__vm_page_bytes());
    if (address - piece->first >= piece->bytes) {
        size_t left = page + ep__vm_page_bytes() - address;
        piece->first = address;
        piece->bytes = left < sizeof piece->words ? left : sizeof piece->words;
        if (!ep__vm_read((const void *)address, piece->words, piece->bytes))
            return false;
    }
    *word = piece->words[(address - piece->first) / sizeof *word];
    return true;
}

/* A record of the stack; false: it cannot be one. */
static bool read_record(uintptr_t address, struct piece *piece, struct frame_record *record)
{
    return address % sizeof(uintptr_t) == 0 && read_word(address, piece, &record->caller) &&
           read_word(address + sizeof(uintptr_t), piece, &record->pc) && record->pc != 0;
}

/* Where the program's frames begin. */
struct start {
    uintptr_t pc;     /* the first frame; 0: there is none */
    uintptr_t caller; /* the record of the function that it lies in */
};

/* Follows the records. */
static unsigned follow_records(uintptr_t *frames, unsigned most, struct start start)
{
    struct frame_record record = {start.caller, start.pc};
    struct piece piece = {.bytes = 0};
    unsigned count = 0;
    while (count < most && record.pc != 0) {
        uintptr_t at = record.caller;
        frames[count++] = record.pc;
        if (!read_record(at, &piece, &record))
            break;
        if (record.caller <= at || record.caller - at > FRAME_BYTES_MAX)
            record.caller = 0;
    }
    return count;
}

/* What goes through an unwinding. */
struct unwinding {
    const struct unwinder *unwinder;
    uintptr_t *frames;
    unsigned count;
    unsigned most;
    uintptr_t floor; /* the stack pointer of the anchor's caller */
    struct start start;
};

static _Unwind_Reason_Code visit_frame(struct _Unwind_Context *frame, void *argument)
{
    struct unwinding *unwinding = argument;
    const struct unwinder *unwinder = unwinding->unwinder;
    uintptr_t pc = unwinder->get_ip(frame);
    if (pc == 0)
        return _URC_END_OF_STACK;
    if (unwinder->get_cfa(frame) < unwinding->floor)
        return _URC_NO_REASON;
    if (unwinding->start.pc == 0) {
        if (ep__unwinder_is_own(unwinder, pc))
            return _URC_NO_REASON;
        unwinding->start = (struct start){pc, unwinder->get_register(frame, EP__FRAME_POINTER)};
    }
    if (unwinding->count == unwinding->most)
        return _URC_END_OF_STACK;
    unwinding->frames[unwinding->count++] = pc;
    return _URC_NO_REASON;
}

/* Unwinds `most` frames, which may be none, to find out where the program's begin. */
static unsigned unwind(uintptr_t *frames, unsigned most, const struct frame_record *anchor,
                       struct start *start)
{
    const struct unwinder *unwinder = ep__unwinder_get();
    struct unwinding unwinding = {unwinder, frames, 0, most, (uintptr_t)(anchor + 1), {0, 0}};
    (void)unwinder->backtrace(visit_frame, &unwinding);
    *start = unwinding.start;
    return unwinding.count;
}

static bool agree(const uintptr_t *frames, unsigned count, const uintptr_t *others,
                  unsigned other_count)
{
    unsigned wanted = count > START_FRAMES ? count - START_FRAMES : 0;
    if (other_count < wanted)
        return false;
    for (unsigned i = 0; i < wanted; i++) {
        if (frames[i] != others[i])
            return false;
    }
    return true;
}

/* Takes a stack both ways, and notes what that says about records.  The unwinder's is the result. */
static unsigned compare(uintptr_t *frames, unsigned most, const struct frame_record *anchor)
{
    uintptr_t others[EP__STACK_FRAMES_MAX];
    struct start start;
    unsigned count = unwind(frames, most, anchor, &start);
    unsigned other_count = follow_records(others, most, start);
    uint32_t seen = count_agreements();
    uint32_t next = agree(frames, count, others, other_count) ? seen + 1 : DISTRUSTED;
    if (count <= START_FRAMES || seen == DISTRUSTED)
        return count;
    /* order: relaxed -- a policy; a lost agreement comes again, and so does a difference */
    (void)ep__cas_strong_relaxed(&agreements, &seen, next);
    return count;
}

/* Follows records from the first frame that is the program's. */
static unsigned follow(uintptr_t *frames, unsigned most, const struct frame_record *anchor,
                       const struct unwinder *unwinder)
{
    struct start start = {anchor->pc, anchor->caller};
    if (ep__unwinder_is_own(unwinder, anchor->pc))
        (void)unwind(frames, 0, anchor, &start);
    return follow_records(frames, most, start);
}

static unsigned choose(uintptr_t *frames, unsigned most, const struct frame_record *anchor)
{
    const struct unwinder *unwinder = ep__unwinder_get();
    struct start start = {anchor->pc, anchor->caller};
    if (unwinder == NULL || unwinder->backtrace == NULL)
        return follow_records(frames, most, start);
    if (anchor->pc - unwinder->code_first < unwinder->code_limit - unwinder->code_first)
        return 0;
    uint32_t seen = count_agreements();
    if (seen == DISTRUSTED)
        return unwind(frames, most, anchor, &start);
    /* The frames' own bits decide which are compared again. */
    bool is_chosen = ((uintptr_t)anchor / sizeof *anchor + anchor->pc) % COMPARE_EVERY == 0;
    if (seen < AGREEMENTS_WANTED || is_chosen)
        return compare(frames, most, anchor);
    return follow(frames, most, anchor, unwinder);
}

EP__NOINLINE unsigned ep__stack_capture(uintptr_t *frames, unsigned most,
                                        const struct frame_record *anchor)
{
    if (is_busy)
        return 0;
    is_busy = true;
    unsigned count =
        choose(frames, most < EP__STACK_FRAMES_MAX ? most : EP__STACK_FRAMES_MAX, anchor);
    is_busy = false;
    return count;
}
