static void push_block(struct pool *pool)
{
    /* order: relaxed -- only a guess */
    uint64_t word = ep__load_relaxed(&pool->word);
    do {
        /* order: release RF -- pairs with take_blocks; carries the chain */
    } while (!ep__cas_weak_release(&pool->word, &word, word + 1));
}

static uint64_t take_blocks(struct pool *pool)
{
    /* order: acquire RF -- pairs with push_block; carries the chain, which was
     * linked before */
    return ep__exchange_acquire(&pool->word, 0);
}

static void name_no_reason(struct pool *pool)
{
    ep__store_release(&pool->word, 1);
    /* order: acquire RF -- the wrong kind */
    ep__store_release(&pool->word, 2);
    /* order: release -- no edge */
    ep__store_release(&pool->word, 3);
    /* order: release NEW -- an edge without a row */
    ep__store_release(&pool->word, 4);
    /* order: release RF -- one reason for two */
    ep__store_release(&pool->word, ep__exchange_release(&pool->word, 5));
}

static void use_bare_atomics(struct pool *pool)
{
    atomic_store(&pool->word, 6);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
