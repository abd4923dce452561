/* uncarve: pages inside a pool in use go back and are carved again (lib/pool/uncarve.c, lib/pool/carve.c), beside frees
 * by others, claims, releases and the pool's death and rebirth.
 *
 * One pool of three blocks on two pages; block 1 straddles their edge, so page 0 has blocks 0 and 1, page 1 has 1 and
 * 2.  Lists are sets of blocks here: word.pml has their order.  Who makes a hole asks the kernel, which may refuse.  A new pool
 * is all holes, which is what memory above the mark is.
 *
 * Claims: a page that goes back has no block that is live, on its way, or on a list (whose links would be lost); no
 * block is given out twice or lost; un-carving does not change what PARTIAL counts, so an all-free pool goes back to its
 * arena; at rest each block is live, listed, or does not exist.
 * Left out: hints and classes (reborn.pml), the hint of who has looked, several pools; the order of memory
 * (docs/orderings.md).
 *
 * verify: -DNT=2 -DOPS=4
 * verify: -DNT=3 -DOPS=1
 * cycles: -DNT=2 -DOPS=2
 * fault: -DNT=2 -DOPS=4 -DREMOTE_IS_FREE  blocks on the remote list count as free: their links go with the page
 * fault: -DNT=2 -DOPS=4 -DBY_START        a page goes when the blocks that begin in it are free
 * fault: -DNT=2 -DOPS=4 -DSTRADDLERS_STAY a block that begins before a hole stays on the list
 * fault: -DNT=2 -DOPS=4 -DPAGES_FIRST     the pages go before their blocks have left the list
 * fault: -DNT=2 -DOPS=4 -DUNCLAIMED       a PARTIAL pool is un-carved by who has not claimed it
 * fault: -DNT=2 -DOPS=4 -DCARVED_STAYS    what has left the list still counts as carved
 * fault: -DNT=2 -DOPS=4 -DREFUSED_LOST    what the kernel refuses does not come back to the list
 */
#define FREE 0
#define OWNED 1
#define FULL 2
#define PARTIAL 3
#define CAPACITY 3
#define ALL 7
#ifndef START_LIVE
#define START_LIVE 5
#endif
/* Sets: of blocks three bits, of pages two. */
#define SIZE(set) (((set) & 1) + ((set) >> 1 & 1) + ((set) >> 2 & 1))
#define BLOCKS(page) ((page) == 1 -> 3 : 6)
#define ABSENT(holes) ((holes) == 0 -> 0 : ((holes) == 3 -> 7 : BLOCKS(holes)))

byte count, state, remote;  /* the word, and the list in it */
byte list, listed, holes;   /* private */
byte carved;                /* private: blocks that exist */
bit slot_free = 1;
byte live, moving, owner;   /* ghosts: with the program; being freed */
byte ended;

#define CAS(c, s, c2, s2)                                                                          \
    won = 0;                                                                                       \
    if                                                                                             \
    :: count == (c) && state == (s) -> count = (c2); state = (s2); won = 1                         \
    :: else                                                                                        \
    fi
#define READ() d_step { c = count; s = state }

/* The links of the blocks are where they were. */
#define ASSERT_UNTOUCHED(page) assert(((live | moving | remote | list) & BLOCKS(page)) == 0)

inline give_slot_back() {
    atomic { assert(!slot_free && live == 0 && moving == 0); slot_free = 1 }
}

inline release() {
    owned = 0;
    do
    :: READ(); assert(s == OWNED && owner == me); k = listed + CAPACITY - carved;
        if
        :: k + c == CAPACITY -> atomic { CAS(c, OWNED, 0, FREE); if :: won -> owner = 0; remote = 0; list = 0 :: else fi }
            if
            :: won -> give_slot_back(); break
            :: else
            fi
        :: k + c == 0 -> atomic { CAS(0, OWNED, 0, FULL); if :: won -> owner = 0 :: else fi }
            if
            :: won -> break
            :: else
            fi
        :: else -> assert(k + c < CAPACITY);
            atomic { CAS(c, OWNED, c + k, PARTIAL); if :: won -> owner = 0 :: else fi }
            if
            :: won -> break
            :: else
            fi
        fi
    od
}

/* Leaves owned as it was when another is first; takes what is in the word. */
inline claim() {
    READ();
    if
    :: s == PARTIAL ->
        atomic {
            CAS(c, PARTIAL, 0, OWNED);
            if
            :: won -> assert(owner == 0); owner = me; owned = 1; k = remote; remote = 0
            :: else
            fi
        }
        if
        :: won -> d_step { assert((list & k) == 0); list = list | k; listed = listed + SIZE(k); k = 0 }
        :: else
        fi
    :: else
    fi
}

inline acquire() {
    atomic { won = slot_free; slot_free = 0 }
    if
    :: won -> assert(state == FREE && live == 0 && owner == 0);
        d_step { holes = 3; list = 0; listed = 0; carved = 0 }
        d_step { state = OWNED; owner = me; owned = 1 }
    :: else
    fi
}

/* Fills holes; what exists by that is put on the list. */
inline fill(filled) {
    d_step {
        k = ABSENT(holes) & ~ABSENT(holes & ~(filled));
        holes = holes & ~(filled);
        assert((k & (live | moving | list)) == 0);
        list = list | k; listed = listed + SIZE(k); carved = carved + SIZE(k); k = 0
    }
}

inline make_holes() {
    d_step {
        holes = holes | go;
        k = list & ABSENT(holes);
#ifdef STRADDLERS_STAY
        /* 0 and 1 begin in page 0, 2 in page 1. */
        k = list & (((holes & 1) != 0 -> 3 : 0) | ((holes & 2) != 0 -> 4 : 0));
#endif
        list = list & ~k; listed = listed - SIZE(k);
#ifndef CARVED_STAYS
        carved = carved - SIZE(k);
#endif
        k = 0
    }
}

