/* What another process asks of the profiler, and of the leak report.
 *
 * Layer: observe.  Uses: request, profiler, sampling, leaks.  Used by: request.
 *
 *     profile start | stop | mark
 *     profile KIND FORMAT        heap, peak or growth; text, jemalloc, gperftools, or pprof in base64
 *     leaks                      the report; a child makes it, and is looked for until it is done
 *
 * On the helper thread.  Allocates nothing and waits for nobody: where an endpoint is asked for, the unwinder is loaded
 * with the library.
 */
#ifndef EPMALLOC_OBSERVE_PROFILE_REQUEST_H
#define EPMALLOC_OBSERVE_PROFILE_REQUEST_H

#include "observe/request.h"

const char *ep__profile_request_answer(struct request *request, struct stream *stream);

const char *ep__leaks_request_answer(struct request *request, struct stream *stream);
bool ep__leaks_request_more(struct request *request, struct stream *stream);
void ep__leaks_request_end(struct request *request);

#endif
