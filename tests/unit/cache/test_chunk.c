/* Chunks: lib/cache/chunk.c. */
#include "unit/alone.h"

#include "cache/chunk.h"
#include "fake/vm_failing.h"
#include "sys/vm.h"
#include "unit/thread.h"

enum { CHUNKS = 300 };

static struct chunk *chunks[CHUNKS];

static void take_all(void)
{
    for (unsigned i = 0; i < CHUNKS; i++) {
        chunks[i] = ep__chunk_take();
        assert_non_null(chunks[i]);
        memset(chunks[i]->links, 0xff, sizeof chunks[i]->links);
        memset(chunks[i]->blocks, 0xff, sizeof chunks[i]->blocks);
        for (unsigned j = 0; j < i; j++)
            assert_ptr_not_equal(chunks[i], chunks[j]);
    }
}

static void a_chunk_that_is_taken_is_nobody_elses(void)
{
    take_all();
    assert_int_equal(ep__chunk_metadata_bytes(), (CHUNKS + 63) / 64 * 64 * EP__CHUNK_BYTES);
}

static void a_chunk_is_empty_also_when_it_was_not(void)
{
    struct chunk *chunk = ep__chunk_take();
    uint32_t id = chunk->id;
    memset(chunk, 0xff, sizeof *chunk);
    chunk->id = id;
    ep__chunk_give_back(chunk);
    assert_ptr_equal(ep__chunk_take(), chunk);
    assert_null(chunk->next);
    assert_int_equal(chunk->bytes + chunk->count + chunk->left + chunk->bucket, 0);
    for (unsigned i = 0; i < EP__CHUNK_BUCKETS; i++)
        assert_int_equal(chunk->heads[i], 0);
}

static void what_is_given_back_is_taken_first(void)
{
    take_all();
    struct chunk *last = chunks[CHUNKS - 1];
    struct chunk *first = chunks[10];
    ep__chunk_give_back(last);
    ep__chunk_give_back(first);
    assert_ptr_equal(ep__chunk_take(), first);
    assert_ptr_equal(ep__chunk_take(), last);
    assert_int_equal(ep__chunk_metadata_bytes(), (CHUNKS + 63) / 64 * 64 * EP__CHUNK_BYTES);
}

static void a_chunk_after_the_first_mib_gives_its_page_back(void)
{
    take_all();
    size_t page = ep__vm_page_bytes();
    ep__chunk_give_back(chunks[CHUNKS - 1]);
    ep__chunk_give_back(chunks[0]);
    if (page == EP__CHUNK_BYTES)
        assert_int_equal(ep__vm_resident_bytes(chunks[CHUNKS - 1], page), 0);
    assert_int_equal(ep__vm_resident_bytes(chunks[0], page), page);
}

static void without_memory_there_is_none_and_nothing_is_lost(void)
{
    vm_failing_plan(1, 1);
    assert_null(ep__chunk_take());
    vm_failing_plan(0, 0);
    struct chunk *chunk = ep__chunk_take();
    assert_int_equal(chunk->id, 0);
}

static void take_one(void *chunk)
{
    *(struct chunk **)chunk = ep__chunk_take();
}

static void give_one_back(void *chunk)
{
    ep__chunk_give_back(*(struct chunk **)chunk);
}

static void any_thread_gives_back_what_another_took(void)
{
    struct chunk *chunk;
    on_thread(take_one, &chunk);
    on_thread(give_one_back, &chunk);
    assert_ptr_equal(ep__chunk_take(), chunk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(a_chunk_that_is_taken_is_nobody_elses),
        alone(a_chunk_is_empty_also_when_it_was_not),
        alone(what_is_given_back_is_taken_first),
        alone(a_chunk_after_the_first_mib_gives_its_page_back),
        alone(without_memory_there_is_none_and_nothing_is_lost),
        alone(any_thread_gives_back_what_another_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
