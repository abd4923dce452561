/*
 * one_malloc: what one malloc costs a process in memory.
 *
 * Allocates one block of 100 bytes, writes it, and prints `rss_kib=N`, its own Rss of
 * /proc/self/smaps_rollup, read by plain system calls: no stdio, no other allocation.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    static char text[4096];
    volatile char *block = malloc(100);
    const char *at;
    int fd;

    if (block == NULL)
        return 1;
    block[99] = 1;
    fd = open("/proc/self/smaps_rollup", O_RDONLY);
    if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
        return 1;
    at = strstr(text, "\nRss:");
    if (at == NULL)
        return 1;
    at += strspn(at + 5, " ") + 5;
    (void)!write(STDOUT_FILENO, "rss_kib=", 8);
    (void)!write(STDOUT_FILENO, at, strspn(at, "0123456789"));
    (void)!write(STDOUT_FILENO, "\n", 1);
    return 0;
}
