/*
 * sandbox: the whole server's state.
 *
 * Everything here is used by one thread, libmicrohttpd's, once the server runs; only `wake` has a
 * thread of its own and guards itself.
 */
#ifndef SANDBOX_SANDBOX_H
#define SANDBOX_SANDBOX_H

#include "accounts.h"
#include "registry.h"
#include "wake.h"

/* Which of the two names of an endpoint are served. */
enum dialect { DIALECT_CURRENT = 1, DIALECT_LEGACY = 2, DIALECT_BOTH = 3 };

struct options {
    const char *host; /* all borrowed from the command line */
    unsigned port;    /* 0: any free one */
    const char *key;  /* the API key; NULL: one made from the seed */
    uint64_t seed;
    enum dialect dialect;
    const char *tls_cert, *tls_key; /* names of PEM files; NULL: plain HTTP */
    uint64_t delay_ms;              /* before every response of an action */
    bool until_eof, verbose;
    bool require_account; /* actions need a connected account of their connector */
};

struct stats {
    uint64_t requests;    /* but those under /_sandbox/ */
    uint64_t connections; /* accepted */
    uint64_t open;        /* of them, still there */
    uint64_t in_flight, in_flight_max;
};

/* How often an action ran for one `key`. */
struct counter {
    char *key; /* owned */
    uint64_t hash, count;
};

struct counters {
    struct counter *list; /* owned */
    size_t count, cap;
};

struct github; /* each connector's own data; made at first use */
struct drive;
struct mail;
struct lab;

struct sandbox {
    struct options options;
    struct registry registry;
    struct accounts accounts;
    struct counters counters;
    struct stats stats;
    struct github *github;
    struct drive *drive;
    struct mail *mail;
    struct lab *lab;
    struct wake *wake;
    struct dice ids; /* of requests */
};

/* Everything but `wake`. On failure nothing is left. */
enum bosa_status sandbox_init(struct sandbox *sandbox, const struct options *options,
                              struct bosa_error *err);

/* Back to how it began: users, data, counts. False: no memory; then no request can be served
 * properly. */
bool sandbox_reset(struct sandbox *sandbox);

/* Counts one more execution for a key and returns how many there are now; 0: no memory. */
uint64_t sandbox_count(struct sandbox *sandbox, const char *key, size_t len);

/* How many executions a key has had. */
uint64_t sandbox_counted(const struct sandbox *sandbox, const char *key, size_t len);

void sandbox_free(struct sandbox *sandbox);

void github_free(struct github *github); /* NULL is allowed in all of them */
void drive_free(struct drive *drive);
void mail_free(struct mail *mail);
void lab_free(struct lab *lab);

#endif
