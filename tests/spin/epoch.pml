/* epoch: grace periods by ck_epoch, and what an exiting thread leaves behind (lib/epoch/epoch.c).
 *
 * Objects are linked; threads read them inside sections, unlink them by a read-modify-write inside a section and
 * defer their end there, poll, exit, and are followed by others on the same record.  ck_epoch is here as it is in
 * Concurrency Kit 0.7.1: a global epoch, an epoch and an active mark a record, four pending lists a record.  An
 * exiting thread pushes its lists on the stack of orphans; who polls takes the stack whole and files every entry anew.
 *
 * Claims: nobody inside a section sees an object that has ended; a record is touched by one owner at a time; after
 * the last exit every unlinked object is pending with the orphans, and ends at the next polls.
 * Left out: weak memory (READ_FIRST and EPOCH_FIRST are two of its effects), nesting, fork, wrap of the epoch.
 *
 * verify: -DTHREADS=2 -DSTEPS=3
 * verify: -DTHREADS=2 -DSTEPS=1 -DLIVES=2
 * verify: -DTHREADS=3 -DSTEPS=1 -DLINKED=1
 * cycles: -DTHREADS=2 -DSTEPS=2
 * long: -DTHREADS=2 -DSTEPS=2 -DLIVES=2
 * long: -DTHREADS=3 -DSTEPS=1
 * fault: -DTHREADS=2 -DSTEPS=3 -DREAD_FIRST            a section reads before others see that it is open
 * fault: -DTHREADS=2 -DSTEPS=3 -DEPOCH_FIRST           the epoch of a deferral is read before the object is unlinked
 * fault: -DTHREADS=2 -DSTEPS=3 -DENDS_CURRENT          a poll ends what was deferred in the current epoch
 * fault: -DTHREADS=2 -DSTEPS=1 -DLIVES=2 -DORPHANS_AT_ONCE a poll ends orphans without a grace period of their own
 * fault: -DTHREADS=2 -DSTEPS=1 -DLIVES=2 -DNO_HAND_OVER an exiting thread drops what is pending
 * fault: -DTHREADS=2 -DSTEPS=1 -DLIVES=2 -DID_EARLY    the record is let go before its lists are handed over
 * fault: -DTHREADS=2 -DSTEPS=3 -DSCAN_FIRST_ONLY       a poll looks at the first record only
 */
#ifndef LIVES
#define LIVES 1
#endif
#ifndef LINKED
#define LINKED 3 /* objects, a set */
#endif
#define BIT(i) (1 << (i))

byte global_epoch = 1;
byte epoch[THREADS], open_mark[THREADS];
byte pending[THREADS * 4]; /* sets of objects */
byte orphans;
byte ids;
byte linked = LINKED;
/* ghosts */
byte gone;
byte user[THREADS]; /* of a record */
byte exited;

inline enter() {
#ifdef READ_FIRST
    seen = linked; open_mark[id] = 1;
#else
    open_mark[id] = 1;
#endif
    e = global_epoch;
    epoch[id] = e
}

inline leave() {
    open_mark[id] = 0
}

/* The object of `bit`, by a record's owner. */
inline file(bit_) {
    e = global_epoch;
    d_step { pending[id * 4 + e % 4] = pending[id * 4 + e % 4] | bit_ }
}

/* Private: the owner's lists. */
inline dispatch(when) {
    d_step { assert(user[id] == me); gone = gone | pending[id * 4 + (when) % 4]; pending[id * 4 + (when) % 4] = 0 }
}

inline read_object() {
    enter();
#ifndef READ_FIRST
    seen = linked;
#endif
    assert(!(seen & gone));
    assert(!(seen & gone));
    leave()
}

inline unlink_object(bit_) {
    enter();
#ifdef EPOCH_FIRST
    e = global_epoch;
#endif
    atomic { won = ((linked & bit_) != 0); linked = linked & ~bit_ }
    if
    :: won ->
#ifdef EPOCH_FIRST
        d_step { pending[id * 4 + e % 4] = pending[id * 4 + e % 4] | bit_ }
#else
        file(bit_)
#endif
    :: else
    fi;
    leave()
}

inline take_orphans() {
    atomic { seen = orphans; orphans = 0 }
#ifdef ORPHANS_AT_ONCE
    gone = gone | seen;
#else
    if
    :: seen & 1 -> file(1)
    :: !(seen & 1)
    fi;
    if
    :: seen & 2 -> file(2)
    :: !(seen & 2)
    fi;
#endif
    seen = 0
}

inline poll() {
    take_orphans();
    if
    :: pending[id * 4] || pending[id * 4 + 1] || pending[id * 4 + 2] || pending[id * 4 + 3] ->
        e = global_epoch;
        dispatch(e + 2); /* e - 2 */
        x = 0; any_active = 0; old = 0;
        do
        :: x < THREADS && !old ->
            seen = open_mark[x];
            any_active = any_active || seen;
            if
            :: seen -> old = (epoch[x] != e)
            :: !seen
            fi;
            x++;
#ifdef SCAN_FIRST_ONLY
            x = THREADS
#endif
        :: x >= THREADS || old -> break
        od;
        seen = 0;
        if
        :: old
        :: !old && !any_active -> dispatch(0); dispatch(1); dispatch(2); dispatch(3)
        :: !old && any_active ->
            atomic { global_epoch = (global_epoch == e -> e + 1 : global_epoch) }
#ifdef ENDS_CURRENT
            dispatch(e);
#endif
            dispatch(e + 3) /* e - 1 */
        fi
    :: else
    fi
}

inline hand_over() {
    x = 0;
    do
    :: x < 4 ->
        if
        :: pending[id * 4 + x] ->
            d_step { assert(user[id] == me); seen = pending[id * 4 + x]; pending[id * 4 + x] = 0 }
#ifndef NO_HAND_OVER
            orphans = orphans | seen;
#endif
            seen = 0
        :: else
        fi;
        x++
    :: else -> break
    od
}

proctype thread(byte me) {
    byte id, e, x, seen, steps, lives;
    bit won, any_active, old;
    do
    :: lives < LIVES -> lives++; steps = 0;
        atomic {
            id = ((ids & 1) == 0 -> 0 : ((ids & 2) == 0 -> 1 : 2)); ids = ids | BIT(id);
            assert(user[id] == 0); user[id] = me
        }
        do
        :: steps < STEPS -> steps++;
            if
            :: true -> read_object()
            :: linked & 1 -> unlink_object(1)
            :: linked & 2 -> unlink_object(2)
            :: true -> poll()
            fi;
            atomic { e = 0; x = 0; seen = 0; won = 0; any_active = 0; old = 0 }
        :: else -> break
        od;
#ifdef ID_EARLY
        ids = ids & ~BIT(id);
        hand_over();
        user[id] = 0;
#else
        hand_over();
        user[id] = 0;
        ids = ids & ~BIT(id);
#endif
        atomic { id = 0; x = 0 }
    :: else -> break
    od;
    exited++
}

init {
    byte me = 9, id, e, x, seen;
    bit any_active, old;
    atomic {
        run thread(1);
        run thread(2)
#if THREADS > 2
        ; run thread(3)
#endif
    }
    exited == THREADS;
    user[0] = me;
    poll();
    assert(gone == (~linked & LINKED) && orphans == 0)
}
