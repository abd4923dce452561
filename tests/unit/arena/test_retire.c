/* Retirement and purge: lib/arena/retire.c, with a kernel that refuses and memory that is locked.
 * Length: above 400 lines, because what a range goes through is one story. */
#include "unit/alone.h"

#include <errno.h>
#include <sys/syscall.h>

#include "unit/interrupt.h"

#include "arena/arena.c"
#include "arena/arena_set.c"
#include "arena/retire.c"
#include "arena/usable_arenas.c"
#include "fake/vm_failing.h"
#include "unit/arenas.h"
#include "unit/memory.h"

static struct epoch_record own;
static struct epoch_record walker;

static void adopt_records(void)
{
    ep__epoch_adopt_record(&own, 1);
    ep__epoch_adopt_record(&walker, 1);
}

/* An arena all of whose slots are held and have been written to. */
static struct arena *make_written(void)
{
    struct arena *arena = make_arena();
    memset(ep__arena_base(arena), 1, EP__ARENA_BYTES);
    return arena;
}

static bool is_retired(struct arena *arena)
{
    return !is_in_use(arena) && free_word(arena) == 0 && is_member(arena, EP__SET_RETIRED);
}

static size_t resident_bytes(struct arena *arena)
{
    return ep__vm_resident_bytes(ep__arena_base(arena), EP__ARENA_BYTES);
}

static void the_first_wholly_free_arenas_are_kept(void)
{
    struct arena *arenas[4];
    keep_nothing();
    assert_true(ep__option_set(EP__OPTION_KEEP_EMPTY, 2));
    for (unsigned i = 0; i < 4; i++)
        arenas[i] = make_written();
    for (unsigned i = 0; i < 4; i++) {
        ep__arena_release(arenas[i], 0, EP__ARENA_SLOTS);
        assert_int_equal(is_retired(arenas[i]), i >= 2);
        check_arenas();
    }
    assert_int_equal(check_arenas().all_free, 2);
}

static void within_the_bound_nothing_is_retired(void)
{
    struct arena *arenas[4];
    keep_everything();
    for (unsigned i = 0; i < 4; i++)
        arenas[i] = make_written();
    for (unsigned i = 0; i < 4; i++)
        ep__arena_release(arenas[i], 0, EP__ARENA_SLOTS);
    assert_int_equal(check_arenas().all_free, 4);
    assert_int_equal(ep__retire_retained_bytes(), 4 * EP__ARENA_BYTES);
    assert_int_equal(resident_bytes(arenas[2]), EP__ARENA_BYTES);
}

/* Makes two wholly free arenas, of which the second is retired. */
static struct arena *make_retired(void)
{
    keep_nothing();
    struct arena *kept = make_written();
    struct arena *arena = make_written();
    ep__arena_release(kept, 0, EP__ARENA_SLOTS);
    ep__arena_release(arena, 0, EP__ARENA_SLOTS);
    assert_true(is_retired(arena));
    assert_true(ep__arena_acquire_at(kept, 0, EP__ARENA_SLOTS));
    return arena;
}

static void nobody_gets_a_slot_of_a_retired_arena(void)
{
    struct slots got;
    struct arena *arena = make_retired();
    assert_int_equal(bucket_of(arena), 0);
    assert_false(ep__arena_acquire(1, 1, &got));
    assert_false(ep__arena_acquire(16, 16, &got));
    assert_false(ep__arena_acquire_at(arena, 3, 1));
    assert_int_equal(ep__arena_take_free(arena, ~UINT64_C(0)), 0);
    check_arenas();
}

static void the_pages_of_a_retired_arena_go_back(void)
{
    struct arena *arena = make_retired();
    assert_int_equal(resident_bytes(arena), 0);
    assert_int_equal(dirty_word(arena), 0);
    assert_int_equal(ep__arena_base(arena)[5], 0);
}

static void a_retired_range_is_taken_again(void)
{
    struct slots got;
    struct arena *arena = make_retired();
    uint32_t begun = ep__arena_ids_begun(arena->window);
    assert_true(ep__arena_create(2, 1, &got));
    assert_ptr_equal(got.arena, arena);
    assert_int_equal(ep__arena_ids_begun(arena->window), begun);
    assert_false(is_member(arena, EP__SET_RETIRED));
    assert_true(got.is_zero);
    assert_true(is_all(ep__arena_slot_start(arena, got.first), 2 * EP__SLOT_BYTES, 0));
    check_arenas();
}

