// C++'s operators new and delete, all of them, on epmalloc.
#include <epmalloc/epmalloc.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

static unsigned failures;

static void expect(bool holds, const char *what)
{
    if (holds)
        return;
    failures++;
    std::printf("not so: %s\n", what);
}

static volatile std::size_t impossible = PTRDIFF_MAX - 100000;
static const std::align_val_t wide{256};

static bool is_block(void *p, std::size_t alignment)
{
    return p != nullptr && ep_owns(p) && reinterpret_cast<std::uintptr_t>(p) % alignment == 0 &&
           ep_usable_size(p) >= 100 && std::memset(p, 1, 100) != nullptr;
}

static void check_plain_forms()
{
    void *p = ::operator new(100);
    expect(is_block(p, 16), "operator new");
    ::operator delete(p);
    p = ::operator new[](100);
    expect(is_block(p, 16), "operator new[]");
    ::operator delete[](p);
    p = ::operator new(100, std::nothrow);
    expect(is_block(p, 16), "operator new, nothrow");
    ::operator delete(p, std::nothrow);
    p = ::operator new[](100, std::nothrow);
    expect(is_block(p, 16), "operator new[], nothrow");
    ::operator delete[](p, std::nothrow);
    p = ::operator new(100);
    ::operator delete (p, std::size_t{100});
    p = ::operator new[](100);
    ::operator delete[](p, std::size_t{100});
}

static void check_aligned_forms()
{
    void *p = ::operator new(100, wide);
    expect(is_block(p, 256), "operator new, aligned");
    ::operator delete(p, wide);
    p = ::operator new[](100, wide);
    expect(is_block(p, 256), "operator new[], aligned");
    ::operator delete[](p, wide);
    p = ::operator new(100, wide, std::nothrow);
    expect(is_block(p, 256), "operator new, aligned nothrow");
    ::operator delete(p, wide, std::nothrow);
    p = ::operator new[](100, wide, std::nothrow);
    expect(is_block(p, 256), "operator new[], aligned nothrow");
    ::operator delete[](p, wide, std::nothrow);
    p = ::operator new(100, wide);
    ::operator delete (p, std::size_t{100}, wide);
    p = ::operator new[](100, wide);
    ::operator delete[](p, std::size_t{100}, wide);
}

static void check_every_alignment()
{
    for (unsigned log2 = 0; log2 <= 22; log2++) {
        std::align_val_t alignment{std::size_t{1} << log2};
        void *p = ::operator new(100, alignment);
        expect(is_block(p, std::size_t{1} << log2), "every power of two");
        ::operator delete(p, alignment);
    }
}

static void check_null_and_zero()
{
    void *none = nullptr;
    ::operator delete(none);
    ::operator delete[](none);
    ::operator delete (none, std::size_t{8});
    ::operator delete(none, wide);
    ::operator delete[](none, std::nothrow);
    void *first = ::operator new(0);
    void *second = ::operator new(0);
    expect(first != nullptr && second != nullptr && first != second, "new of size 0");
    ::operator delete(first);
    ::operator delete(second);
}

template <typename Call> static bool throws_bad_alloc(Call call)
{
    try {
        call();
    } catch (const std::bad_alloc &) {
        return true;
    }
    return false;
}

static void check_no_memory()
{
    expect(throws_bad_alloc([] { ::operator delete(::operator new(impossible)); }), "new throws");
    expect(throws_bad_alloc([] { ::operator delete[](::operator new[](impossible)); }),
           "new[] throws");
    expect(throws_bad_alloc([] { ::operator delete(::operator new(impossible, wide), wide); }),
           "aligned new throws");
    expect(throws_bad_alloc([] { ::operator delete[](::operator new[](impossible, wide), wide); }),
           "aligned new[] throws");
    expect(throws_bad_alloc([] { std::vector<char> bytes(std::size_t{1} << 62); }),
           "a vector throws");
    expect(::operator new(impossible, std::nothrow) == nullptr, "nothrow new");
    expect(::operator new[](impossible, std::nothrow) == nullptr, "nothrow new[]");
    expect(::operator new(impossible, wide, std::nothrow) == nullptr, "aligned nothrow new");
    expect(::operator new[](impossible, wide, std::nothrow) == nullptr, "aligned nothrow new[]");
}

static unsigned handler_calls;

static void handle_thrice()
{
    if (++handler_calls == 3)
        std::set_new_handler(nullptr);
}

static void handle_by_bad_alloc()
{
    handler_calls++;
    throw std::bad_alloc();
}

static void handle_by_something_else()
{
    handler_calls++;
    throw std::runtime_error("from the handler");
}

static void check_handler_that_gives_up()
{
    std::set_new_handler(handle_thrice);
    handler_calls = 0;
    expect(throws_bad_alloc([] { ::operator delete(::operator new(impossible)); }),
           "new throws when the handler is gone");
    expect(handler_calls == 3, "new calls the handler until it is gone");
    std::set_new_handler(handle_thrice);
    handler_calls = 0;
    expect(::operator new(impossible, std::nothrow) == nullptr, "nothrow new with a handler");
    expect(handler_calls == 3, "nothrow new calls the handler until it is gone");
}

static void check_handler_that_throws()
{
    handler_calls = 0;
    std::set_new_handler(handle_by_bad_alloc);
    expect(throws_bad_alloc([] { ::operator delete(::operator new(impossible)); }),
           "the handler's exception comes through");
    expect(::operator new(impossible, std::nothrow) == nullptr,
           "nothrow new swallows the handler's exception");
    std::set_new_handler(handle_by_something_else);
    bool is_other = false;
    try {
        ::operator delete(::operator new(impossible, wide), wide);
    } catch (const std::runtime_error &) {
        is_other = true;
    }
    expect(is_other, "another exception of the handler comes through");
    expect(::operator new[](impossible, wide, std::nothrow) == nullptr,
           "aligned nothrow new[] swallows it");
    expect(handler_calls == 4, "each failure calls the handler");
    expect(std::uncaught_exceptions() == 0, "no exception is left over");
    std::set_new_handler(nullptr);
}

static void check_containers()
{
    std::vector<std::string> strings;
    for (int i = 0; i < 10000; i++)
        strings.emplace_back(static_cast<std::size_t>(i % 300), 'x');
    expect(ep_owns(strings.data()), "a vector's elements are a block");
    for (int i = 0; i < 10000; i++)
        expect(strings[static_cast<std::size_t>(i)].size() == static_cast<std::size_t>(i % 300),
               "strings keep their length");
}

int main()
{
    check_plain_forms();
    check_aligned_forms();
    check_every_alignment();
    check_null_and_zero();
    check_no_memory();
    check_handler_that_gives_up();
    check_handler_that_throws();
    check_containers();
    return failures == 0 ? 0 : 1;
}
