/* reborn: a slot whose pool dies and is born again for another class, under the eyes of searchers with old hints
 * (lib/pool/partial.c, ep__pool_claim).
 *
 * One slot, two classes of unequal capacity, a hint for each.  Blocks are counts here: word.pml has the lists.
 * The word has no generation, so that the second look at the class is all that protects a claim.
 *
 * Claims: a thread allocates only from a pool of the class it wants; a wrong claim loses nothing; an all-free
 * pool goes back to the arena; at rest a PARTIAL pool is hinted under its own class.
 * Left out: the order of the kind against the word (docs/orderings.md), several slots.
 *
 * verify: -DNT=2 -DOPS=5
 * verify: -DNT=3 -DOPS=1
 * long: -DNT=3 -DOPS=2
 * cycles: -DNT=2 -DOPS=3
 * fault: -DNT=2 -DOPS=4 -DNO_SECOND_CLASS   the class is not checked again after the claim
 * fault: -DNT=2 -DOPS=4 -DUNEQUAL=0 -DWRONG_HINT a pool claimed in error is hinted under the class that was wanted
 * fault: -DNT=2 -DOPS=4 -DKEEPS_WRONG_CLAIM a pool claimed in error is not released
 */
#define FREE 0
#define OWNED 1
#define FULL 2
#define PARTIAL 3
#ifndef UNEQUAL
#define UNEQUAL 1
#endif
#define CAPACITY(class) ((class) * UNEQUAL + 2)

byte count, state; /* the word */
byte kind;         /* the map's: the class, for any reader */
byte class;        /* the descriptor's: for the owner, and for who has a block */
byte listed;       /* private */
bit hint[2];
bit slot_free = 1;
byte live, owner; /* ghosts */
byte ended;

#define CAS(c, s, c2, s2)                                                                          \
    won = 0;                                                                                       \
    if                                                                                             \
    :: count == (c) && state == (s) -> count = (c2); state = (s2); won = 1                         \
    :: else                                                                                        \
    fi
#define READ() d_step { c = count; s = state }

/* The word is FREE by now. */
inline give_slot_back() {
    atomic { assert(!slot_free && live == 0); slot_free = 1 }
}

inline release(hinted_class) {
    owned = 0;
    do
    :: READ(); assert(s == OWNED && owner == me);
        if
        :: listed + c == CAPACITY(class) -> atomic { CAS(c, OWNED, 0, FREE); if :: won -> owner = 0 :: else fi }
            if
            :: won -> give_slot_back(); break
            :: else
            fi
        :: listed + c == 0 -> atomic { CAS(0, OWNED, 0, FULL); if :: won -> owner = 0 :: else fi }
            if
            :: won -> break
            :: else
            fi
        :: else ->
            k = hinted_class;
            atomic { CAS(c, OWNED, c + listed, PARTIAL); if :: won -> owner = 0 :: else fi }
            if
            :: won -> hint[k] = 1; break
            :: else
            fi
        fi
    od
}

inline claim(w) {
    READ();
    if
    :: s == PARTIAL ->
        if
        :: kind == w ->
            /* listed becomes what is not live: the list and the private one together. */
            atomic { CAS(c, PARTIAL, 0, OWNED); if :: won -> assert(owner == 0); owner = me; listed = c :: else fi }
            if
            :: won -> owned = 1;
#ifndef NO_SECOND_CLASS
                if
                :: class == w
                :: else ->
#ifdef WRONG_HINT
                    release(w)
#else
#ifdef KEEPS_WRONG_CLAIM
                    owned = 0
#else
                    release(class)
#endif
#endif
                fi
#endif
            :: else
            fi
        :: else
        fi
    :: else
    fi;
    hint[w] = 0;
    if
    :: state == PARTIAL && kind == w -> hint[w] = 1
    :: else
    fi
}

inline acquire(w) {
    atomic { won = slot_free; slot_free = 0 }
    if
    :: won -> assert(state == FREE && live == 0 && owner == 0);
        class = w; listed = CAPACITY(w); kind = w;
        d_step { state = OWNED; owner = me; owned = 1 }
    :: else
    fi
}

inline allocate(w) {
    if
    :: owned && (class != w || listed == 0) -> release(class)
    :: else
    fi;
    if
    :: !owned && hint[w] -> claim(w)
    :: !owned && !hint[w] -> acquire(w)
    :: owned
    fi;
    if
    :: owned && listed > 0 -> assert(owner == me && class == w);
        d_step { listed--; live++ }
    :: else
    fi
}

inline push() {
    do
    :: READ(); assert(s != FREE);
        if
        :: s == FULL -> atomic { CAS(0, FULL, 0, OWNED); if :: won -> assert(owner == 0); owner = me :: else fi }
            if
            :: won -> listed = 1; owned = 1; break
            :: else
            fi
        :: s == FULL -> k = class; atomic { CAS(0, FULL, 1, PARTIAL) }
            if
            :: won -> hint[k] = 1; break
            :: else
            fi
        :: s == PARTIAL && c + 1 == CAPACITY(class) -> atomic { CAS(c, PARTIAL, 0, FREE) }
            if
            :: won -> give_slot_back(); break
            :: else
            fi
        :: s == OWNED || (s == PARTIAL && c + 1 < CAPACITY(class)) -> k = class; atomic { CAS(c, s, c + 1, s) }
            if
            :: won && s == PARTIAL -> hint[k] = 1; break
            :: won && s == OWNED -> break
            :: else
            fi
        fi
    od
}

inline free_any() {
    if
    :: atomic { live > 0 -> live-- }
        /* The live count went first, so that nobody frees the block again; its pool cannot die before the push. */
        if
        :: owned -> assert(owner == me); listed++;
            if
            :: listed == CAPACITY(class) -> release(class)
            :: else
            fi
        :: else -> push()
        fi
    :: live == 0
    fi
}

proctype thread(byte me) {
    byte c, s, k, ops;
    bit won, owned;
    do
    :: ops < OPS -> ops++;
        if
        :: true -> allocate(0)
        :: true -> allocate(1)
        :: true -> free_any()
        :: owned -> release(class)
        fi;
        atomic { c = 0; s = 0; k = 0; won = 0 }
    :: else -> break
    od;
    if
    :: owned -> release(class)
    :: else
    fi;
    ended++
}

init {
    atomic {
        run thread(1);
        run thread(2)
#if NT > 2
        ; run thread(3)
#endif
    }
    ended == NT;
    assert(state != OWNED && owner == 0 && (state == FREE) == slot_free);
    assert(state != FREE || live == 0);
    assert(state != FULL || live == CAPACITY(class));
    assert(state != PARTIAL || (live > 0 && count == CAPACITY(class) - live && hint[class]))
}