static void a_purged_slot_reads_as_zero(void)
{
    keep_everything();
    struct arena *arena = make_written();
    ep__arena_release(arena, 10, 3);
    keep_nothing();
    assert_int_equal(ep__retire_purge_all(NULL), 3 * EP__SLOT_BYTES);
    struct slots got;
    assert_true(ep__arena_acquire(3, 1, &got));
    assert_int_equal(got.first, 10);
    assert_true(got.is_zero);
    char *start = ep__arena_slot_start(arena, 10);
    assert_true(is_all(start, 3 * EP__SLOT_BYTES, 0));
    assert_true(is_all(start - 10 * EP__SLOT_BYTES, 10 * EP__SLOT_BYTES, 1));
    assert_true(is_all(start + 3 * EP__SLOT_BYTES, 51 * EP__SLOT_BYTES, 1));
    check_arenas();
}

static void only_free_slots_with_pages_are_purged(void)
{
    keep_everything();
    struct arena *arena = make_written();
    release_slots(arena, UINT64_C(0xc0ff00000000f00d));
    assert_int_equal(ep__retire_purge_all(NULL), 17 * EP__SLOT_BYTES);
    assert_int_equal(resident_bytes(arena), 47 * EP__SLOT_BYTES);
    assert_int_equal(ep__retire_retained_bytes(), 0);
    assert_int_equal(ep__retire_purge_all(NULL), 0);
    assert_int_equal(dirty_word(arena), ~UINT64_C(0xc0ff00000000f00d));
    check_arenas();
}

static void a_locked_page_stays_dirty(void)
{
    keep_everything();
    struct arena *arena = make_written();
    char *page = ep__arena_slot_start(arena, 3) + 3 * ep__vm_page_bytes();
    /* Not by mlock(), which sanitizers do nothing for. */
    assert_int_equal(syscall(SYS_mlock, page, 1), 0);
    release_slots(arena, 0x28);
    errno = EDOM;
    assert_int_equal(ep__retire_purge_all(NULL), EP__SLOT_BYTES);
    assert_int_equal(errno, EDOM);
    assert_int_equal(page[7], 1);
    assert_true(dirty_word(arena) >> 3 & 1U);
    assert_int_equal(ep__retire_retained_bytes(), EP__SLOT_BYTES);
    struct slots got;
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_int_equal(got.first, 3);
    assert_false(got.is_zero);
    assert_true(ep__arena_acquire(1, 1, &got));
    assert_int_equal(got.first, 5);
    assert_true(got.is_zero);
    check_arenas();
}

static void a_retired_page_that_was_locked_is_counted_again(void)
{
    keep_everything();
    struct arena *arena = make_written();
    assert_int_equal(syscall(SYS_mlock, ep__arena_base(arena), 1), 0);
    ep__arena_release(arena, 0, EP__ARENA_SLOTS);
    (void)ep__retire_purge_all(NULL);
    assert_true(is_retired(arena));
    assert_int_equal(check_arenas().dirty_free_slots, 0);
    struct slots got;
    assert_true(ep__arena_create(2, 1, &got));
    assert_ptr_equal(got.arena, arena);
    assert_true(check_arenas().dirty_free_slots >= 1);
    assert_true(ep__arena_acquire_at(arena, 0, 1));
    assert_int_equal(ep__arena_base(arena)[0], 1);
    check_arenas();
}

static void a_purge_that_the_kernel_refuses_gives_nothing_back(void)
{
    keep_everything();
    struct arena *arena = make_written();
    release_slots(arena, 0xff);
    vm_failing_plan(1, UINT64_MAX);
    assert_int_equal(ep__retire_purge_all(NULL), 0);
    assert_string_equal(vm_failing_last(), "purge");
    vm_failing_plan(0, 0);
    assert_int_equal(dirty_word(arena), ~UINT64_C(0));
    check_arenas();
    assert_int_equal(ep__retire_purge_all(NULL), 8 * EP__SLOT_BYTES);
}

