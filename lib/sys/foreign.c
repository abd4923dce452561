/* Pointers that are not ours.  The contract stands in foreign.h. */
#include "sys/foreign.h"

#include "sys/atomic.h"
#include "sys/bits.h"
#include "sys/options.h"
#include "sys/report.h"

enum { PLACES = 64 };

static _Atomic(uintptr_t) places[PLACES];

/* True for the first report from a place while the table has room. */
static bool is_new(uintptr_t place)
{
    for (unsigned i = 0; i < PLACES; i++) {
        uintptr_t seen = 0;
        /* order: relaxed -- the number is all that is shared; who swaps it in reports.  ABA: written once */
        if (ep__cas_strong_relaxed(&places[i], &seen, place))
            return true;
        if (seen == place)
            return false;
    }
    return false;
}

void ep__foreign_report(const char *call, const void *p, const void *call_site)
{
    bool aborts = ep__option_get(EP__OPTION_ABORT) != 0;
    if (!is_new((uintptr_t)call_site) && !aborts)
        return;
    struct report report;
    ep__report_begin(&report);
    ep__report_text(&report, call);
    ep__report_text(&report, " of ");
    ep__report_hex(&report, (uintptr_t)p);
    ep__report_text(&report, ", which epmalloc did not allocate, called at ");
    ep__report_hex(&report, (uintptr_t)call_site);
    if (aborts)
        ep__report_abort(&report);
    ep__report_text(&report, ": ignored");
    ep__report_emit(&report);
}
