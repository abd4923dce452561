/* The lines of a counterexample: who did what.  See search.h. */
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "search.h"

static const char *const verbs[] = {"reads", "stores", "swaps", "adds", "subtracts",
                                    "sets",  "clears", "cas",   "fence"};

/* What an object is called: by its own name, or as it is written in the source. */
static const char *called(const struct model_site *site, const void *object)
{
    const char *name = name_at(object);
    if (name != NULL)
        return name;
    return site->object[0] == '&' ? site->object + 1 : site->object;
}

const char *model_name_of(const void *address)
{
    static char text[32];
    const char *name = name_at(address);
    if (name != NULL)
        return name;
    (void)snprintf(text, sizeof text, "%p", address);
    return text;
}

static void print_head(unsigned thread, const char *function)
{
    static const char *const indents[] = {"", "  ", "    ", "      "};
    printf("%sT%u %-28s ", indents[thread], thread + 1, function);
}

static void print_values(const void *object, uint64_t before, uint64_t after)
{
    char text[64];
    printf("%s", name_value(object, before, text));
    if (before != after)
        printf(" -> %s", name_value(object, after, text));
}

void trace_access(const struct model_site *site, const void *object, uint64_t before,
                  uint64_t after, const char *remark)
{
    if (!search_is_tracing())
        return;
    bool is_shared = memory_cell((void *)(uintptr_t)object, site->size)->is_shared;
    if (site->kind == MODEL_LOAD && !is_shared)
        return;
    print_head(model_thread(), site->function);
    printf("%s %s: ", verbs[site->kind], called(site, object));
    print_values(object, before, after);
    printf("%s\n", remark);
}

void trace_let_in(unsigned thread, const struct model_site *site, const void *object,
                  uint64_t before, uint64_t after)
{
    if (!search_is_tracing())
        return;
    print_head(thread, "");
    printf("... its store to %s is seen: ", called(site, object));
    print_values(object, before, after);
    printf("\n");
}

void trace_doing(const char *what)
{
    print_head(model_thread(), "");
    printf("begins: %s\n", what);
}
