/* hints: a truth, and three levels of hints above it (lib/arena/arena_set.c; lib/pool/partial.c has the same steps).
 *
 * Two arenas in two groups.  Publishers make an arena's truth true and add it to the set: leaf, summary, top, each by
 * an unconditional fetch_or.  Searchers walk down, take what is true, remove the arena from the set and look again.
 * The set of retired arenas is the case where the leaf is the truth itself.
 *
 * Claims: at rest, truth => leaf bit => summary bit => top bit, so that what is there is found; with TAKE, an arena
 * is taken by one searcher.
 * Left out: more than two groups a summary, several tops, the start `from` of a search; weak memory (all steps are
 * read-modify-writes or acquire loads after them) but for TEST_THEN_SET's.
 *
 * verify: -DPUBLISHERS=2 -DSEARCHERS=2 -DTRIES=2
 * verify: -DPUBLISHERS=1 -DSEARCHERS=3
 * verify: -DPUBLISHERS=2 -DSEARCHERS=2 -DTAKE -DTRIES=2
 * cycles: -DPUBLISHERS=2 -DSEARCHERS=2
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DNO_SECOND_LOOK_TRUTH    the leaf is cleared, the truth not read again
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DNO_SECOND_LOOK_LEAF     a summary bit is cleared, the leaf not read again
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DNO_SECOND_LOOK_SUMMARY  a top bit is cleared, the summary not read again
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DTEST_THEN_SET           an upper bit is set only where it was seen clear: the look passes the store
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DTOP_FIRST               the levels are set from the top downward
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DHINT_FIRST              the hints are set before the truth
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DTRIES=2 -DNO_TOP_AGAIN  a summary bit is set again, the top bit not
 * fault: -DPUBLISHERS=2 -DSEARCHERS=2 -DTAKE -DTAKE_UNASKED     a taker does not ask whether it removed the bit
 */
#ifndef TRIES
#define TRIES 1
#endif
#define BIT(i) (1 << (i))
bit truth[2];
bit leaf[2];
byte summary; /* bit g: group g, which is arena g */
bit top;
byte taken[2]; /* ghost: searchers that hold the arena */
byte ended;

inline add(a) {
#ifdef TOP_FIRST
    top = 1; summary = summary | BIT(a); leaf[a] = 1
#else
#ifdef TEST_THEN_SET
    /* The look may come before the store of the leaf is seen by others, and it may come after. */
    atomic { seen_summary = summary & BIT(a); seen_top = top }
    leaf[a] = 1;
    if
    :: !seen_summary -> summary = summary | BIT(a)
    :: seen_summary
    fi;
    if
    :: !seen_top -> top = 1
    :: seen_top
    fi
#else
    leaf[a] = 1; summary = summary | BIT(a); top = 1
#endif
#endif
}

inline clear_summary(a) {
    atomic { before = summary; summary = summary & ~BIT(a) }
    if
#ifndef NO_SECOND_LOOK_LEAF
    :: leaf[a] -> summary = summary | BIT(a);
#ifndef NO_TOP_AGAIN
        top = 1
#endif
    :: !leaf[a] && !(before & ~BIT(a)) ->
#else
    :: !(before & ~BIT(a)) ->
#endif
        top = 0;
#ifndef NO_SECOND_LOOK_SUMMARY
        if
        :: summary != 0 -> top = 1
        :: else
        fi
#endif
    :: else
    fi
}

inline remove(a) {
    atomic { removed = leaf[a]; leaf[a] = 0 }
    clear_summary(a)
}

/* An arena of the set, or 2. */
inline find() {
    found = 2;
    if
    :: top -> groups = summary; a = 0;
        do
        :: a < 2 && found == 2 ->
            if
            :: !(groups & BIT(a))
            :: (groups & BIT(a)) && leaf[a] -> found = a
            :: (groups & BIT(a)) && !leaf[a] -> clear_summary(a)
            fi;
            a++
        :: else -> break
        od
    :: else
    fi;
    groups = 0; a = 0
}

proctype publisher(byte which) {
    byte seen_summary;
    bit seen_top;
#ifdef TAKE
    /* The leaf is the truth. */
    add(which);
#else
#ifdef HINT_FIRST
    add(which); truth[which] = 1;
#else
    truth[which] = 1; add(which);
#endif
#endif
    ended++
}

proctype searcher() {
    byte found, groups, a, before, tries, seen_summary;
    bit removed, won, seen_top;
    do
    :: tries < TRIES -> tries++;
        find();
        if
        :: found == 2
        :: else ->
#ifdef TAKE
            remove(found);
#ifdef TAKE_UNASKED
            removed = 1;
#endif
            if
            :: removed -> taken[found]++; assert(taken[found] == 1);
                /* It gives it back, or keeps it. */
                if
                :: taken[found]--; add(found)
                :: true
                fi
            :: else
            fi
#else
            atomic { won = truth[found]; truth[found] = 0 }
            remove(found);
#ifndef NO_SECOND_LOOK_TRUTH
            if
            :: truth[found] -> add(found)
            :: else
            fi;
#endif
            /* What was taken comes back, or does not. */
            if
            :: won ->
#ifdef HINT_FIRST
                add(found); truth[found] = 1
#else
                truth[found] = 1; add(found)
#endif
            :: true
            fi
#endif
        fi;
        atomic { found = 0; before = 0; removed = 0; won = 0; seen_summary = 0; seen_top = 0 }
    :: else -> break
    od;
    ended++
}

init {
    atomic {
        run publisher(0);
#if PUBLISHERS > 1
        run publisher(1);
#endif
        run searcher();
        run searcher()
#if SEARCHERS > 2
        ; run searcher()
#endif
    }
    ended == PUBLISHERS + SEARCHERS;
#ifdef TAKE
    assert(leaf[0] + taken[0] == 1);
#if PUBLISHERS > 1
    assert(leaf[1] + taken[1] == 1);
#endif
#endif
    assert((!truth[0] || leaf[0]) && (!truth[1] || leaf[1]));
    assert((!leaf[0] || (summary & 1)) && (!leaf[1] || (summary & 2)));
    assert(summary == 0 || top)
}
