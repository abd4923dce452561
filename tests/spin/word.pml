/* word: the ownership word of one-slot pools (lib/pool/pool.h), from birth of a thread to its exit.
 *
 * Threads allocate, free any live block of any thread, go idle and exit; control blocks (ids) are used again.
 * Blocks lie on linked lists; a word is head : count : state, without the generation, which the real word has
 * and does not need.  Batches hold blocks of one pool, up to two.  The map, the hints and the arena's word are
 * there; retirement is retire.pml's.  One statement is one access to one shared word.
 *
 * Claims: only an owner touches private fields, and it knows that it is one; nobody is given a live block; a free never meets FREE; at rest
 * every block is live or on exactly one list, counts are exact, an all-free pool has gone back to its arena,
 * a PARTIAL one is hinted, and the map names nobody.
 * Length: above 400 lines, because the steps of one word are one argument.
 * Left out: weak memory, un-carving (not built), carving, several slots (slots.pml), two classes (reborn.pml).
 *
 * verify: -DOPS=4
 * verify: -DNB=3 -DOPS=3
 * verify: -DNP=2 -DOPS=3
 * verify: -DOPS=2 -DLIVES=2
 * verify: -DNT=3 -DOPS=1
 * cycles: -DOPS=2
 * long: -DOPS=5
 * long: -DNB=3 -DOPS=4
 * fault: -DOPS=3 -DDISOWN_BY_STORE     an owner makes its pool FULL by a store
 * fault: -DOPS=3 -DCLAIM_LEAVES_LIST   a claim does not take the list with it
 * fault: -DOPS=3 -DNO_SECOND_LOOK      a hint is cleared and the word not read again
 * fault: -DOPS=3 -DHINT_FIRST          the hint is set before the word is PARTIAL
 * fault: -DOPS=3 -DRELEASE_UNCHECKED   release does not ask whether all blocks are free
 * fault: -DOPS=3 -DPRIVATE_COUNT       in PARTIAL the count is the list's; the private one is read beside it
 * fault: -DOPS=1 -DLIVES=2 -DID_EARLY  the id is released before the pools are
 * fault: -DOPS=3 -DMAP_LATE            the map entry is reset after the pool has been given up
 * fault: -DOPS=3 -DBIT_FIRST           the bit goes into the arena's word before the word is FREE
 * waits: -DOPS=2 -DWAITS              a push waits for the owner to let go of the pool
 */
#ifndef NT
#define NT 2
#endif
#ifndef NP
#define NP 1
#endif
#ifndef NB
#define NB 2
#endif
#ifndef LIVES
#define LIVES 1
#endif
#define NONE 9
#define FREE 0
#define OWNED 1
#define FULL 2
#define PARTIAL 3
#define ALL_BLOCKS ((1 << NB) - 1)
#define BIT(i) (1 << (i))
#define COUNT(m) (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1))
#define LOWEST(m) (((m) & 1) -> 0 : (((m) & 2) -> 1 : 2))
#ifdef PRIVATE_COUNT
#define PRIVATE(n) 0
#else
#define PRIVATE(n) (n)
#endif

byte head[NP], count[NP], state[NP]; /* the word */
byte link[NP * NB];                  /* in a block: 0, or the next block's index + 1 */
byte map[NP];                        /* the owner's id, 0: nobody */
byte listed[NP];                     /* private: the owner's free blocks, a set */
byte listed_count[NP];               /* private: how many, as of the release */
bit hint[NP];
byte free_slots = (1 << NP) - 1;
byte ids;
byte live[NP], owner[NP]; /* ghosts */
byte ended;

#define CAS(p, h, c, s, h2, c2, s2)                                                                \
    won = 0;                                                                                       \
    if                                                                                             \
    :: head[p] == (h) && count[p] == (c) && state[p] == (s) ->                                     \
        head[p] = (h2); count[p] = (c2); state[p] = (s2); won = 1                                  \
    :: else                                                                                        \
    fi
#define READ(p) d_step { h = head[p]; c = count[p]; s = state[p] }

/* The chain from block x0 of pool p as a set; it is private by now. */
inline walk(p, x0, set) {
    d_step {
        x = x0; set = 0;
        do
        :: x != 0 -> assert(x <= NB && !(set & BIT(x - 1)) && !(live[p] & BIT(x - 1)));
            set = set | BIT(x - 1); x = link[p * NB + x - 1]
        :: else -> break
        od
    }
}

/* The word is FREE by now. */
inline give_slot_back(p) {
    atomic { assert(!(free_slots & BIT(p)) && live[p] == 0); free_slots = free_slots | BIT(p) }
}

/* The thread owns p and has all its blocks. */
inline empty_pool(p) {
    assert(owner[p] == me); map[p] = 0; listed[p] = 0;
#ifdef BIT_FIRST
    give_slot_back(p);
#endif
    atomic { CAS(p, 0, 0, OWNED, 0, 0, FREE); assert(won); owner[p] = 0 }
#ifndef BIT_FIRST
    give_slot_back(p)
#endif
}