static void what_exceeds_the_bound_is_purged_by_the_slow_paths_of_free(void)
{
    enum { ARENAS = 6 };
    struct arena *arenas[ARENAS];
    assert_true(ep__option_set(EP__OPTION_RETAIN, EP__ARENA_BYTES));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 0));
    assert_true(ep__option_set(EP__OPTION_PURGE_DELAY, 0));
    for (unsigned i = 0; i < ARENAS; i++)
        arenas[i] = make_written();
    for (unsigned slot = 0; slot < EP__ARENA_SLOTS / 2; slot++)
        for (unsigned i = 0; i < ARENAS; i++) {
            ep__arena_release(arenas[i], slot, 1);
            ep__retire_purge_excess();
            assert_true(ep__retire_retained_bytes() <= ep__retire_bound_bytes());
        }
    assert_int_equal(ep__retire_bound_bytes(), EP__ARENA_BYTES);
    check_arenas();
}

static void the_bound_is_the_larger_of_floor_and_share(void)
{
    struct arena *arena = make_written();
    assert_int_equal(check_arenas().used_slots, 64);
    assert_true(ep__option_set(EP__OPTION_RETAIN, 3 << 20));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 50));
    assert_int_equal(ep__retire_bound_bytes(), 3 << 20);
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 100));
    assert_in_range(ep__retire_bound_bytes(), (4 << 20) - 100, 4 << 20);
    ep__arena_release(arena, 0, 32);
    assert_int_equal(ep__retire_bound_bytes(), 3 << 20);
    assert_int_equal(ep__retire_retained_bytes(), 2 << 20);
}

static void release_and_purge(struct arena *arena, unsigned first, unsigned count)
{
    ep__arena_release(arena, first, count);
    ep__retire_purge_excess();
}

static void within_the_delay_nothing_is_purged_but_what_is_far_too_much(void)
{
    struct arena *arena = make_written();
    struct arena *other = make_written();
    assert_true(ep__option_set(EP__OPTION_RETAIN, 16 * EP__SLOT_BYTES));
    assert_true(ep__option_set(EP__OPTION_RETAIN_PERCENT, 0));
    assert_true(ep__option_set(EP__OPTION_PURGE_DELAY, 86400000));
    for (unsigned slot = 0; slot < 32; slot += 8)
        release_and_purge(arena, slot, 8);
    assert_int_equal(ep__retire_retained_bytes(), 32 * EP__SLOT_BYTES);
    for (unsigned slot = 0; slot < 60; slot += 4)
        release_and_purge(other, slot, 4);
    assert_true(ep__retire_retained_bytes() < 92 * EP__SLOT_BYTES);
    check_arenas();
}

static void purging_all_retires_every_wholly_free_arena(void)
{
    struct arena *arenas[3];
    keep_everything();
    for (unsigned i = 0; i < 3; i++)
        arenas[i] = make_written();
    for (unsigned i = 0; i < 3; i++)
        ep__arena_release(arenas[i], 0, i < 2 ? EP__ARENA_SLOTS : EP__ARENA_SLOTS - 1);
    assert_int_equal(ep__retire_purge_all(NULL), 191 * EP__SLOT_BYTES);
    assert_true(is_retired(arenas[0]));
    assert_true(is_retired(arenas[1]));
    assert_false(is_retired(arenas[2]));
    assert_int_equal(check_arenas().in_use, 1);
}

/* Polls are what ends a grace period. */
static void poll_often(void)
{
    for (unsigned i = 0; i < 8; i++)
        ep__epoch_poll(&own);
}

static void after_a_grace_period_the_commit_charge_goes_back(void)
{
    struct slots got;
    adopt_records();
    struct arena *arena = make_retired();
    assert_int_equal(page_rights(ep__arena_base(arena)), CAN_READ + CAN_WRITE);
    ep__retire_purge_all(&own);
    poll_often();
    assert_int_equal(page_rights(ep__arena_base(arena)), NO_ACCESS);
    assert_false(arena->is_committed);
    check_arenas();
    assert_true(ep__arena_create(1, 1, &got));
    assert_ptr_equal(got.arena, arena);
    assert_int_equal(page_rights(ep__arena_base(arena)), CAN_READ + CAN_WRITE);
    assert_true(got.is_zero);
    memset(ep__arena_base(arena), 1, EP__ARENA_BYTES);
    check_arenas();
}

