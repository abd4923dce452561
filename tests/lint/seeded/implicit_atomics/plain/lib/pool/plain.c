#include <stdatomic.h>

static _Atomic unsigned word = 1;

unsigned ep__plain(unsigned value)
{
    word = value;
    word++;
    return atomic_load_explicit(&word, memory_order_relaxed);
}
