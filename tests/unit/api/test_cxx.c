/* C++'s operators: lib/api/cxx.c, compiled into this program with a C++ runtime of the test's making, and
 * under other names, because valgrind takes a function called like an operator for the C++ library's.
 * tests/api/cxx_operators.cpp tests them with the real one. */
#include "unit/alone.h"

#include <epmalloc/epmalloc.h>

#define _Znwm ours_Znwm
#define _Znam ours_Znam
#define _ZnwmSt11align_val_t ours_ZnwmSt11align_val_t
#define _ZnamSt11align_val_t ours_ZnamSt11align_val_t
#define _ZnwmRKSt9nothrow_t ours_ZnwmRKSt9nothrow_t
#define _ZnamRKSt9nothrow_t ours_ZnamRKSt9nothrow_t
#define _ZnwmSt11align_val_tRKSt9nothrow_t ours_ZnwmSt11align_val_tRKSt9nothrow_t
#define _ZnamSt11align_val_tRKSt9nothrow_t ours_ZnamSt11align_val_tRKSt9nothrow_t
#define _ZdlPv ours_ZdlPv
#define _ZdaPv ours_ZdaPv
#define _ZdlPvm ours_ZdlPvm
#define _ZdaPvm ours_ZdaPvm
#define _ZdlPvSt11align_val_t ours_ZdlPvSt11align_val_t
#define _ZdaPvSt11align_val_t ours_ZdaPvSt11align_val_t
#define _ZdlPvmSt11align_val_t ours_ZdlPvmSt11align_val_t
#define _ZdaPvmSt11align_val_t ours_ZdaPvmSt11align_val_t
#define _ZdlPvRKSt9nothrow_t ours_ZdlPvRKSt9nothrow_t
#define _ZdaPvRKSt9nothrow_t ours_ZdaPvRKSt9nothrow_t
#define _ZdlPvSt11align_val_tRKSt9nothrow_t ours_ZdlPvSt11align_val_tRKSt9nothrow_t
#define _ZdaPvSt11align_val_tRKSt9nothrow_t ours_ZdaPvSt11align_val_tRKSt9nothrow_t

#include "../../../lib/api/cxx.c"

static jmp_buf thrown;
static unsigned handler_calls;
static ep__new_handler *handler;

ep__new_handler *_ZSt15get_new_handlerv(void)
{
    return handler;
}

void _ZSt17__throw_bad_allocv(void)
{
    longjmp(thrown, 1);
}

/* Nothing is thrown in C, so nothing has to be caught. */
void *ep__cxx_retry_nothrow(size_t size, size_t alignment)
{
    return ep__cxx_retry(size, alignment);
}

static volatile size_t impossible = PTRDIFF_MAX;

static void give_up_at_the_third_call(void)
{
    if (++handler_calls == 3)
        handler = NULL;
}

static void make_possible(void)
{
    handler_calls++;
    impossible = 100;
}

static void the_forms_give_blocks_and_take_them(void)
{
    struct ep_stats account;
    void *blocks[] = {_Znwm(100),
                      _Znam(100),
                      _ZnwmRKSt9nothrow_t(100, NULL),
                      _ZnamRKSt9nothrow_t(100, NULL),
                      _ZnwmSt11align_val_t(100, 128),
                      _ZnamSt11align_val_t(100, 128),
                      _ZnwmSt11align_val_tRKSt9nothrow_t(100, 128, NULL),
                      _ZnamSt11align_val_tRKSt9nothrow_t(100, 128, NULL)};
    for (unsigned i = 0; i < 8; i++) {
        assert_true(ep_owns(blocks[i]));
        assert_int_equal((uintptr_t)blocks[i] % (i < 4 ? 16 : 128), 0);
    }
    _ZdlPv(blocks[0]);
    _ZdaPv(blocks[1]);
    _ZdlPvRKSt9nothrow_t(blocks[2], NULL);
    _ZdaPvRKSt9nothrow_t(blocks[3], NULL);
    _ZdlPvSt11align_val_t(blocks[4], 128);
    _ZdaPvSt11align_val_t(blocks[5], 128);
    _ZdlPvSt11align_val_tRKSt9nothrow_t(blocks[6], 128, NULL);
    _ZdaPvSt11align_val_tRKSt9nothrow_t(blocks[7], 128, NULL);
    _ZdlPvm(_Znwm(1), 1);
    _ZdaPvm(_Znam(1), 1);
    _ZdlPvmSt11align_val_t(_ZnwmSt11align_val_t(1, 64), 1, 64);
    _ZdaPvmSt11align_val_t(_ZnamSt11align_val_t(1, 64), 1, 64);
    assert_int_equal(ep_stats(&account, sizeof account), 0);
    assert_int_equal(account.blocks_in_use, 0);
}

/* Calls one of the forms that throw; NULL: it threw. */
static void *call_throwing(unsigned form, size_t size)
{
    if (setjmp(thrown) != 0)
        return NULL;
    switch (form) {
    case 0:
        return _Znwm(size);
    case 1:
        return _Znam(size);
    case 2:
        return _ZnwmSt11align_val_t(size, 256);
    default:
        return _ZnamSt11align_val_t(size, 256);
    }
}

static void *call_nothrow(unsigned form, size_t size)
{
    switch (form) {
    case 0:
        return _ZnwmRKSt9nothrow_t(size, NULL);
    case 1:
        return _ZnamRKSt9nothrow_t(size, NULL);
    case 2:
        return _ZnwmSt11align_val_tRKSt9nothrow_t(size, 256, NULL);
    default:
        return _ZnamSt11align_val_tRKSt9nothrow_t(size, 256, NULL);
    }
}

static void without_a_handler_the_forms_throw_or_return_null(void)
{
    for (unsigned form = 0; form < 4; form++) {
        assert_null(call_throwing(form, impossible));
        assert_null(call_nothrow(form, impossible));
    }
}

static void the_handler_is_called_until_it_is_gone(void)
{
    for (unsigned form = 0; form < 8; form++) {
        handler = give_up_at_the_third_call;
        handler_calls = 0;
        assert_null(form < 4 ? call_throwing(form, impossible)
                             : call_nothrow(form - 4, impossible));
        assert_int_equal(handler_calls, 3);
    }
}

static void what_the_handler_frees_is_used(void)
{
    handler = make_possible;
    void *p = ep__cxx_retry(100, 64);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % 64, 0);
    assert_int_equal(handler_calls, 1);
}

static void an_alignment_that_is_none_is_rounded_up_or_fails(void)
{
    assert_int_equal((uintptr_t)_ZnwmSt11align_val_t(10, 48) % 64, 0);
    assert_null(call_nothrow(2, SIZE_MAX));
    assert_null(_ZnwmSt11align_val_tRKSt9nothrow_t(10, SIZE_MAX, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_forms_give_blocks_and_take_them),
        alone(without_a_handler_the_forms_throw_or_return_null),
        alone(the_handler_is_called_until_it_is_gone),
        alone(what_the_handler_frees_is_used),
        alone(an_alignment_that_is_none_is_rounded_up_or_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
