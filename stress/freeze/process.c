/* Processes under test (process.h). */
#include "freeze/process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A step or a thread's beginning that takes so long will take for ever. */
enum { WATCHDOG_SECONDS = 900 };

/* Where a stopped thread is, on every processor alike: the request PTRACE_GET_SYSCALL_INFO, and what it fills in.
 * The names of the C library's header cannot be had together with <linux/ptrace.h>'s in all its versions. */
enum { READ_PLACE = 0x420e };

struct stopped_at {
    uint8_t stop;
    uint8_t unused[3];
    uint32_t processor;
    uint64_t instruction;
    uint64_t stack;
    uint64_t arguments[8];
};

/* The processors that the driver was started on, and the one that it shares with the victim: only one of the two runs
 * at a time, and waking a thread of another processor costs more than the step. */
static cpu_set_t all_processors, own_processor, other_processors;

static void choose_processors(void)
{
    if (CPU_COUNT(&all_processors) != 0 ||
        sched_getaffinity(0, sizeof all_processors, &all_processors) != 0)
        return;
    int first = 0;
    while (!CPU_ISSET(first, &all_processors))
        first++;
    other_processors = all_processors;
    CPU_SET(first, &own_processor);
    if (CPU_COUNT(&all_processors) > 1)
        CPU_CLR(first, &other_processors);
    (void)sched_setaffinity(0, sizeof own_processor, &own_processor);
}

static struct freeze_shared *make_page(int *page)
{
    *page = memfd_create("stress_freeze", 0);
    if (*page < 0 || ftruncate(*page, (off_t)sizeof(struct freeze_shared)) != 0)
        freeze_fail("no shared page: %s", strerror(errno));
    void *shared =
        mmap(NULL, sizeof(struct freeze_shared), PROT_READ | PROT_WRITE, MAP_SHARED, *page, 0);
    if (shared == MAP_FAILED)
        freeze_fail("no shared page: %s", strerror(errno));
    return shared;
}

static _Noreturn void become_process(const struct freeze_operation *operation, char **numbers,
                                     const char *preload, int page)
{
    char page_text[16];
    (void)snprintf(page_text, sizeof page_text, "%d", page);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)personality(ADDR_NO_RANDOMIZE);
    (void)sched_setaffinity(0, sizeof other_processors, &other_processors);
    /* An instruction that repeats itself would be stepped byte by byte. */
    (void)setenv(
        "GLIBC_TUNABLES",
        "glibc.cpu.x86_rep_movsb_threshold=0x40000000:glibc.cpu.x86_rep_stosb_threshold=0x40000000",
        1);
    if (operation->address_bytes_max != 0) {
        struct rlimit limit = {operation->address_bytes_max, operation->address_bytes_max};
        (void)setrlimit(RLIMIT_AS, &limit);
    }
    if (preload != NULL)
        (void)setenv("LD_PRELOAD", preload, 1);
    if (operation->options != NULL)
        (void)setenv("EPMALLOC_CONF", operation->options, 1);
    (void)execl("/proc/self/exe", "stress_freeze", "--child", page_text, operation->name,
                numbers[0], numbers[1], NULL);
    _exit(127);
}

void process_start(struct process *process, const struct freeze_operation *operation,
                   unsigned first, unsigned last, const char *preload)
{
    int page;
    char first_text[16], last_text[16];
    (void)snprintf(first_text, sizeof first_text, "%u", first);
    (void)snprintf(last_text, sizeof last_text, "%u", last);
    choose_processors();
    process->shared = make_page(&page);
    process->victim = 0;
    process->is_standing = false;
    process->pid = fork();
    if (process->pid == 0)
        become_process(operation, (char *[]){first_text, last_text}, preload, page);
    if (process->pid < 0)
        freeze_fail("fork: %s", strerror(errno));
    (void)close(page);
}

