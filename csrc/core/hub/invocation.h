/*
 * invocation: what a caller asked for, as names and values: a snapshot that is never changed once
 * it is made.
 *
 * It is counted, because a call, its response and the pages that follow from it share one.
 */
#ifndef BOSA_INVOCATION_H
#define BOSA_INVOCATION_H

#include "http/header_fields.h"
#include "reply/sink.h"
#include "request/request.h"
#include "json/json.h"

#define INVOCATION_MAX_ATTEMPTS 11 /* of one call */

/* How often and how long to try. Times in milliseconds; 0 is "no limit". */
struct policy {
    int max_attempts;   /* 1 to INVOCATION_MAX_ATTEMPTS */
    bool replay_unsafe; /* also send again what may have run already */
    int64_t timeout;    /* of one attempt */
    int64_t connect_timeout;
    int64_t deadline; /* of the whole call, waits included */
};

struct invocation {
    int refs;
    const char *connector, *action; /* in the same block, or borrowed (invocation_init) */
    struct json_doc params;         /* an object, as the caller gave it */
    bool plain;              /* params are known to be JSON: UTF-8, finite numbers; no file */
    struct file_part *files; /* owned; what its JSON_FILE nodes index */
    size_t file_count;
    struct fields fields; /* the caller's own header fields */
    char *token;          /* owned; NULL: the hub's */
    char *identifier;     /* owned; which third-party account acts; NULL: the server's choice */
    char *traceparent;    /* owned; NULL: the caller's own field, else the hub's */
    struct policy policy;
    enum sink_kind output;
    char *output_path; /* owned; SINK_PATH */
    bool progress;     /* the caller wants to see bytes move */
};

/* An invocation with one reference, the defaults of `policy`, no parameters. NULL: no memory. */
struct invocation *invocation_new(const char *connector, size_t connector_len, const char *action,
                                  size_t action_len, const struct policy *policy);

struct invocation *invocation_ref(struct invocation *invocation);

/* The same invocation with parameter `name` set to node `value` of `values`. NULL: no memory. */
struct invocation *invocation_with(const struct invocation *invocation, const char *name,
                                   const struct json_doc *values, uint32_t value);

/* Gives one reference back; the last one wipes and frees. NULL is allowed. */
void invocation_unref(struct invocation *invocation);

/*
 * For one in the caller's own memory, zeroed at first, that serves again and again, and is neither
 * counted nor copied: begins it, with names that are borrowed; wipes and frees what it holds, but
 * for some room for parameters; frees that, too.
 */
void invocation_init(struct invocation *invocation, const char *connector, const char *action,
                     const struct policy *policy);
void invocation_clear(struct invocation *invocation);
void invocation_close(struct invocation *invocation);

#endif