inline release(p, set) {
    listed[p] = set; listed_count[p] = COUNT(set);
#ifndef MAP_LATE
    map[p] = 0;
#endif
#ifdef HINT_FIRST
    hint[p] = 1;
#endif
    do
    :: READ(p); assert(s == OWNED && owner[p] == me);
        if
#ifndef RELEASE_UNCHECKED
        :: COUNT(set) + c == NB ->
            atomic { CAS(p, h, c, OWNED, 0, 0, OWNED) }
            if
            :: won -> empty_pool(p); break
            :: else
            fi
#endif
        :: COUNT(set) + c == 0 ->
#ifdef DISOWN_BY_STORE
            atomic { head[p] = 0; count[p] = 0; state[p] = FULL; owner[p] = 0; won = 1 }
#else
            atomic { CAS(p, 0, 0, OWNED, 0, 0, FULL); if :: won -> owner[p] = 0 :: else fi }
#endif
            if
            :: won -> break
            :: else
            fi
        :: else ->
            atomic { CAS(p, h, c, OWNED, h, c + PRIVATE(COUNT(set)), PARTIAL); if :: won -> owner[p] = 0 :: else fi }
            if
            :: won ->
#ifndef HINT_FIRST
                hint[p] = 1;
#endif
                break
            :: else
            fi
        fi
    od;
#ifdef MAP_LATE
    map[p] = 0
#endif
}

/* Pushes the batch: bn blocks of pool bp, from bh to bt. */
inline flush(adopts) {
    do
    :: bn == 0 -> break
    :: else ->
        READ(bp); assert(s != FREE);
        if
        :: s == FULL && (adopts || bn == NB) ->
            link[bp * NB + bt - 1] = 0;
            if
            :: bn == NB ->
                atomic { CAS(bp, 0, 0, FULL, 0, 0, FREE) }
                if
                :: won -> bn = 0; give_slot_back(bp)
                :: else
                fi
            :: else ->
                atomic { CAS(bp, 0, 0, FULL, 0, 0, OWNED); if :: won -> assert(owner[bp] == 0); owner[bp] = me :: else fi }
                if
                :: won -> walk(bp, bh, set); listed[bp] = set; set = 0; bn = 0; mine = mine | BIT(bp); map[bp] = id
                :: else
                fi
            fi
        :: s == FULL && !adopts && bn < NB ->
            link[bp * NB + bt - 1] = 0;
            atomic { CAS(bp, 0, 0, FULL, bh, bn, PARTIAL) }
            if
            :: won -> bn = 0; hint[bp] = 1
            :: else
            fi
#ifdef PRIVATE_COUNT
        :: s == PARTIAL && c + bn + listed_count[bp] == NB ->
#else
        :: s == PARTIAL && c + bn == NB ->
#endif
            atomic { CAS(bp, h, c, PARTIAL, 0, 0, FREE); assert(!won || live[bp] == 0) }
            if
            :: won -> bn = 0; listed[bp] = 0; give_slot_back(bp)
            :: else
            fi
#ifdef WAITS
        :: s == OWNED && owner[bp] != me
        :: else ->
#else
        :: else ->
#endif
            link[bp * NB + bt - 1] = h;
            atomic { CAS(bp, h, c, s, bh, c + bn, s) }
            if
            :: won -> bn = 0;
                if
                :: s == PARTIAL -> hint[bp] = 1
                :: else
                fi
            :: else
            fi
        fi
    od;
    bp = NONE; bh = 0; bt = 0
}

inline clear_hint(p) {
    hint[p] = 0;
#ifndef NO_SECOND_LOOK
    if
    :: state[p] == PARTIAL -> hint[p] = 1
    :: else
    fi
#endif
}

inline claim(p) {
    READ(p); won = 0;
    if
    :: s == PARTIAL ->
        atomic {
#ifdef CLAIM_LEAVES_LIST
            CAS(p, h, c, PARTIAL, h, c, OWNED);
#else
            CAS(p, h, c, PARTIAL, 0, 0, OWNED);
#endif
            if :: won -> assert(owner[p] == 0); owner[p] = me :: else fi
        }
        if
        :: won -> walk(p, h, set); assert(!(set & listed[p])); popped = set | listed[p]; set = 0; listed[p] = 0;
            current = p; map[p] = id
        :: else
        fi
    :: else
    fi;
    clear_hint(p)
}

inline acquire() {
    x = free_slots;
    if
    :: x != 0 ->
        q = LOWEST(x);
        atomic {
            won = 0;
            if
            :: free_slots & BIT(q) -> free_slots = free_slots & ~BIT(q); won = 1
            :: else
            fi
        }
        if
        :: won -> assert(state[q] == FREE && live[q] == 0 && owner[q] == 0);
            d_step { owner[q] = me; head[q] = 0; count[q] = 0; state[q] = OWNED } map[q] = id; current = q;
            popped = ALL_BLOCKS; listed[q] = 0
        :: else
        fi
    :: else -> tries = 3 /* NULL */
    fi;
    x = 0; q = 0
}

