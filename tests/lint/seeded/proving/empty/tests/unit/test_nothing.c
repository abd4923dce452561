/* skip ( ) in a comment is allowed */
static void it_works(void **state)
{
    assert_true( 1 );
    skip( );
}
__attribute__((nosanitize_thread)) static void look_away(void)
{
}
