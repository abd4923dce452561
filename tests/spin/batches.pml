/* batches: blocks of other threads' pools, withheld and handed back later (lib/cache/batch.c).
 *
 * Two pools of two blocks, all of them out at the start; thread 1 owns both.  Every thread has one place for an open
 * batch, which blocks of its pool join without a look at the word, so that the pool may have changed hands, and state,
 * by the time it is sent.  A FULL pool is adopted by who sends; an exiting thread sends without adopting, and then
 * releases what it owns.  Lists are sets here.
 *
 * Claims: a batch never meets FREE and never makes a count exceed the capacity; each block is freed once; no block
 * stays behind with an exited thread, and no pool; a pool all of whose blocks are free has gone back.
 * Left out: the bound in bytes, allocation (word.pml), the order of the places.
 *
 * verify: -DNT=2 -DOPS=4
 * verify: -DNT=3 -DOPS=1
 * cycles: -DNT=2 -DOPS=2
 * long: -DNT=3 -DOPS=2
 * fault: -DNT=2 -DOPS=4 -DJOIN_ANY        a block joins the open batch whichever pool that is for
 * fault: -DNT=2 -DOPS=4 -DKEEPS_PLACE     a batch that was sent stays in its place
 * fault: -DNT=2 -DOPS=4 -DLEFT_AT_EXIT    an exiting thread does not send its batch
 * fault: -DNT=2 -DOPS=4 -DADOPTS_AT_EXIT  an exiting thread releases its pools first, and adopts when it sends
 * fault: -DNT=2 -DOPS=4 -DPUSH_AS_OPENED  a batch is pushed as into the state that it was opened for
 * fault: -DNT=2 -DOPS=4 -DCOUNT_ONE       a batch counts for one block
 */
#define NONE 2
#define FREE 0
#define OWNED 1
#define FULL 2
#define PARTIAL 3
#define NB 2
#define ALL_BLOCKS 3
#define COUNT(m) (((m) & 1) + (((m) >> 1) & 1))

byte pushed[2], count[2], state[2]; /* the words, their lists as sets */
byte map[2];
byte list[2];           /* private */
byte live[2], owner[2]; /* ghosts; live: not yet handed to free */
byte ended;

#define CAS(p, l, c, s, l2, c2, s2)                                                                \
    won = 0;                                                                                       \
    if                                                                                             \
    :: pushed[p] == (l) && count[p] == (c) && state[p] == (s) ->                                   \
        pushed[p] = (l2); count[p] = (c2); state[p] = (s2); won = 1                                \
    :: else                                                                                        \
    fi
#define READ(p) d_step { l = pushed[p]; c = count[p]; s = state[p] }

inline release(p) {
    assert(owner[p] == me); map[p] = 0;
    do
    :: READ(p); assert(s == OWNED);
        if
        :: COUNT(list[p]) + c == NB -> atomic { CAS(p, l, c, OWNED, 0, 0, OWNED) }
            if
            :: won -> atomic { CAS(p, 0, 0, OWNED, 0, 0, FREE); assert(won && live[p] == 0); owner[p] = 0; list[p] = 0 }
                break
            :: else
            fi
        :: COUNT(list[p]) + c == 0 -> atomic { CAS(p, 0, 0, OWNED, 0, 0, FULL); if :: won -> owner[p] = 0 :: else fi }
            if
            :: won -> break
            :: else
            fi
        :: else -> assert(c + COUNT(list[p]) < NB);
            atomic { CAS(p, l, c, OWNED, l, c + COUNT(list[p]), PARTIAL); if :: won -> owner[p] = 0 :: else fi }
            if
            :: won -> break
            :: else
            fi
        fi
    od
}

#ifdef COUNT_ONE
#define SIZE(m) 1
#else
#define SIZE(m) COUNT(m)
#endif

