/*
 * reply: what came back, from header lines and body bytes to a document, a file or an error.
 *
 * A transport calls reply_status, reply_field for each field, reply_body for each piece and
 * reply_end. The reply decides at the first body byte where the bytes go: JSON, and every response
 * of status 300 and over, to memory (bounded); anything else is a file and goes to the sink. 204,
 * 205 and 304 have no body.
 */
#ifndef BOSA_REPLY_H
#define BOSA_REPLY_H

#include "base/secrets.h"
#include "http/header_fields.h"
#include "reply/sink.h"
#include "json/json.h"

#define REPLY_MAX_FIELDS 1000                   /* header fields of one response */
#define REPLY_MAX_FIELD_BYTES ((size_t)1 << 18) /* bytes of all of them */
#define REPLY_MAX_INTERIM 20                    /* 1xx responses before the final one */
/* bytes read of a response of status 400 and over; the rest is dropped */
#define REPLY_MAX_ERROR_BYTES ((size_t)1 << 20)
#define REPLY_SHOWN_BYTES ((size_t)4096) /* bytes of an error response that err.body shows */

enum reply_kind {
    REPLY_EMPTY, /* no body, or 204 */
    REPLY_JSON,  /* doc is set */
    REPLY_FILE,  /* the sink has it */
    REPLY_TEXT   /* status 300 and over, not JSON: `text` has the start of it */
};

/* What a call wants of its response. */
struct reply_options {
    size_t max_size;         /* bytes of JSON, decoded */
    enum sink_kind sink;     /* where a file goes */
    const char *output_path; /* borrowed, for SINK_PATH */
    bool items;              /* `items` is the data of an object that has no `data` */
    bool file;               /* a success is a file, whatever its fields say */
    uint64_t max_file;       /* bytes of a file, decoded; 0: not bound */
};

struct reply {
    int status;           /* 0 until it is known */
    struct fields fields; /* of the final response */
    size_t field_bytes;   /* so far */
    int interim;          /* 1xx responses so far */
    enum reply_kind kind; /* once reply_end has returned */
    struct json_doc doc;  /* REPLY_JSON */
    uint32_t data, meta;  /* nodes of doc: the envelope's, or the whole document and JSON_NONE where
                             there is no envelope */
    struct sink sink;     /* REPLY_FILE */
    struct buf text;      /* body so far; of an error response it stays as it came, cut to
                             REPLY_SHOWN_BYTES */
    char *filename;       /* owned; REPLY_FILE: from Content-Disposition, as sent; NULL: none */
    uint64_t received;    /* body bytes, decoded */
    int64_t expected;     /* Content-Length when the body isn't compressed, else -1; for progress */
    size_t max_size;
    uint64_t max_file; /* reply_options */
    bool items, file;  /* reply_options */
    /* borrowed: what must not stand in an error made of this response; set for reply_end and
     * reply_judge, else NULL */
    struct secrets *secrets;
    bool raw;      /* every response with a body is a file; set after reply_init */
    bool deciding; /* no body byte seen yet; without a content type, none but white space */
    bool sniffed;  /* no content type: JSON by its looks alone, and a file when it turns out to be
                      none */
    bool to_sink;
};

enum bosa_status reply_init(struct reply *reply, const struct reply_options *options);

/*
 * A status line. A later one replaces a response without a body (1xx, a proxy's): fields start
 * anew. BOSA_PROTOCOL: not 100 to 599, after body bytes, 101 (nobody asks for another protocol), or
 * one 1xx too many.
 */
enum bosa_status reply_status(struct reply *reply, int status, struct bosa_error *err);

/*
 * One field line without its line end, as it came ("Name: value"); obsolete folding and lines
 * without a colon are BOSA_PROTOCOL, as is passing a bound above.
 */
enum bosa_status reply_field(struct reply *reply, const char *line, size_t len,
                             struct bosa_error *err);

/*
 * Body bytes, content coding undone. BOSA_AGAIN: none taken, pause. BOSA_PROTOCOL: larger than
 * max_size, or a file larger than max_file. BOSA_FILE, BOSA_NOMEM.
 */
enum bosa_status reply_body(struct reply *reply, const char *bytes, size_t len,
                            struct bosa_error *err);

/*
 * The response is whole. Parses JSON (BOSA_PROTOCOL where it is broken, with the place), finds data
 * and meta, finishes the sink.
 */
enum bosa_status reply_end(struct reply *reply, struct bosa_error *err);

/*
 * Judges a whole response. BOSA_OK for 2xx and 304; BOSA_PROTOCOL for another 3xx, which was not
 * followed; else fills `err` from the error body (all forms that servers use) and returns its kind.
 * Fills status, reference_id, code, retry_after (body before field), body, details, retryable; not
 * attempts, connector, action, url, sent. A 2xx with data.success == false is BOSA_API only when
 * `integration` is set.
 */
enum bosa_status reply_judge(const struct reply *reply, bool integration, int64_t now_unix,
                             struct bosa_error *err);

/* What error.recovery.retryable says: 1 yes, 0 no, -1 nothing. */
int reply_recovery(const struct reply *reply);

/*
 * True for a 404 or 405 that comes from the router, not from BOSA: the route is of the other
 * dialect.
 */
bool reply_no_such_route(const struct reply *reply);

/* X-Request-ID, else the body's, if fit to show: an owned string, or NULL. */
char *reply_reference_id(const struct reply *reply);

/* Ready for another attempt's response: everything received is thrown away. */
void reply_reset(struct reply *reply);

void reply_free(struct reply *reply);

#endif
