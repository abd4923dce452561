static const struct figure process_figures[] = {
    FIGURE(PROCESS(arenas), EP__GAUGE, EP__NUMBER, EP__EACH, "arenas that hold pools"),
    FIGURE(PROCESS(purges), EP__COUNTER, EP__NUMBER, EP__ALWAYS, PURGES_HELP),
    FIGURE(PROCESS(threads), EP__GAUGE, EP__NUMBER, EP__EACH, "threads alive"),
};