/* Pushes `set` of pool p. */
inline push(p, set, adopts) {
    do
    :: READ(p);
#ifdef PUSH_AS_OPENED
        s = OWNED; atomic { won = 1; pushed[p] = pushed[p] | set; count[p] = count[p] + COUNT(set) }
        break
#endif
        assert(s != FREE && c + SIZE(set) <= NB && !(l & set));
        if
        :: s == FULL && SIZE(set) == NB -> atomic { CAS(p, 0, 0, FULL, 0, 0, FREE); assert(!won || live[p] == 0) }
        :: s == FULL && SIZE(set) < NB && (adopts) ->
            atomic { CAS(p, 0, 0, FULL, 0, 0, OWNED); if :: won -> assert(owner[p] == 0); owner[p] = me :: else fi }
            if
            :: won -> list[p] = set; map[p] = me
            :: else
            fi
        :: s == FULL && SIZE(set) < NB && !(adopts) -> atomic { CAS(p, 0, 0, FULL, set, SIZE(set), PARTIAL) }
        :: s == PARTIAL && c + SIZE(set) == NB ->
            atomic { CAS(p, l, c, PARTIAL, 0, 0, FREE); assert(!won || live[p] == 0); if :: won -> list[p] = 0 :: else fi }
        :: else -> atomic { CAS(p, l, c, s, l | set, c + SIZE(set), s) }
        fi;
        if
        :: won -> break
        :: else
        fi
    od
}

inline send(adopts) {
    if
    :: batch_pool != NONE -> push(batch_pool, batch, adopts);
#ifndef KEEPS_PLACE
        batch_pool = NONE; batch = 0
#endif
    :: batch_pool == NONE
    fi
}

/* Block b, a set of one. */
inline free_remote(p) {
#ifdef JOIN_ANY
    if
    :: batch_pool != NONE -> batch = batch | b
    :: batch_pool == NONE ->
#else
    if
    :: batch_pool == p -> batch = batch | b
    :: batch_pool != p -> send(1);
#endif
        if
        :: state[p] == OWNED || state[p] == PARTIAL -> batch_pool = p; batch = b
        :: else -> push(p, b, 1)
        fi
    fi;
    if
    :: batch == ALL_BLOCKS -> send(1) /* full */
    :: batch != ALL_BLOCKS
    fi
}

inline free_any() {
    if
    :: atomic { live[0] & 1 -> live[0] = live[0] & ~1; p = 0; b = 1 }
    :: atomic { live[0] & 2 -> live[0] = live[0] & ~2; p = 0; b = 2 }
    :: atomic { live[1] & 1 -> live[1] = live[1] & ~1; p = 1; b = 1 }
    :: atomic { live[1] & 2 -> live[1] = live[1] & ~2; p = 1; b = 2 }
    :: live[0] == 0 && live[1] == 0 -> p = NONE
    fi;
    if
    :: p == NONE
    :: p != NONE && map[p] == me -> assert(owner[p] == me); list[p] = list[p] | b;
        if
        :: list[p] == ALL_BLOCKS -> release(p)
        :: else
        fi
    :: p != NONE && map[p] != me -> free_remote(p)
    fi
}

inline release_all() {
    if
    :: owner[0] == me -> release(0)
    :: owner[0] != me
    fi;
    if
    :: owner[1] == me -> release(1)
    :: owner[1] != me
    fi
}

proctype thread(byte me) {
    byte batch_pool = NONE, batch, l, c, s, p, b, ops;
    bit won;
    do
    :: ops < OPS -> ops++;
        if
        :: true -> free_any()
        :: true -> send(1)
        :: owner[0] == me -> release(0)
        :: owner[1] == me -> release(1)
        fi;
        atomic { l = 0; c = 0; s = 0; p = 0; b = 0; won = 0 }
    :: else -> break
    od;
#ifdef ADOPTS_AT_EXIT
    release_all(); send(1);
#else
#ifndef LEFT_AT_EXIT
    send(0);
#endif
    release_all();
#endif
    ended++
}

inline check(p) {
    assert(state[p] != OWNED && owner[p] == 0 && map[p] == 0);
    assert((state[p] == FREE) == (live[p] == 0));
    assert(state[p] != FULL || (live[p] == ALL_BLOCKS && count[p] == 0));
    assert(state[p] != PARTIAL || (count[p] == NB - COUNT(live[p]) && (pushed[p] | list[p] | live[p]) == ALL_BLOCKS))
}

init {
    atomic {
        map[0] = 1; map[1] = 1; owner[0] = 1; owner[1] = 1; live[0] = ALL_BLOCKS; live[1] = ALL_BLOCKS;
        state[0] = OWNED; state[1] = OWNED;
        run thread(1);
        run thread(2)
#if NT > 2
        ; run thread(3)
#endif
    }
    ended == NT;
    check(0);
    check(1)
}