void process_kill(struct process *process)
{
    /* order: relaxed -- 0 where the process has not come so far */
    int inner = ep__load_relaxed(&process->shared->process);
    if (inner != 0 && inner != process->pid)
        (void)kill(inner, SIGKILL);
    (void)kill(process->pid, SIGKILL);
    /* All that is left: the process, and the traced thread of one that is not our child. */
    while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR) {
    }
    (void)munmap(process->shared, sizeof *process->shared);
    process->shared = NULL;
}

static void nap(void)
{
    const struct timespec pause = {0, 50L * 1000};
    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

/* Waits until victim `number` is ready. */
static bool await_victim(struct process *process, uint32_t number)
{
    (void)alarm(WATCHDOG_SECONDS);
    for (;;) {
        /* order: acquire -- pairs with wait_for_driver; carries the thread's number */
        if (ep__load_acquire(&process->shared->ready) == number)
            return true;
        /* order: relaxed -- nothing else is read */
        if (ep__load_relaxed(&process->shared->ended) != 0)
            return false;
        int status;
        if (waitpid(process->pid, &status, WNOHANG) == process->pid)
            freeze_fail("the process under test has died (status %#x) before its victim %u", status,
                        number);
        nap();
    }
}

/* Waits for the victim's next stop; 0: it is gone, otherwise the signal. */
static int await_stop(struct process *process)
{
    int status;
    process->is_standing = false;
    while (waitpid(process->victim, &status, __WALL) < 0)
        if (errno != EINTR)
            freeze_fail("waiting for the victim: %s", strerror(errno));
    if (!WIFSTOPPED(status)) {
        if (WIFSIGNALED(status))
            freeze_fail("the process under test has died of signal %d", WTERMSIG(status));
        process->victim = 0;
        return 0;
    }
    process->is_standing = true;
    return WSTOPSIG(status);
}

bool process_seize(struct process *process, uint32_t number, const char *preload)
{
    if (!await_victim(process, number))
        return false;
    /* order: relaxed -- carried by `ready` */
    process->victim = ep__load_relaxed(&process->shared->victim);
    if (ptrace(PTRACE_SEIZE, process->victim, NULL, NULL) != 0)
        freeze_fail("the victim cannot be traced: %s", strerror(errno));
    (void)sched_setaffinity(process->victim, sizeof own_processor, &own_processor);
    freeze_places_read(process->victim, preload);
    /* order: release -- pairs with wait_for_driver */
    ep__store_release(&process->shared->seized, number);
    int signal = await_stop(process);
    if (signal != SIGTRAP)
        freeze_fail("the victim stopped by signal %d before its operation", signal);
    return true;
}

bool process_step(struct process *process)
{
    int signal = SIGTRAP;
    do {
        int passed = signal == SIGTRAP ? 0 : signal;
        /* Where the process has died meanwhile, the next wait says of what. */
        if (ptrace(PTRACE_SINGLESTEP, process->victim, NULL, (void *)(uintptr_t)passed) != 0 &&
            errno != ESRCH)
            freeze_fail("the victim cannot be stepped: %s", strerror(errno));
        signal = await_stop(process);
    } while (signal != SIGTRAP && signal != 0);
    /* order: relaxed -- the thread that writes it stands still */
    return signal != 0 && ep__load_relaxed(&process->shared->inside) != 0;
}

uintptr_t process_address(const struct process *process)
{
    struct stopped_at at;
    if (ptrace((enum __ptrace_request)READ_PLACE, process->victim, (void *)sizeof at, &at) < 24)
        freeze_fail(
            "the kernel does not tell where the victim stands (it must be Linux 5.3 or newer)");
    return (uintptr_t)at.instruction;
}

void process_let_go(struct process *process)
{
    if (process->is_standing && ptrace(PTRACE_DETACH, process->victim, NULL, NULL) != 0)
        freeze_fail("the victim cannot be let go: %s", strerror(errno));
    process->is_standing = false;
    process->victim = 0;
}
