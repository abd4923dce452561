/* slots: a pool of several slots, each with a countdown and a map entry of its own, and the quota that gives it up
 * while others push (lib/cache/quota.c, ep__free_settle, ep__pool_wind, ep__pool_map).
 *
 * One pool, two slots, blocks 0.. of which the first half starts in slot 0; two threads, either of which may own it.
 * An owner's free into slot i counts countdown i down; at zero the whole pool is settled.  What was freed since the
 * last event is the sum over the slots.  Quota and charges count blocks, not bytes.  Lists are sets here.
 *
 * Claims: counts drawn from the countdowns are exact; a pool's charge is never below what its list holds; a pool
 * all of whose blocks its owner has freed has been settled, and so gone back; nothing is concluded from a current
 * pool's parked countdown, though it runs out; release keeps every block while others push; an owner's map entries
 * name it in all slots, and nobody's in none after it.
 * Left out: carving (all blocks exist), reserves (a wholly free pool always goes), the order by age.
 *
 * verify: -DOPS=5 -DOTHER=2
 * verify: -DNB=3 -DOPS=4 -DOTHER=4
 * cycles: -DOPS=3 -DOTHER=3
 * long: -DOPS=5 -DOTHER=5
 * fault: -DOPS=5 -DOTHER=3 -DSTEP_WHOLE         each countdown starts at the whole number of frees, not its share
 * fault: -DOPS=5 -DOTHER=3 -DCOUNT_FIRST_SLOT   what was freed is read from the first slot's countdown
 * fault: -DOPS=5 -DOTHER=3 -DWIND_FIRST_SLOT    an event starts the first slot's countdown only
 * fault: -DOPS=5 -DOTHER=3 -DMAP_FIRST_SLOT     giving up resets the first slot's map entry only
 * fault: -DOPS=5 -DOTHER=3 -DCURRENT_EVENT      a current pool whose parked countdown has run out is settled
 * fault: -DOPS=5 -DOTHER=3 -DCHARGE_LATE        the old charge is computed after the count
 * fault: -DOPS=5 -DOTHER=3 -DRELEASE_ONCE       release concludes from the word it first saw
 * fault: -DOPS=5 -DOTHER=3 -DSETTLE_IN_PLACE    settling counts others' frees without taking them
 */
#ifndef NB
#define NB 4
#endif
#define FREE 0
#define OWNED 1
#define FULL 2
#define PARTIAL 3
#define NO_STEP 9 /* nothing can come back */
#define PARK 3    /* small, so that it runs out */
#define USABLE_AT 1
#define ALL_BLOCKS ((1 << NB) - 1)
#define BIT(i) (1 << (i))
#define COUNT(m) (((m) & 1) + (((m) >> 1) & 1) + (((m) >> 2) & 1) + (((m) >> 3) & 1))
#define LOWEST(m) (((m) & 1) -> 0 : (((m) & 2) -> 1 : (((m) & 4) -> 2 : 3)))
#define SLOT(b) ((b) / 2)
#define NOWHERE 0
#define CURRENT 1
#define HELD 2

byte pushed, count, state = OWNED; /* the word, its list as a set */
byte map[2];
byte list, listed, step, countdown[2], place; /* private */
byte live = ALL_BLOCKS, owner = 1;            /* ghosts; at the start every block is out */
byte ended;

#define CAS(l, c, s, l2, c2, s2)                                                                   \
    won = 0;                                                                                       \
    if                                                                                             \
    :: pushed == (l) && count == (c) && state == (s) -> pushed = (l2); count = (c2); state = (s2); won = 1 \
    :: else                                                                                        \
    fi
#define READ() d_step { l = pushed; c = count; s = state }
#define CHARGE (listed + (step == NO_STEP -> 0 : step * 2))
#ifdef COUNT_FIRST_SLOT
#define LISTED (listed + (step - countdown[0]))
#else
#define LISTED (listed + (step - countdown[0]) + (step - countdown[1]))
#endif

