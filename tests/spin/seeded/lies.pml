/* lies: a model whose header is wrong in every line, for the test of check.py.
 *
 * verify: -DWRONG
 * verify: -DDEEP
 * fault: -DHARMLESS  nothing is broken
 */
int n;

init {
#ifdef DEEP
    do
    :: n < 300000 -> n++
    :: else -> break
    od;
#endif
#ifdef WRONG
    n = 1;
#endif
    assert(n != 1)
}
