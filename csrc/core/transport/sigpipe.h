/*
 * sigpipe: keeps SIGPIPE from a process around calls into an old libcurl. Private to transport.
 *
 * Before 7.87 OpenSSL, under libcurl, writes to sockets in a way that raises it, whatever
 * CURLOPT_NOSIGNAL says. Newer ones need nothing, and nothing is done for them.
 */
#ifndef BOSA_SIGPIPE_H
#define BOSA_SIGPIPE_H

#include <signal.h>
#include <stdbool.h>

struct sigpipe_guard {
    bool active;     /* this libcurl needs it, and SIGPIPE was not pending before */
    sigset_t before; /* the thread's mask */
};

/* `libcurl` is its version as curl_version_info gives it. */
void sigpipe_block(struct sigpipe_guard *guard, unsigned libcurl);

/* Takes away a SIGPIPE raised meanwhile, and restores the mask. */
void sigpipe_unblock(struct sigpipe_guard *guard);

#endif
