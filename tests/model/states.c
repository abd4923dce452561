/* The states that have been seen, as 64-bit hashes in an open table.  See search.h.
 *
 * Two different states with one hash would hide what follows from the second: with n states that has a chance of
 * n * n / 2^65, one in ten million for a million states.
 */
#include <stdlib.h>

#include "search.h"

static uint64_t *table;
static uint64_t capacity;
static uint64_t count;

static bool add(uint64_t *places, uint64_t places_count, uint64_t state)
{
    uint64_t i = state & (places_count - 1);
    while (places[i] != 0 && places[i] != state)
        i = (i + 1) & (places_count - 1);
    if (places[i] == state)
        return false;
    places[i] = state;
    return true;
}

static void grow(void)
{
    uint64_t wanted = capacity == 0 ? UINT64_C(1) << 16 : capacity * 2;
    uint64_t *places = calloc(wanted, sizeof *places);
    if (places == NULL)
        model_break("no memory for states");
    for (uint64_t i = 0; i < capacity; i++)
        if (table[i] != 0)
            (void)add(places, wanted, table[i]);
    free(table);
    table = places;
    capacity = wanted;
}

void states_clear(void)
{
    free(table);
    table = NULL;
    capacity = count = 0;
}

uint64_t states_count(void)
{
    return count;
}

bool states_add(uint64_t state)
{
    if (count * 2 >= capacity)
        grow();
    if (!add(table, capacity, state == 0 ? 1 : state))
        return false;
    count++;
    return true;
}