static void a_walker_keeps_a_retired_range_readable(void)
{
    adopt_records();
    struct arena *arena = make_retired();
    ep__epoch_enter(&walker);
    for (unsigned i = 0; i < 4; i++) {
        ep__retire_purge_all(&own);
        poll_often();
    }
    assert_int_equal(page_rights(ep__arena_base(arena)), CAN_READ + CAN_WRITE);
    ep__epoch_exit(&walker);
    poll_often();
    assert_int_equal(page_rights(ep__arena_base(arena)), NO_ACCESS);
    check_arenas();
}

static void a_section_that_never_ends_uses_no_addresses_up(void)
{
    adopt_records();
    struct arena *arena = make_retired();
    uint32_t begun = ep__arena_ids_begun(arena->window);
    ep__epoch_enter(&walker);
    for (unsigned i = 0; i < 50; i++) {
        struct slots got;
        assert_true(ep__arena_create(16, 64, &got));
        ep__arena_release(got.arena, got.first, 16);
        ep__retire_purge_all(&own);
        poll_often();
    }
    assert_int_equal(ep__arena_ids_begun(arena->window), begun);
    ep__epoch_exit(&walker);
    /* What was retired again since it was filed waits for the next request. */
    poll_often();
    ep__retire_purge_all(&own);
    poll_often();
    assert_int_equal(page_rights(ep__arena_base(arena)), NO_ACCESS);
    check_arenas();
}

/* Who takes a range while its charge waits for a grace period keeps it. */
static void a_range_taken_again_in_time_keeps_its_charge(void)
{
    struct slots got;
    adopt_records();
    struct arena *arena = make_retired();
    ep__epoch_enter(&walker);
    ep__retire_purge_all(&own);
    assert_true(ep__arena_create(16, 64, &got));
    assert_ptr_equal(got.arena, arena);
    memset(ep__arena_base(arena), 1, EP__ARENA_BYTES);
    ep__epoch_exit(&walker);
    poll_often();
    assert_int_equal(page_rights(ep__arena_base(arena)), CAN_READ + CAN_WRITE);
    assert_true(is_all(ep__arena_base(arena), EP__ARENA_BYTES, 1));
    check_arenas();
}

/* The grace period of the first retirement ends while somebody looks who came before the second. */
static void a_range_that_is_retired_anew_waits_anew(void)
{
    static struct epoch_record late;
    struct slots got;
    adopt_records();
    ep__epoch_adopt_record(&late, 1);
    struct arena *arena = make_retired();
    ep__epoch_enter(&walker);
    ep__retire_purge_all(&own);
    ep__epoch_exit(&walker);
    assert_true(ep__arena_create(16, 64, &got));
    assert_ptr_equal(got.arena, arena);
    ep__epoch_enter(&late);
    ep__arena_release(arena, got.first, 16);
    ep__retire_purge_all(NULL);
    assert_true(is_retired(arena));
    poll_often();
    assert_int_equal(page_rights(ep__arena_base(arena)), CAN_READ + CAN_WRITE);
    ep__epoch_exit(&late);
    ep__retire_purge_all(&own);
    poll_often();
    assert_int_equal(page_rights(ep__arena_base(arena)), NO_ACCESS);
    check_arenas();
}

static void a_range_whose_charge_stays_is_taken_again_all_the_same(void)
{
    struct slots got;
    adopt_records();
    struct arena *arena = make_retired();
    vm_failing_plan(1, UINT64_MAX);
    ep__retire_purge_all(&own);
    poll_often();
    assert_string_equal(vm_failing_last(), "decommit");
    vm_failing_plan(0, 0);
    assert_true(is_retired(arena));
    assert_true(ep__arena_create(1, 1, &got));
    assert_ptr_equal(got.arena, arena);
    memset(ep__arena_base(arena), 1, EP__ARENA_BYTES);
    check_arenas();
}

static void a_range_that_is_refused_its_charge_stays_retired(void)
{
    struct slots got;
    adopt_records();
    struct arena *arena = make_retired();
    ep__retire_purge_all(&own);
    poll_often();
    vm_failing_plan(1, 1);
    assert_false(ep__arena_create(1, 1, &got));
    assert_string_equal(vm_failing_last(), "commit");
    assert_true(is_retired(arena));
    check_arenas();
    assert_true(ep__arena_create(1, 1, &got));
    assert_ptr_equal(got.arena, arena);
}

