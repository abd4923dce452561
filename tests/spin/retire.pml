/* retire: one arena's life after life (lib/arena/retire.c, lib/arena/arena.c): slots are taken and given back, the
 * arena is retired, its range taken again, its commit charge given back after a grace period, and all the while
 * sweepers take what they find and a walker looks.
 *
 * One arena of two slots, which may be all free and retired at any time.  The set of retired ranges is one bit,
 * taken by who removes it (hints.pml has the set's levels).  A grace period is the set of sections that were open at
 * the deferral (epoch.pml has how that is found out); a section that ends leaves the set.
 *
 * Claims: who holds a slot has committed memory that nobody purges; a slot has one holder; a purge of the whole
 * range meets no holder; a walker that saw the arena in use can read its range till its section ends; the entry is
 * filed once at a time.
 * Left out: purge of single slots, buckets, several arenas, un-carving (not built).
 *
 * verify: -DUSERS=2 -DPURGERS=1 -DOPS=2
 * verify: -DUSERS=1 -DPURGERS=2 -DOPS=3
 * verify: -DUSERS=1 -DPURGERS=1 -DOPS=4 -DPURGES=3 -DWALKS=2
 * cycles: -DUSERS=2 -DPURGERS=1 -DOPS=1
 * long: -DUSERS=2 -DPURGERS=2 -DOPS=1 -DWALKS=2 -DPURGES=3
 * fault: -DUSERS=2 -DPURGERS=1 -DOPS=1 -DRETIRE_BY_STORE       the word is read and then cleared by a store
 * fault: -DUSERS=2 -DPURGERS=1 -DOPS=1 -DSET_BEFORE_PURGE      the range is in the set before its pages have gone
 * fault: -DUSERS=2 -DPURGERS=1 -DOPS=1 -DWORD_FIRST            the word is stored before the range is committed
 * fault: -DUSERS=2 -DPURGERS=1 -DOPS=1 -DTAKE_UNASKED          a creator does not ask whether it took the range
 * fault: -DUSERS=2 -DPURGERS=1 -DOPS=1 -DNO_GRACE_PERIOD       the commit charge goes back at once
 * fault: -DUSERS=2 -DPURGERS=1 -DOPS=1 -DNO_RETIREMENT_NUMBER  a due entry does not ask which retirement it is about
 * fault: -DUSERS=1 -DPURGERS=2 -DOPS=2 -DENTRY_FREED_FIRST     a due entry may be filed anew before it is carried out
 */
#ifndef WALKS
#define WALKS 1
#endif
#ifndef PURGES
#define PURGES 2
#endif
#define WALKER 1
#define PURGER(i) (2 << (i))

byte word = 3;                 /* free_slots */
bit in_use = 1, committed = 1; /* committed: is_committed, and that the kernel lets the range be read */
bit retired;                   /* the set */
byte retirements, filed_retirement;
bit is_filed;
bit waiting; /* the entry, in whose record does not matter */
/* ghosts */
byte sections;  /* open ones */
byte awaited;   /* those the entry waits for */
byte holder[2]; /* by slot */
bit purging;
byte ended;

inline leave_section(who) {
    atomic { sections = sections & ~who; awaited = awaited & ~who }
}

inline retire() {
#ifdef RETIRE_BY_STORE
    won = (word == 3);
    if
    :: won -> word = 0
    :: else
    fi;
#else
    atomic { won = (word == 3); word = (won -> 0 : word) }
#endif
    if
    :: won ->
#ifdef SET_BEFORE_PURGE
        retirements++; in_use = 0; retired = 1;
#endif
        atomic { assert(!holder[0] && !holder[1]); purging = 1 }
        purging = 0;
#ifndef SET_BEFORE_PURGE
        retirements++; in_use = 0; retired = 1
#endif
    :: else
    fi
}

/* Slot i is the caller's. */
inline use_and_give_back(i) {
    assert(committed && !purging && holder[i] == me);
    assert(committed && !purging && holder[i] == me);
    atomic { holder[i] = 0; assert(!(word & (1 << i))); word = word | (1 << i); won = (word == 3) }
    if
    :: won -> retire()
    :: true
    fi
}

/* A sweeper: in no section, of whatever arena it finds. */
inline take(i) {
    atomic {
        won = ((word & (1 << i)) != 0); word = word & ~(1 << i);
        if
        :: won -> assert(!holder[i]); holder[i] = me
        :: else
        fi
    }
    if
    :: won -> use_and_give_back(i)
    :: else
    fi
}

inline create() {
    atomic { won = retired; retired = 0 }
#ifdef TAKE_UNASKED
    won = 1;
#endif
    if
    :: won ->
        atomic { assert(!holder[0]); holder[0] = me }
#ifdef WORD_FIRST
        in_use = 1; word = 2; committed = 1;
#else
        committed = 1; in_use = 1; word = 2;
#endif
        use_and_give_back(0)
    :: else
    fi
}

proctype user(byte me) {
    byte ops;
    bit won;
    do
    :: ops < OPS -> ops++;
        if
        :: take(0)
        :: take(1)
#ifdef TAKE_UNASKED
        :: !in_use -> create()
#else
        :: retired -> create()
#endif
        :: true -> retire() /* a purge */
        fi;
        won = 0
    :: else -> break
    od;
    ended++
}

proctype walker() {
    byte walks;
    do
    :: walks < WALKS -> walks++;
        sections = sections | WALKER;
        if
        :: in_use -> assert(committed); assert(committed)
        :: else
        fi;
        leave_section(WALKER)
    :: else -> break
    od;
    ended++
}

inline release_commit_charge() {
#ifdef ENTRY_FREED_FIRST
    is_filed = 0;
#endif
    atomic { mine = retired; retired = 0 }
    if
#ifdef NO_RETIREMENT_NUMBER
    :: mine -> committed = 0
#else
    :: mine && retirements == filed_retirement -> committed = 0
#endif
    :: else
    fi;
#ifndef ENTRY_FREED_FIRST
    is_filed = 0;
#endif
    if
    :: mine -> retired = 1
    :: else
    fi
}

inline file_release(me) {
    sections = sections | me;
    atomic { mine = retired; retired = 0 }
    if
    :: mine ->
        if
        :: committed && !is_filed ->
            filed_retirement = retirements; is_filed = 1;
#ifdef NO_GRACE_PERIOD
            atomic { assert(!waiting); waiting = 1; awaited = 0 }
#else
            atomic { assert(!waiting); waiting = 1; awaited = sections }
#endif
        :: else
        fi;
        retired = 1
    :: else
    fi;
    leave_section(me)
}

proctype purger(byte me) {
    byte purges;
    bit mine, due;
    do
    :: purges < PURGES -> purges++;
        file_release(me);
        atomic { due = waiting && awaited == 0; waiting = waiting && !due }
        if
        :: due -> release_commit_charge()
        :: else
        fi
    :: else -> break
    od;
    ended++
}

init {
    atomic {
        run user(1);
#if USERS > 1
        run user(2);
#endif
        run walker();
#if PURGERS > 1
        run purger(PURGER(1));
#endif
        run purger(PURGER(0))
    }
    ended == USERS + 1 + PURGERS;
    assert(holder[0] == 0 && holder[1] == 0 && sections == 0);
    assert(in_use == !retired && (word == 3) == in_use && waiting == is_filed)
}
