#include <epmalloc/epmalloc.h>
