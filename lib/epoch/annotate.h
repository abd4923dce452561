/* What ThreadSanitizer is told about ck_epoch, whose inline assembly it does not see.  Layer: epoch.
 *
 * EPO: the end of a section happens before the calls of a poll that counted the section as ended; a
 * deferral happens before its call.  Both are expressed on one address, the epoch domain, which is more
 * order than ck_epoch gives between a section's end and an unrelated begin; nothing of ours relies on that.
 */
#ifndef EPMALLOC_EPOCH_ANNOTATE_H
#define EPMALLOC_EPOCH_ANNOTATE_H

#if defined(__SANITIZE_THREAD__)
void __tsan_acquire(void *address);
void __tsan_release(void *address);
static inline void ep__annotate_acquire(void *address)
{
    __tsan_acquire(address);
}
static inline void ep__annotate_release(void *address)
{
    __tsan_release(address);
}
#else
static inline void ep__annotate_acquire(void *address)
{
    (void)address;
}
static inline void ep__annotate_release(void *address)
{
    (void)address;
}
#endif

#endif
