static const struct figure process_figures[] = {
    FIGURE(PROCESS(arenas), EP__GAUGE, EP__NUMBER, EP__EACH, "arenas that hold pools"),
    FIGURE(PROCESS(arena_bytes), EP__GAUGE, EP__BYTES, EP__EACH, "the same in bytes"),
    FIGURE(PROCESS(huge_bytes), EP__GAUGE, EP__BYTES, EP__ABOUT,
           "bytes above 1 MiB, "
           "as mapped"),
    FIGURE(PROCESS(purges), EP__COUNTER, EP__NUMBER, EP__ALWAYS, "times that memory went"),
    FIGURE(PROCESS(threads), EP__GAUGE, EP__NUMBER, EP__EACH, "threads alive"),
    FIGURE(PROCESS(refills), EP__COUNTER, EP__NUMBER, EP__EACH, "lists that had run dry"),
};

static const struct figure class_figures[] = {
    FIGURE(CLASS(index), EP__LABEL, EP__NUMBER, EP__ALWAYS, "number of the class"),
};