static void cached_huge_mappings_count_and_go(void)
{
    bool is_zero;
    keep_everything();
    size_t bytes = (size_t)5 << 20;
    void *p = ep__huge_alloc(bytes, 1, &is_zero);
    assert_non_null(p);
    assert_true(ep__huge_free(p, NULL));
    assert_int_equal(ep__retire_retained_bytes(), bytes);
    assert_int_equal(ep__retire_purge_all(NULL), bytes);
    assert_int_equal(ep__retire_retained_bytes(), 0);
    assert_in_range(ep__vm_resident_bytes(p, bytes), 0, ep__vm_page_bytes());
}

static void arenas_have_the_huge_pages_that_the_option_says(void)
{
    static const uint64_t choices[] = {EP__THP_DEFAULT, EP__THP_NEVER, EP__THP_ALWAYS};
    bool is_known = access("/sys/kernel/mm/transparent_hugepage", F_OK) == 0;
    for (unsigned i = 0; i < 3; i++) {
        assert_true(ep__option_set(EP__OPTION_THP, choices[i]));
        char *base = ep__arena_base(make_written());
        assert_int_equal(has_vm_flag(base, " nh"), is_known && choices[i] == EP__THP_NEVER);
        assert_int_equal(has_vm_flag(base, " hg"), is_known && choices[i] == EP__THP_ALWAYS);
    }
    check_arenas();
}

enum { WRITTEN_BYTES = 256 };

static struct arena *shared;
static struct slots held;
static bool is_gone_again;

static void let_go_of_held(void)
{
    if (held.arena != NULL && !is_gone_again)
        ep__arena_release(held.arena, held.first, held.count);
    memset(&held, 0, sizeof held);
    is_gone_again = false;
    keep_everything();
}

/* Writes to slots that nobody has, as their next owner, and gives them back. */
static void use_and_release(struct arena *arena, unsigned count)
{
    for (unsigned slot = 0; slot < count; slot++) {
        assert_true(ep__arena_acquire_at(arena, slot, 1));
        ep__arena_slot_start(arena, slot)[0] = 1;
    }
    for (unsigned slot = 0; slot < count; slot++)
        ep__arena_release(arena, slot, 1);
}

/* One arena, of which the lower slots are free and have pages. */
static void begin_partly_free(void)
{
    let_go_of_held();
    if (shared == NULL) {
        shared = make_arena();
        ep__arena_release(shared, 0, 8);
    }
    use_and_release(shared, 8);
}

/* One that is wholly free, so that a purge retires it. */
static void begin_all_free(void)
{
    adopt_records();
    let_go_of_held();
    (void)ep__retire_purge_all(NULL);
    shared = make_arena();
    ep__arena_release(shared, 0, EP__ARENA_SLOTS);
    use_and_release(shared, 8);
}

/* One that is retired, its charge not given back. */
static void begin_retired(void)
{
    begin_all_free();
    (void)ep__retire_purge_all(NULL);
    assert_true(is_retired(shared));
}

/* Its charge waits for a grace period that is over. */
static void begin_filed(void)
{
    begin_retired();
    ep__epoch_enter(&walker);
    (void)ep__retire_purge_all(&own);
    ep__epoch_exit(&walker);
    assert_true(ep__load_relaxed(&shared->is_filed));
}

static void purge(void)
{
    (void)ep__retire_purge_all(NULL);
}

static void purge_and_file(void)
{
    (void)ep__retire_purge_all(&own);
}

static void take_and_write(void)
{
    if (!ep__arena_acquire(1, 1, &held))
        assert_true(ep__arena_create(1, 1, &held));
    char *start = ep__arena_slot_start(held.arena, held.first);
    assert_true(!held.is_zero || is_all(start, WRITTEN_BYTES, 0));
    ep__arena_mark_touched(held.arena, held.first, WRITTEN_BYTES);
    memset(start, 2, WRITTEN_BYTES);
}

static void give_back(void)
{
    if (held.arena == NULL || is_gone_again)
        return;
    assert_int_equal(ep__arena_slot_start(held.arena, held.first)[5], 2);
    ep__arena_release(held.arena, held.first, held.count);
    is_gone_again = true;
}

/* Nobody's memory has gone, and the numbers add up. */
static void check_held(void)
{
    if (!is_gone_again)
        assert_true(is_all(ep__arena_slot_start(held.arena, held.first), WRITTEN_BYTES, 2));
    poll_often();
    if (!is_gone_again)
        assert_true(is_all(ep__arena_slot_start(held.arena, held.first), WRITTEN_BYTES, 2));
    check_counts_of_arenas();
}

