#include <stdatomic.h>
#define ep__load_relaxed(obj) atomic_load_explicit((obj), memory_order_relaxed)
