/* Virtual memory on Linux.  Contracts stand in vm.h. */
#include "sys/vm.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

#include "sys/atomic.h"

/* Linux 4.14; older C library headers lack the name. */
enum { ADVICE_WIPE_ON_FORK = 18 };

static _Atomic(size_t) page_bytes;

size_t ep__vm_page_bytes(void)
{
    /* order: relaxed -- every thread would store the same value */
    size_t bytes = ep__load_relaxed(&page_bytes);
    if (bytes == 0) {
        bytes = (size_t)getauxval(AT_PAGESZ);
        /* order: relaxed -- see above */
        ep__store_relaxed(&page_bytes, bytes);
    }
    return bytes;
}

size_t ep__vm_machine_bytes(void)
{
    struct sysinfo machine;
    if (sysinfo(&machine) != 0)
        return (size_t)4 << 30;
    return (size_t)machine.totalram * machine.mem_unit;
}

size_t ep__vm_limit_bytes(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return SIZE_MAX;
    return (size_t)limit.rlim_cur;
}

static void *map_pages(size_t bytes, int protection, int extra)
{
    int saved = errno;
    void *start = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | extra, -1, 0);
    errno = saved;
    return start == MAP_FAILED ? NULL : start;
}

void *ep__vm_reserve(size_t bytes)
{
    return map_pages(bytes, PROT_NONE, MAP_NORESERVE);
}

void *ep__vm_map(size_t bytes)
{
    return map_pages(bytes, PROT_READ | PROT_WRITE, 0);
}

void *ep__vm_map_sparse(size_t bytes)
{
    return map_pages(bytes, PROT_READ | PROT_WRITE, MAP_NORESERVE);
}

/* The kernel copies the set in before it refuses the action, so that nothing but the error tells. */
static bool can_be_copied_in(const void *address)
{
    enum { NO_SUCH_ACTION = -1, SET_BYTES = 8 };
    return syscall(SYS_rt_sigprocmask, NO_SUCH_ACTION, address, NULL, SET_BYTES) != 0 &&
           errno == EINVAL;
}

bool ep__vm_read(const void *from, void *to, size_t bytes)
{
    struct iovec local = {to, bytes};
    struct iovec remote = {(void *)from, bytes};
    int saved = errno;
    bool is_read = process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)bytes;
    /* Some sandboxes forbid the call. */
    if (!is_read && errno != EFAULT && can_be_copied_in(from)) {
        memcpy(to, from, bytes);
        is_read = true;
    }
    errno = saved;
    return is_read;
}

/* The result of a call that returns 0 on success, with errno as it was. */
static bool succeeded(int result, int saved_errno)
{
    errno = saved_errno;
    return result == 0;
}

bool ep__vm_unmap(void *start, size_t bytes)
{
    int saved = errno;
    return succeeded(munmap(start, bytes), saved);
}

bool ep__vm_allow_read(void *start, size_t bytes)
{
    int saved = errno;
    return succeeded(mprotect(start, bytes, PROT_READ), saved);
}

bool ep__vm_commit(void *start, size_t bytes)
{
    int saved = errno;
    return succeeded(mprotect(start, bytes, PROT_READ | PROT_WRITE), saved);
}

bool ep__vm_decommit(void *start, size_t bytes)
{
    int saved = errno;
    void *again = mmap(start, bytes, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    errno = saved;
    return again != MAP_FAILED;
}

bool ep__vm_purge(void *start, size_t bytes)
{
    int saved = errno;
    return succeeded(madvise(start, bytes, MADV_DONTNEED), saved);
}

void ep__vm_huge_pages(void *start, size_t bytes, bool wanted)
{
    int saved = errno;
    (void)madvise(start, bytes, wanted ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    errno = saved;
}

bool ep__vm_resize(void *start, size_t bytes, size_t new_bytes)
{
    int saved = errno;
    void *same = mremap(start, bytes, new_bytes, 0);
    errno = saved;
    return same != MAP_FAILED;
}

bool ep__vm_move(void *start, size_t bytes, void *target, size_t new_bytes)
{
    int saved = errno;
    void *moved = mremap(start, bytes, new_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, target);
    if (moved != MAP_FAILED) {
        /* Changes nothing, but valgrind 3.19 takes the grown part for inaccessible without it. */
        (void)mprotect(target, new_bytes, PROT_READ | PROT_WRITE);
    }
    errno = saved;
    return moved != MAP_FAILED;
}

bool ep__vm_wipe_on_fork(void *start, size_t bytes)
{
    int saved = errno;
    return succeeded(madvise(start, bytes, ADVICE_WIPE_ON_FORK), saved);
}

size_t ep__vm_resident_bytes(void *start, size_t bytes)
{
    enum { CHUNK_PAGES = 256 };
    unsigned char present[CHUNK_PAGES];
    size_t page = ep__vm_page_bytes();
    size_t resident = 0;
    int saved = errno;
    for (size_t done = 0; done < bytes; done += CHUNK_PAGES * page) {
        size_t part = bytes - done < CHUNK_PAGES * page ? bytes - done : CHUNK_PAGES * page;
        if (mincore((char *)start + done, part, present) != 0)
            continue;
        for (size_t i = 0; i < part / page; i++)
            resident += (present[i] & 1U) * page;
    }
    errno = saved;
    return resident;
}
