/* expect: exit 0 "" check:3 */
#include "death/checked.h"

int main(void)
{
    for (int i = 0; i < 3000; i++) {
        char *p = calloc(1, (size_t)(i * 7 % 5000));
        p = realloc(p, (size_t)(i * 11 % 9000) + 1);
        memset(p, i, (size_t)(i * 11 % 9000) + 1);
        free_it(p);
        if (posix_memalign((void **)&p, 64, (size_t)i) != 0)
            return 1;
        memset(p, i, (size_t)i);
        free_it(p);
    }
    return 0;
}
