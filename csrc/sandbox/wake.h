/*
 * wake: connections that sleep until their time has come.
 *
 * A delayed response costs an entry in a heap and no thread: its connection is suspended, and one
 * thread for all of them resumes each when it is due.
 */
#ifndef SANDBOX_WAKE_H
#define SANDBOX_WAKE_H

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct wake;

/* Starts the thread. NULL: no memory, or the system refuses. */
struct wake *wake_new(void);

/*
 * Suspends the connection for `ms` milliseconds. Only from within the server's request handler.
 * False when there is no memory or the server is stopping: the connection was not suspended.
 */
bool wake_later(struct wake *wake, struct MHD_Connection *connection, uint64_t ms);

/* Resumes everything that sleeps and refuses more; to be called before the server is stopped. */
void wake_stop(struct wake *wake);

void wake_free(struct wake *wake); /* after wake_stop; NULL is allowed */

#endif
