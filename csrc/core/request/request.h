/*
 * request: one HTTP request, ready to be written by a transport.
 */
#ifndef BOSA_REQUEST_H
#define BOSA_REQUEST_H

#include "http/header_fields.h"
#include "http/url.h"
#include "request/body.h"
#include "json/json.h"

/* A file given as a parameter; exactly one of path, bytes and feed is in use. */
struct file_part {
    char *path;           /* owned; the file to read */
    char *bytes;          /* owned; the content itself */
    size_t len;           /* of bytes */
    uint32_t feed;        /* the caller's number for its read function; BODY_NO_FEED: not a feed */
    int64_t size;         /* of a feed, -1: unknown */
    char *filename;       /* owned; NULL: the path's last component, or "file" */
    char *content_type;   /* owned; NULL: by the name's extension */
    struct fields fields; /* further header fields of the part */
};

enum bosa_status file_part_copy(struct file_part *to, const struct file_part *from);
void file_part_free(struct file_part *part);

struct request {
    const char *method;   /* "GET", "POST", "DELETE": a static string */
    char *url;            /* owned; absolute, ASCII, no user information, no fragment */
    struct fields fields; /* without Host, Content-Length and Transfer-Encoding, which are the
                             transport's */
    struct body *body;    /* owned; NULL: none */
};

void request_init(struct request *request);

/*
 * Writes the parameters (an object) as the body and sets Content-Type. A document with a JSON_FILE
 * goes as multipart/form-data; else `form` asks for application/x-www-form-urlencoded, else it is
 * JSON. In the two forms a boolean is `true` or `false`, a list repeats its name, null is left out,
 * numbers are as JSON writes them. BOSA_PARAMS before anything is sent: an object or a list within
 * a list in a form (with the path), a file where none can be, NUL CR LF in part names. BOSA_FILE: a
 * file can't be opened. BOSA_NOMEM. `files` are what JSON_FILE nodes index. In a file's name
 * quotes, newlines and control characters are sent as `_`.
 */
enum bosa_status request_set_params(struct request *request, const struct json_doc *params,
                                    uint32_t node, bool form, const struct file_part *files,
                                    size_t file_count, struct bosa_error *err);

/*
 * Replaces the URL by the target of a redirect, if it is of the same origin (RFC 6454);
 * BOSA_PROTOCOL if not.
 */
enum bosa_status request_redirect(struct request *request, const char *location,
                                  struct bosa_error *err);

void request_free(struct request *request);

#endif
