/* Regions (regions.h). */
#include "freeze/regions.h"

unsigned freeze_region_open(struct outcome *outcome, enum freeze_kind kind)
{
    /* The last one takes what has no place any more. */
    if (outcome->region_count == FREEZE_REGIONS)
        return FREEZE_REGIONS - 1;
    unsigned number = outcome->region_count++;
    outcome->regions[number] = (struct region){.kind = kind, .joined = number};
    return number;
}

static unsigned root_of(const struct outcome *outcome, unsigned number)
{
    while (outcome->regions[number].joined != number)
        number = outcome->regions[number].joined;
    return number;
}

static void join(struct outcome *outcome, unsigned one, unsigned other)
{
    one = root_of(outcome, one);
    other = root_of(outcome, other);
    if (one == other)
        return;
    struct region *kept = &outcome->regions[one < other ? one : other];
    struct region *gone = &outcome->regions[one < other ? other : one];
    gone->joined = one < other ? one : other;
    if (!kept->is_own && gone->is_own)
        kept->first = gone->first;
    kept->is_own |= gone->is_own;
    kept->stops += gone->stops;
}

void freeze_region_extend(struct outcome *outcome, unsigned number, struct freeze_place place)
{
    struct region *region = &outcome->regions[root_of(outcome, number)];
    enum freeze_owner owner = place.object == NULL ? FREEZE_OTHER : place.object->owner;
    if (region->stops++ == 0 || (!region->is_own && owner == FREEZE_ALLOCATOR))
        region->first = place;
    region->is_own |= owner == FREEZE_ALLOCATOR;
    struct freeze_mark *mark = freeze_place_mark(place);
    if (mark->blocked == 0) {
        outcome->blocked[owner]++;
        mark->blocked = (uint16_t)(number + 1);
    }
    if (owner == FREEZE_ALLOCATOR)
        join(outcome, mark->blocked - 1U, number);
}

void freeze_region_close(struct outcome *outcome, unsigned number)
{
    const struct region *region = &outcome->regions[root_of(outcome, number)];
    for (unsigned i = 0; !region->is_own && i < number; i++)
        if (!outcome->regions[i].is_own &&
            freeze_place_is_same(outcome->regions[i].first, region->first)) {
            join(outcome, i, number);
            return;
        }
}

unsigned freeze_region_next(const struct outcome *outcome, unsigned number)
{
    while (number < outcome->region_count && outcome->regions[number].joined != number)
        number++;
    return number < outcome->region_count ? number : FREEZE_REGIONS;
}

unsigned freeze_region_count(const struct outcome *outcome, bool is_own)
{
    unsigned count = 0;
    for (unsigned i = freeze_region_next(outcome, 0); i < FREEZE_REGIONS;
         i = freeze_region_next(outcome, i + 1))
        count += outcome->regions[i].is_own == is_own;
    return count;
}