/* The owner's alone, so it takes one step. */
inline start(steps) {
    step = steps; countdown[0] = steps;
#ifndef WIND_FIRST_SLOT
    countdown[1] = steps
#endif
}

inline wind() {
    x = (listed < USABLE_AT -> USABLE_AT : NB / 2);
    x = (x > listed && x - listed < NB - listed -> x - listed : NB - listed);
#ifdef STEP_WHOLE
    start((x == 0 -> NO_STEP : x));
#else
    start((x == 0 -> NO_STEP : (x + 1) / 2));
#endif
    x = 0
}

inline count_list(added) {
    listed = LISTED + added; start(0);
    assert(listed == COUNT(list))
}

inline enlist() {
    d_step { place = HELD; wind(); held = held + CHARGE }
}

inline delist() {
    d_step {
#ifdef CHARGE_LATE
        count_list(0); held = held - CHARGE;
#else
        held = held - CHARGE; count_list(0);
#endif
        assert(held == 0); place = NOWHERE
    }
}

inline unmap() {
    map[0] = 0;
#ifndef MAP_FIRST_SLOT
    map[1] = 0
#endif
}

/* The thread has `list`, on no list of its own. */
inline release() {
    assert(owner == me); mine = 0; unmap(); READ();
    do
    :: assert(s == OWNED);
        if
        :: listed + c == NB -> atomic { CAS(l, c, OWNED, 0, 0, OWNED) }
            if
            :: won -> atomic { CAS(0, 0, OWNED, 0, 0, FREE); assert(won && live == 0); owner = 0; list = 0 }
                break
            :: else
            fi
        :: listed + c == 0 -> atomic { CAS(0, 0, OWNED, 0, 0, FULL); if :: won -> owner = 0 :: else fi }
            if
            :: won -> break
            :: else
            fi
        :: else ->
#ifdef RELEASE_ONCE
            atomic { l = pushed; CAS(l, count, OWNED, l, c + listed, PARTIAL); if :: won -> owner = 0 :: else fi }
#else
            atomic { CAS(l, c, OWNED, l, c + listed, PARTIAL); if :: won -> owner = 0 :: else fi }
#endif
            if
            :: won -> break
            :: else
            fi
        fi;
        READ()
    od
}

inline take_remote(into) {
    READ();
    do
    :: c > 0 -> atomic { CAS(l, c, OWNED, 0, 0, OWNED) }
        if
        :: won -> into = into | l; break
        :: else -> READ()
        fi
    :: c == 0 -> break
    od
}

inline settle() {
#ifdef SETTLE_IN_PLACE
    READ();
    d_step { held = held - CHARGE; listed = LISTED + c; wind(); held = held + CHARGE; x = 0 }
#else
    take_remote(list);
    skip;
    d_step { held = held - CHARGE; count_list(c); wind(); held = held + CHARGE; x = 0 }
#endif
    if
    :: listed == NB -> delist(); release()
    :: else
    fi
}

inline make_current() {
    d_step { popped = list; list = 0; listed = 0; place = CURRENT; start(PARK) }
}

inline refill() {
    if
    :: mine && place == CURRENT -> take_remote(popped);
        if
        :: popped == 0 -> listed = 0; enlist()
        :: else
        fi
    :: mine && place == HELD -> delist(); make_current()
    :: !mine -> READ();
        if
        :: s == PARTIAL -> atomic { CAS(l, c, PARTIAL, 0, 0, OWNED); if :: won -> assert(owner == 0); owner = me :: else fi }
            if
            :: won -> assert(!(list & l)); mine = 1; map[0] = me; map[1] = me; list = list | l; make_current()
            :: else
            fi
        :: else
        fi
    fi
}

inline allocate() {
    if
    :: mine && place == CURRENT && popped != 0
    :: else -> refill()
    fi;
    if
    :: mine && place == CURRENT && popped != 0 ->
        d_step { b = LOWEST(popped); popped = popped & ~BIT(b); assert(owner == me && !(live & BIT(b)));
            live = live | BIT(b); b = 0 }
    :: else
    fi
}

