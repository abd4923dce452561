// Uses epmalloc through C++'s operators and containers; ends with 0 when they are its blocks.
#include <epmalloc/epmalloc.h>
#include <memory>
#include <new>
#include <string>
#include <vector>

struct alignas(256) aligned_block {
    char bytes[256];
};

int main()
{
    std::vector<std::string> words(1000, std::string(100, 'x'));
    auto aligned = std::make_unique<aligned_block>();
    if (!ep_owns(words.data()) || !ep_owns(words[999].data()) || !ep_owns(aligned.get()))
        return 1;
    try {
        delete[] new char[PTRDIFF_MAX - 100];
    } catch (const std::bad_alloc &) {
        return 0;
    }
    return 2;
}