static void a_purge_takes_no_page_of_a_slot_in_use(void)
{
    play(&(struct scene){begin_partly_free, purge, take_and_write, NULL, check_held});
    play(&(struct scene){begin_partly_free, take_and_write, purge, NULL, check_held});
    play(&(struct scene){begin_partly_free, purge, take_and_write, give_back, check_held});
    play(&(struct scene){begin_partly_free, take_and_write, purge, purge, check_held});
}

static void a_retirement_takes_no_page_of_a_slot_in_use(void)
{
    play(&(struct scene){begin_all_free, purge, take_and_write, NULL, check_held});
    play(&(struct scene){begin_all_free, take_and_write, purge, NULL, check_held});
    play(&(struct scene){begin_all_free, purge, take_and_write, give_back, check_held});
    play(&(struct scene){begin_all_free, purge_and_file, purge_and_file, take_and_write,
                         check_held});
}

static void who_takes_a_range_again_has_its_memory(void)
{
    play(&(struct scene){begin_retired, purge_and_file, take_and_write, poll_often, check_held});
    play(&(struct scene){begin_retired, take_and_write, purge_and_file, poll_often, check_held});
    play(&(struct scene){begin_retired, purge_and_file, take_and_write, give_back, check_held});
    play(&(struct scene){begin_filed, poll_often, take_and_write, NULL, check_held});
    play(&(struct scene){begin_filed, take_and_write, poll_often, purge_and_file, check_held});
    play(&(struct scene){begin_filed, poll_often, take_and_write, give_back, check_held});
    play(&(struct scene){begin_filed, poll_often, purge_and_file, take_and_write, check_held});
}

static struct slots made;

static void make_one(void)
{
    assert_true(ep__arena_create(1, 1, &held));
    ep__arena_mark_touched(held.arena, held.first, WRITTEN_BYTES);
    memset(ep__arena_slot_start(held.arena, held.first), 2, WRITTEN_BYTES);
}

static void make_another(void)
{
    assert_true(ep__arena_create(1, 1, &made));
}

static void check_apart(void)
{
    assert_ptr_not_equal(made.arena, held.arena);
    ep__arena_release(made.arena, made.first, made.count);
    check_held();
}

static void a_range_is_taken_again_once(void)
{
    play(&(struct scene){begin_retired, make_one, make_another, NULL, check_apart});
    play(&(struct scene){begin_retired, make_another, make_one, purge_and_file, check_apart});
    play(&(struct scene){begin_filed, make_one, make_another, poll_often, check_apart});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_first_wholly_free_arenas_are_kept),
        alone(within_the_bound_nothing_is_retired),
        alone(nobody_gets_a_slot_of_a_retired_arena),
        alone(the_pages_of_a_retired_arena_go_back),
        alone(a_retired_range_is_taken_again),
        alone(a_purged_slot_reads_as_zero),
        alone(only_free_slots_with_pages_are_purged),
        alone(a_locked_page_stays_dirty),
        alone(a_retired_page_that_was_locked_is_counted_again),
        alone(a_purge_that_the_kernel_refuses_gives_nothing_back),
        alone(what_exceeds_the_bound_is_purged_by_the_slow_paths_of_free),
        alone(the_bound_is_the_larger_of_floor_and_share),
        alone(within_the_delay_nothing_is_purged_but_what_is_far_too_much),
        alone(purging_all_retires_every_wholly_free_arena),
        alone(after_a_grace_period_the_commit_charge_goes_back),
        alone(a_walker_keeps_a_retired_range_readable),
        alone(a_section_that_never_ends_uses_no_addresses_up),
        alone(a_range_taken_again_in_time_keeps_its_charge),
        alone(a_range_that_is_retired_anew_waits_anew),
        alone(a_range_whose_charge_stays_is_taken_again_all_the_same),
        alone(a_range_that_is_refused_its_charge_stays_retired),
        alone(cached_huge_mappings_count_and_go),
        alone(a_purge_takes_no_page_of_a_slot_in_use),
        alone(a_retirement_takes_no_page_of_a_slot_in_use),
        alone(who_takes_a_range_again_has_its_memory),
        alone(a_range_is_taken_again_once),
        alone(arenas_have_the_huge_pages_that_the_option_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
