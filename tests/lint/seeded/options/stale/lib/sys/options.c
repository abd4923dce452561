static const struct option_rule rules[EP__OPTION_COUNT] = {
    [EP__OPTION_RETAIN] = {"retain", BYTES_RULE, NULL, true, 0, PTRDIFF_MAX},
    [EP__OPTION_SHARE] = {"share", "must be 0 to 1000", NULL, false, 0, 1000},
    [EP__OPTION_FORK] = {"fork", "must be cut or strict", fork_words, false, EP__FORK_CUT,
                         EP__FORK_STRICT},
    [EP__OPTION_STATS] = {"stats", "must be 0 or 1", NULL, false, 0, 1},
};

_Atomic uint64_t ep__options[EP__OPTION_COUNT] = {
    [EP__OPTION_RETAIN] = 8 * MIB, [EP__OPTION_SHARE] = 25, [EP__OPTION_FORK] = EP__FORK_CUT,
    [EP__OPTION_STATS] = 0,
};
