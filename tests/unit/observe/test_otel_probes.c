/* USDT probes on samples: lib/observe/otel_probes.c.  The test does what a tracer does: it reads the notes of this program's
 * file, counts the semaphore up, and puts a breakpoint on the nop. */
#include "unit/alone.h"

#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "observe/otel_probes.h"
#include "observe/sampling.h"

#include <epmalloc/epmalloc.h>

struct probe {
    uint64_t pc;
    uint64_t base;
    uint64_t semaphore;
    const char *arguments;
};

static const char *file;
static volatile unsigned hits;

static void count_hit(int signal)
{
    (void)signal;
    hits++;
}

static void map_file(void)
{
    struct stat status;
    int descriptor = open("/proc/self/exe", O_RDONLY);
    assert_int_equal(fstat(descriptor, &status), 0);
    file = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    assert_ptr_not_equal(file, MAP_FAILED);
}

static const ElfW(Shdr) * find_section(const char *name)
{
    const ElfW(Ehdr) *header = (const void *)file;
    const ElfW(Shdr) *sections = (const void *)(file + header->e_shoff);
    const char *names = file + sections[header->e_shstrndx].sh_offset;
    for (unsigned i = 0; i < header->e_shnum; i++)
        if (strcmp(names + sections[i].sh_name, name) == 0)
            return &sections[i];
    fail_msg("no section %s", name);
    return NULL;
}

/* The note of a probe of the provider otel_memory. */
static struct probe find_probe(const char *name)
{
    const ElfW(Shdr) *section = find_section(".note.stapsdt");
    const char *at = file + section->sh_offset;
    const char *end = at + section->sh_size;
    while (at < end) {
        const ElfW(Nhdr) *note = (const void *)at;
        const char *words = at + sizeof *note + ((note->n_namesz + 3U) & ~3U);
        const char *provider = words + 24;
        const char *probe = provider + strlen(provider) + 1;
        if (strcmp(provider, "otel_memory") == 0 && strcmp(probe, name) == 0) {
            struct probe found = {0, 0, 0, probe + strlen(probe) + 1};
            memcpy(&found, words, 24);
            return found;
        }
        at = words + ((note->n_descsz + 3U) & ~3U);
    }
    fail_msg("no note of otel_memory:%s", name);
    return (struct probe){0};
}

static int note_bias(struct dl_phdr_info *module, size_t bytes, void *bias)
{
    (void)bytes;
    *(uintptr_t *)bias = module->dlpi_addr;
    return 1; /* the program comes first */
}

/* Where an address of the notes lies in memory: sections may have been moved since they were written. */
static char *address_of(const struct probe *probe, uint64_t address)
{
    uintptr_t bias = 0;
    (void)dl_iterate_phdr(note_bias, &bias);
    return (char *)(bias + address + (find_section(".stapsdt.base")->sh_addr - probe->base));
}

static void watch(const struct probe *probe, int more)
{
    *(uint16_t *)(void *)address_of(probe, probe->semaphore) += (uint16_t)more;
}

static void set_breakpoint(const struct probe *probe)
{
    unsigned char *nop = (unsigned char *)address_of(probe, probe->pc);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *start = (char *)((uintptr_t)nop / page * page);
    assert_int_equal(*nop, 0x90);
    assert_int_equal(mprotect(start, page, PROT_READ | PROT_WRITE | PROT_EXEC), 0);
    *nop = 0xcc;
    signal(SIGTRAP, count_hit);
}

static unsigned count_arguments(const char *arguments)
{
    unsigned count = 0;
    for (; *arguments != 0; arguments++)
        count += *arguments == '@';
    return count;
}

static void the_notes_say_what_the_probes_have(void)
{
    map_file();
    struct probe alloc = find_probe("alloc");
    struct probe freed = find_probe("free");
    assert_int_equal(count_arguments(alloc.arguments), 3);
    assert_int_equal(count_arguments(freed.arguments), 1);
    assert_int_not_equal(alloc.semaphore, 0);
    assert_int_not_equal(freed.semaphore, 0);
    assert_int_not_equal(alloc.semaphore, freed.semaphore);
}

static void a_probe_is_passed_only_while_somebody_watches(void)
{
    map_file();
    struct probe probe = find_probe("free");
    set_breakpoint(&probe);
    ep__otel_probe_free(&probe);
    assert_int_equal(hits, 0);
    watch(&probe, 1);
    ep__otel_probe_free(&probe);
    ep__otel_probe_alloc(&probe, 1, 1);
    assert_int_equal(hits, 1);
    watch(&probe, -1);
    ep__otel_probe_free(&probe);
    assert_int_equal(hits, 1);
}

static void every_sample_and_its_end_passes_one(void)
{
    void *blocks[10];
    map_file();
    struct probe alloc = find_probe("alloc");
    struct probe freed = find_probe("free");
    set_breakpoint(&alloc);
    set_breakpoint(&freed);
    watch(&alloc, 1);
    watch(&freed, 1);
    assert_int_equal(ep__sampling_start(1, 1), 0);
    for (unsigned i = 0; i < 10; i++)
        blocks[i] = ep_malloc(100000);
    assert_int_equal(hits, 10);
    for (unsigned i = 0; i < 10; i++)
        ep_free(blocks[i]);
    assert_int_equal(hits, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        alone(the_notes_say_what_the_probes_have),
        alone(a_probe_is_passed_only_while_somebody_watches),
        alone(every_sample_and_its_end_passes_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
