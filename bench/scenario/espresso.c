/*
 * espresso: one thread, covers of cubes, made and dropped by recursion.
 *
 * Modelled on espresso, the logic minimizer (Rudell) in the allocation studies of Zorn and
 * Grunwald (1992) and Berger, Zorn and McKinley (PLDI 2001): a Boolean function is a list of
 * cubes; of each cube it is asked whether the others cover it, which is so when within it they
 * are always true; and that is answered by splitting on a variable and asking the same of both
 * halves.  Each part is a new list of new cubes.  Lists are grown by realloc, cubes have 8 to 44
 * bytes, all die when the recursion returns.
 *
 * 4 to 40 variables, 20 to 120 cubes: stack-like lifetimes in many sizes, less than a MiB
 * live; RSS shows what the allocator adds to a small program.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

enum { DEPTH = 12 };

/* A literal per byte: 0 the variable must be 0, 1 must be 1, 2 does not matter. */
struct cube {
    unsigned variables;
    unsigned char literal[];
};

struct cover {
    struct cube **cubes;
    size_t count, capacity;
};

static struct cube *make_cube(unsigned variables)
{
    struct cube *cube = scenario_check(malloc(sizeof *cube + variables));

    cube->variables = variables;
    return cube;
}

static void add_cube(struct cover *cover, struct cube *cube)
{
    if (cover->count == cover->capacity) {
        cover->capacity = cover->capacity == 0 ? 4 : 2 * cover->capacity;
        cover->cubes =
            scenario_check(realloc(cover->cubes, cover->capacity * sizeof *cover->cubes));
    }
    cover->cubes[cover->count++] = cube;
}

static void drop_cover(struct cover *cover)
{
    for (size_t i = 0; i < cover->count; i++)
        free(cover->cubes[i]);
    free(cover->cubes);
}

static struct cover random_cover(unsigned variables, size_t cubes, uint64_t *random)
{
    struct cover cover = {NULL, 0, 0};

    for (size_t i = 0; i < cubes; i++) {
        struct cube *cube = make_cube(variables);

        for (unsigned v = 0; v < variables; v++) {
            unsigned draw = scenario_random(random) % 8;

            cube->literal[v] = (unsigned char)(draw < 2 ? draw : 2);
        }
        add_cube(&cover, cube);
    }
    return cover;
}

static int do_meet(const struct cube *a, const struct cube *b)
{
    for (unsigned v = 0; v < a->variables; v++) {
        if (a->literal[v] + b->literal[v] == 1)
            return 0;
    }
    return 1;
}

/* The cover, but for one cube of it, within another cube: what does not meet that drops out, and so do the
 * literals that it has. */
static struct cover cofactor(const struct cover *cover, const struct cube *left_out,
                             const struct cube *within)
{
    struct cover part = {NULL, 0, 0};

    for (size_t i = 0; i < cover->count; i++) {
        const struct cube *from = cover->cubes[i];
        struct cube *to;

        if (from == left_out || !do_meet(from, within))
            continue;
        to = make_cube(from->variables);
        for (unsigned v = 0; v < from->variables; v++)
            to->literal[v] = within->literal[v] == 2 ? from->literal[v] : 2;
        add_cube(&part, to);
    }
    return part;
}

static int has_universal_cube(const struct cover *cover)
{
    for (size_t i = 0; i < cover->count; i++) {
        const struct cube *cube = cover->cubes[i];

        if (memchr(cube->literal, 0, cube->variables) == NULL &&
            memchr(cube->literal, 1, cube->variables) == NULL)
            return 1;
    }
    return 0;
}

/* The variable that the most cubes ask for; `variables` when none does. */
static unsigned busiest_variable(const struct cover *cover, unsigned variables)
{
    unsigned best = variables, most = 0;

    for (unsigned v = 0; v < variables; v++) {
        unsigned asked = 0;

        for (size_t i = 0; i < cover->count; i++)
            asked += cover->cubes[i]->literal[v] != 2;
        if (asked > most) {
            most = asked;
            best = v;
        }
    }
    return best;
}

static int is_tautology(const struct cover *cover, unsigned variables, unsigned depth)
{
    unsigned split;

    if (has_universal_cube(cover))
        return 1;
    split = busiest_variable(cover, variables);
    if (cover->count == 0 || split == variables || depth == 0)
        return 0;
    for (unsigned char value = 0; value < 2; value++) {
        struct cube *within = make_cube(variables);
        struct cover half;
        int whole;

        memset(within->literal, 2, variables);
        within->literal[split] = value;
        half = cofactor(cover, NULL, within);
        free(within);
        whole = is_tautology(&half, variables, depth - 1);
        drop_cover(&half);
        if (!whole)
            return 0;
    }
    return 1;
}

/* How many cubes the others cover already. */
static size_t count_redundant(const struct cover *cover, unsigned variables)
{
    size_t redundant = 0;

    for (size_t i = 0; i < cover->count; i++) {
        struct cover others = cofactor(cover, cover->cubes[i], cover->cubes[i]);

        redundant += (size_t)is_tautology(&others, variables, DEPTH);
        drop_cover(&others);
    }
    return redundant;
}

int main(int argc, char **argv)
{
    struct scenario s;
    uint64_t random = scenario_seed(0);
    volatile size_t kept = 0;
    size_t rounds;

    scenario_start(&s, "espresso", argc, argv);
    rounds = scenario_scaled(&s, 1500);
    for (size_t n = 0; n < rounds; n++) {
        unsigned variables = (unsigned)scenario_between(&random, 4, 40);
        struct cover cover = random_cover(variables, scenario_between(&random, 20, 120), &random);

        if (n % 64 == 0)
            scenario_note_rss();
        kept += count_redundant(&cover, variables);
        drop_cover(&cover);
    }
    scenario_report(&s);
    return 0;
}