inline free_local() {
    if
    :: place == CURRENT -> d_step { popped = popped | BIT(b); countdown[SLOT(b)]-- }
        if
        :: countdown[SLOT(b)] == 0 ->
#ifdef CURRENT_EVENT
            d_step { list = popped; popped = 0; held = 0; place = HELD; held = CHARGE } settle()
#else
            countdown[SLOT(b)] = PARK
#endif
        :: else
        fi
    :: else -> d_step { list = list | BIT(b); countdown[SLOT(b)]--; assert(COUNT(list) <= CHARGE) }
        if
        :: countdown[SLOT(b)] == 0 -> settle()
        :: else -> assert(list != ALL_BLOCKS)
        fi
    fi
}

inline push() {
    do
    :: READ(); assert(s != FREE);
        if
        :: s == FULL -> atomic { CAS(0, 0, FULL, 0, 0, OWNED); if :: won -> assert(owner == 0); owner = me :: else fi }
            if
            :: won -> d_step { mine = 1; list = BIT(b); listed = 1 } map[0] = me; map[1] = me; enlist(); break
            :: else
            fi
        :: s == FULL -> atomic { CAS(0, 0, FULL, BIT(b), 1, PARTIAL) }
            if
            :: won -> break
            :: else
            fi
        :: s == PARTIAL && c + 1 == NB -> atomic { CAS(l, c, PARTIAL, 0, 0, FREE); assert(!won || live == 0) }
            if
            :: won -> list = 0; break
            :: else
            fi
        :: s == OWNED || (s == PARTIAL && c + 1 < NB) -> assert(!(l & BIT(b)));
            atomic { CAS(l, c, s, l | BIT(b), c + 1, s) }
            if
            :: won -> break
            :: else
            fi
        fi
    od
}

inline free_any() {
    if
    :: live == 0
    :: atomic { live & 1 -> live = live & ~1; b = 0 }
    :: atomic { live & 2 -> live = live & ~2; b = 1 }
    :: atomic { live & 4 -> live = live & ~4; b = 2 }
    :: atomic { live & 8 -> live = live & ~8; b = 3 }
    :: true -> b = NB
    fi;
    if
    :: b == NB
    :: b < NB && map[SLOT(b)] == me -> assert(owner == me); free_local()
    :: b < NB && map[SLOT(b)] != me -> assert(owner != me); push()
    fi
}

/* Over the quota, idle, or exiting. */
inline give_up() {
    if
    :: mine && place == HELD -> delist(); release()
    :: mine && place == CURRENT ->
        d_step { list = popped; listed = COUNT(popped); popped = 0; place = NOWHERE; start(0) } release()
    :: !mine
    fi
}

proctype thread(byte me; byte most) {
    byte popped, held, l, c, s, b, x, ops;
    bit mine, won;
    if
    :: owner == me -> mine = 1; make_current(); map[0] = me; map[1] = me
    :: else
    fi;
    do
    :: ops < most -> ops++; b = NB;
        if
        :: true -> allocate()
        :: true -> free_any()
        :: true -> give_up()
        fi;
        atomic { l = 0; c = 0; s = 0; won = 0; b = 0; x = 0 }
    :: else -> break
    od;
    give_up();
    ended++
}

init {
    atomic {
        run thread(1, OPS);
        run thread(2, OTHER)
    }
    ended == 2;
    assert(state != OWNED && owner == 0 && map[0] == 0 && map[1] == 0);
    assert(state != FREE || live == 0);
    assert(state != FULL || (live == ALL_BLOCKS && count == 0));
    assert(state != PARTIAL || (live != 0 && count == NB - COUNT(live)));
    assert(state != PARTIAL || ((list | pushed | live) == ALL_BLOCKS && !(list & pushed)))
}
