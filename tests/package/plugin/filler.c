/* Takes BYTES of the process's static TLS when it is loaded. */
static _Thread_local char taken[BYTES] __attribute__((tls_model("initial-exec"), used));

char *filler_taken(void);
char *filler_taken(void)
{
    return taken;
}