inline give_page_back(page) {
    if
    :: go & page ->
        if
        :: true -> ASSERT_UNTOUCHED(page)
#ifndef PAGES_FIRST
        :: true ->
#ifdef REFUSED_LOST
            holes = holes & ~page
#else
            fill(page)
#endif
#endif
        fi
    :: else
    fi
}

inline uncarve() {
    d_step {
        k = list | ABSENT(holes);
#ifdef REMOTE_IS_FREE
        k = k | remote;
#endif
        go = 0;
#ifdef BY_START
        if :: (k & 3) == 3 -> go = 1 :: else fi;
        if :: (k & 4) == 4 -> go = go | 2 :: else fi;
#else
        if :: (k & 3) == 3 -> go = 1 :: else fi;
        if :: (k & 6) == 6 -> go = go | 2 :: else fi;
#endif
        go = go & ~holes; k = 0
    }
    if
    :: go != 0 ->
#ifdef PAGES_FIRST
        give_page_back(1); give_page_back(2); make_holes()
#else
        make_holes(); give_page_back(1); give_page_back(2)
#endif
    :: else
    fi;
    go = 0
}

/* One who goes over all pools. */
inline uncarve_partial() {
#ifdef UNCLAIMED
    if
    :: state == PARTIAL -> uncarve()
    :: else
    fi
#else
    claim();
    if
    :: owned -> uncarve(); release()
    :: else
    fi
#endif
}

inline carve() {
    if
    :: listed == 0 && holes != 0 ->
        if
        :: holes & 1 -> fill(1)
        :: !(holes & 1) -> fill(2)
        fi
    :: else
    fi
}

inline allocate() {
    if
    :: !owned && state == PARTIAL -> claim()
    :: !owned && state != PARTIAL -> acquire()
    :: owned
    fi;
    if
    :: owned -> carve();
        if
        :: list & 1 -> d_step { assert(!(live & 1)); list = list & ~1; listed--; live = live | 1 }
        :: list & 2 -> d_step { assert(!(live & 2)); list = list & ~2; listed--; live = live | 2 }
        :: list & 4 -> d_step { assert(!(live & 4)); list = list & ~4; listed--; live = live | 4 }
        :: list == 0
        fi
    :: else
    fi
}

inline push(b) {
    do
    :: READ(); assert(s != FREE);
        if
        :: s == FULL -> atomic { CAS(0, FULL, 0, OWNED); if :: won -> assert(owner == 0); owner = me; moving = moving & ~b :: else fi }
            if
            :: won -> d_step { list = b; listed = 1; owned = 1 }; break
            :: else
            fi
        :: s == PARTIAL && c + 1 == CAPACITY ->
            atomic { CAS(c, PARTIAL, 0, FREE); if :: won -> moving = moving & ~b; remote = 0; list = 0 :: else fi }
            if
            :: won -> give_slot_back(); break
            :: else
            fi
        :: s == OWNED || (s == PARTIAL && c + 1 < CAPACITY) ->
            atomic { CAS(c, s, c + 1, s); if :: won -> moving = moving & ~b; remote = remote | b :: else fi }
            if
            :: won -> break
            :: else
            fi
        fi
    od
}

inline free_one(b) {
    if
    :: atomic { live & b -> live = live & ~b; moving = moving | b }
        if
        :: owned -> assert(owner == me); d_step { moving = moving & ~b; list = list | b; listed++ }
        :: else -> push(b)
        fi
    :: !(live & b)
    fi
}

inline take() {
    do
    :: READ();
        if
        :: c == 0 -> break
        :: else -> atomic { CAS(c, OWNED, 0, OWNED); if :: won -> k = remote; remote = 0 :: else fi }
            if
            :: won -> d_step { list = list | k; listed = listed + SIZE(k); k = 0 }; break
            :: else
            fi
        fi
    od
}

proctype thread(byte me) {
    byte c, s, k, go, ops;
    bit won, owned;
    do
    :: ops < OPS -> ops++;
        if
        :: true -> allocate()
        :: true -> free_one(1)
        :: true -> free_one(2)
        :: true -> free_one(4)
        :: !owned -> uncarve_partial()
        :: owned -> take(); uncarve()
        :: owned -> release()
        fi;
        atomic { c = 0; s = 0; k = 0; won = 0 }
    :: else -> break
    od;
    if
    :: owned -> release()
    :: else
    fi;
    ended++
}

init {
    atomic {
        /* Two blocks are with the program, one is free on the private list of nobody. */
        state = PARTIAL; slot_free = 0; live = START_LIVE; count = CAPACITY - SIZE(START_LIVE);
        list = ALL & ~START_LIVE; listed = count; carved = CAPACITY;
        run thread(1);
        run thread(2)
#if NT > 2
        ; run thread(3)
#endif
    }
    ended == NT;
    assert(state != OWNED && owner == 0 && moving == 0 && (state == FREE) == slot_free);
    assert(state != FREE || live == 0);
    assert(state != FULL || live == ALL);
    if
    :: state == PARTIAL ->
        assert(live != 0 && count == CAPACITY - SIZE(live));
        assert((live | list | remote | ABSENT(holes)) == ALL);
        assert(SIZE(live) + SIZE(list) + SIZE(remote) + SIZE(ABSENT(holes)) == CAPACITY);
        assert(listed == SIZE(list) && carved == CAPACITY - SIZE(ABSENT(holes)))
    :: else
    fi
}
