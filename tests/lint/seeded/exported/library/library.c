#include <math.h>

__thread int state __attribute__((tls_model("initial-exec")));

double ep__pool_adopt(double value);
double ep__pool_adopt(double value)
{
    state++;
    return cos(value);
}

void *ep_malloc(unsigned long size);
extern void *ep__left_open(unsigned long size);
void *ep_malloc(unsigned long size)
{
    return ep__left_open(size);
}
