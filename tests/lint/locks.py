#!/usr/bin/env python3
"""Nothing in lib/ waits: no mutex, lock, once-guard, semaphore, futex, sleep or spin on a thread.

But for ep_epoch_barrier(), whose contract says so, and for the helper thread, for which nobody waits: they alone call
ep__task_pause() and ep__task_sleep()."""
import re

import source

WAITS = re.compile(r"pthread_(mutex|rwlock|spin|once|cond|barrier|join)\w*|call_once|mtx_\w+|cnd_\w+|sem_\w+|"
                   r"\w*futex\w*|SYS_futex|\w*nanosleep|u?sleep|sched_yield|ck_spinlock\w*|ck_rwlock\w*|"
                   r"ck_epoch_(synchronize|barrier)\w*|ep__task_(pause|sleep)|p?poll|epoll_p?wait2?|p?select|atomic_flag\w*|_mm_pause|__builtin_ia32_pause")

ALLOWED = {"lib/sys/task.h", "lib/sys/task_linux.c", "lib/api/deferred.c", "lib/cache/background.c",
           "lib/observe/endpoint.c"}


def main():
    lint = source.Lint(__doc__)
    for path in lint.files("lib", ends=(".c", ".h", ".cpp")):
        if path.startswith("lib/adapters/") or path in ALLOWED:
            continue
        for word, line in source.identifiers(lint.read(path)):
            if WAITS.fullmatch(word):
                lint.complain(path, line, f"{word} can wait for another thread")
    lint.end()


main()