/* A current pool that may have free blocks. */
inline refill() {
    if
    :: current != NONE ->
        READ(current);
        if
        :: c > 0 ->
            atomic { CAS(current, h, c, OWNED, 0, 0, OWNED) }
            if
            :: won -> walk(current, h, popped)
            :: else
            fi
        :: else -> q = current; current = NONE; release(q, 0); q = 0
        fi
    :: current == NONE && mine != 0 ->
        d_step { current = LOWEST(mine); mine = mine & ~BIT(current); popped = listed[current]; listed[current] = 0 }
    :: else ->
        if
        :: hint[0] -> claim(0)
#if NP > 1
        :: hint[1] -> claim(1)
        :: !hint[0] && !hint[1] -> acquire()
#else
        :: !hint[0] -> acquire()
#endif
        fi
    fi;
    tries++
}

inline allocate() {
    tries = 0;
    do
    :: current != NONE && popped != 0 ->
        d_step { b = LOWEST(popped); popped = popped & ~BIT(b); assert(owner[current] == me && !(live[current] & BIT(b)));
            live[current] = live[current] | BIT(b); b = 0 }
        break
    :: (current == NONE || popped == 0) && tries >= 3 -> break
    :: (current == NONE || popped == 0) && tries < 3 -> refill()
    od;
    tries = 0
}

inline free_remote(p) {
    if
    :: bn > 0 && bp != p -> flush(1)
    :: else
    fi;
    bp = p;
    if
    :: bn == 0 -> bt = b + 1; link[p * NB + b] = 0
    :: else -> link[p * NB + b] = bh
    fi;
    bh = b + 1; bn++;
    if
    :: bn < 2 && (state[p] == OWNED || state[p] == PARTIAL) /* withheld */
    :: true -> flush(1)
    fi
}

inline free_any() {
    atomic {
        q = NONE;
        if
        :: live[0] & 1 -> q = 0; b = 0
        :: live[0] & 2 -> q = 0; b = 1
        :: live[0] & 4 -> q = 0; b = 2
#if NP > 1
        :: live[1] & 1 -> q = 1; b = 0
        :: live[1] & 2 -> q = 1; b = 1
#endif
        :: else
        fi;
        if
        :: q != NONE -> live[q] = live[q] & ~BIT(b)
        :: else
        fi
    }
    if
    :: q == NONE
    :: q != NONE && map[q] == id -> assert(owner[q] == me);
        if
        :: q == current -> popped = popped | BIT(b)
        :: else -> listed[q] = listed[q] | BIT(b);
            if
            :: listed[q] == ALL_BLOCKS -> mine = mine & ~BIT(q); empty_pool(q)
            :: else
            fi
        fi
    :: else -> assert(owner[q] != me); free_remote(q)
    fi;
    q = 0; b = 0
}

inline release_all() {
    flush(0);
    if
    :: current != NONE -> q = current; current = NONE; set = popped; popped = 0; release(q, set)
    :: else
    fi;
    do
    :: mine != 0 -> d_step { q = LOWEST(mine); mine = mine & ~BIT(q); set = listed[q] } release(q, set)
    :: else -> break
    od;
    q = 0; set = 0
}

proctype thread(byte me) {
    byte id, current = NONE, popped, mine, bp = NONE, bh, bt, bn;
    byte h, c, s, set, x, b, q, tries, ops, lives;
    bit won;
    do
    :: lives < LIVES ->
        d_step { id = ((ids & 1) == 0 -> 1 : ((ids & 2) == 0 -> 2 : 4)); ids = ids | id; ops = 0 }
        do
        :: ops < OPS -> ops++;
            if
            :: true -> allocate()
            :: true -> free_any()
            :: true -> release_all()
            fi;
            h = 0; c = 0; s = 0; won = 0
        :: else -> break
        od;
#ifdef ID_EARLY
        ids = ids & ~id;
#endif
        release_all();
#ifndef ID_EARLY
        ids = ids & ~id;
#endif
        h = 0; c = 0; s = 0; won = 0; id = 0; lives++
    :: else -> break
    od;
    ended++
}

inline check(p) {
    assert(map[p] == 0 && owner[p] == 0 && state[p] != OWNED);
    assert((state[p] == FREE) == ((free_slots & BIT(p)) != 0));
    if
    :: state[p] == FREE -> assert(live[p] == 0)
    :: state[p] == FULL -> assert(live[p] == ALL_BLOCKS && count[p] == 0)
    :: else -> assert(hint[p]); walk(p, head[p], set);
        assert(!(set & listed[p]) && !(listed[p] & live[p]));
        assert((set | listed[p] | live[p]) == ALL_BLOCKS && live[p] != 0);
        assert(count[p] == NB - COUNT(live[p]) - (COUNT(listed[p]) - PRIVATE(COUNT(listed[p]))))
    fi
}

init {
    byte x, set;
    atomic {
        run thread(1);
        run thread(2)
#if NT > 2
        ; run thread(3)
#endif
    }
    ended == NT;
    d_step { check(0)
#if NP > 1
        ; check(1)
#endif
    }
}
