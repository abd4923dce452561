/* expect: SIGABRT "^epmalloc: operator new of 9223372036854775807 bytes: no memory, and no C\+\+ runtime to throw std::bad_alloc\n$" */
#include <stddef.h>
#include <stdint.h>

void *_Znwm(size_t size);
void *_ZnwmRKSt9nothrow_t(size_t size, const void *tag);

int main(void)
{
    volatile size_t size = PTRDIFF_MAX;
    if (_ZnwmRKSt9nothrow_t(size, NULL) != NULL)
        return 1;
    return _Znwm(size) == NULL;
}
