/* expect: SIGABRT "^epmalloc: ep_epoch_exit\(\) without ep_epoch_enter\(\), called at 0x[0-9a-f]+\n$" */
#include <epmalloc/epmalloc.h>

int main(void)
{
    ep_epoch_enter();
    ep_epoch_exit();
    ep_epoch_exit();
    return 0;
}
