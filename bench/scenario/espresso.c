/*
 * espresso: one thread, covers of cubes, made and dropped by recursion.
 *
 * Modelled on espresso, the logic minimizer (Rudell) in the allocation studies of Zorn and
 * Grunwald (1992) and Berger, Zorn and McKinley (PLDI 2001): a Boolean function is a list of
 * cubes; the question whether it is always true is answered by splitting on a variable and
 * asking the same of both halves, and each half is a new list of new cubes.  Lists are grown
 * by realloc, cubes have 16 to 120 bytes, all die when the recursion returns.
 *
 * 4 to 40 variables, 20 to 120 cubes: stack-like lifetimes in many sizes, less than a MiB
 * live; RSS shows what the allocator adds to a small program.
 */
#include "scenario.h"

#include <stdlib.h>
#include <string.h>

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

/* The cover under variable == value: cubes that contradict it drop out, the literal goes. */
static struct cover cofactor(const struct cover *cover, unsigned variable, unsigned value)
{
    struct cover half = {NULL, 0, 0};

    for (size_t i = 0; i < cover->count; i++) {
        const struct cube *from = cover->cubes[i];
        struct cube *to;

        if (from->literal[variable] == 1 - value)
            continue;
        to = make_cube(from->variables);
        memcpy(to->literal, from->literal, from->variables);
        to->literal[variable] = 2;
        add_cube(&half, to);
    }
    return half;
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
    for (unsigned value = 0; value < 2; value++) {
        struct cover half = cofactor(cover, split, value);
        int whole = is_tautology(&half, variables, depth - 1);

        drop_cover(&half);
        if (!whole)
            return 0;
    }
    return 1;
}

/* Drops every cube that the others cover already. */
static size_t make_irredundant(struct cover *cover, unsigned variables)
{
    size_t dropped = 0;

    for (size_t i = 0; i < cover->count; i++) {
        struct cover rest = {NULL, 0, 0};

        for (size_t j = 0; j < cover->count; j++) {
            struct cube *copy = make_cube(variables);

            memcpy(copy->literal, cover->cubes[j]->literal, variables);
            add_cube(&rest, copy);
        }
        dropped += (size_t)is_tautology(&rest, variables, 12);
        drop_cover(&rest);
    }
    return dropped;
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
        kept += make_irredundant(&cover, variables);
        drop_cover(&cover);
    }
    scenario_report(&s);
    return 0;
}
