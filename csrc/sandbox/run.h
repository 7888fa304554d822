/*
 * run: what an action's handler is given, and how it looks at its parameters.
 */
#ifndef SANDBOX_RUN_H
#define SANDBOX_RUN_H

#include "exchange.h"

struct run {
    struct exchange *exchange;
    struct sandbox *sandbox;
    const struct json_doc *params; /* checked; the root is an object */
    uint64_t calls; /* executions with the same `key`, this one included; 0: no key was given */
};

/* A parameter's node; JSON_NONE where it is left out or null. */
uint32_t run_node(const struct run *run, const char *name);

/* A string parameter, borrowed, not terminated; NULL where it isn't given. */
const char *run_text(const struct run *run, const char *name, size_t *len);

/* A string parameter cut to `size` - 1 bytes, "" where it isn't given. True when it is given. */
bool run_copy(const struct run *run, const char *name, char *out, size_t size);

/* True when it is this string. */
bool run_is(const struct run *run, const char *name, const char *text);

/* An integer that fits 64 bits, else the nearest; a flag; the default where it isn't given. */
int64_t run_int(const struct run *run, const char *name, int64_t preset);
bool run_flag(const struct run *run, const char *name, bool preset);

/* The n-th file given under a name, NULL: there are fewer. */
const struct part *run_file(const struct run *run, const char *name, size_t n);

/* A part of a list, and the `meta` that tells of it. */
struct window {
    int64_t first; /* from 0 */
    int64_t count;
};

/* The window that `page` and `limit` ask for. */
struct window run_page(const struct run *run, struct response *response, int64_t total,
                       int64_t limit);

/* The window that a cursor asks for; `cursor` and `limit` are the names of the parameters. */
struct window run_cursor(const struct run *run, struct response *response, int64_t total,
                         const char *cursor, const char *limit, int64_t preset);

#endif
