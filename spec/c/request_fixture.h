/* request_fixture: what the tests of request and of its multipart bodies share. */
#ifndef BOSA_REQUEST_FIXTURE_H
#define BOSA_REQUEST_FIXTURE_H

#include "net_fixture.h"

#include "request/request.h"

/* Sets the parameters of a fresh request; the document and the files stay the caller's. */
static inline enum bosa_status set(struct request *request, const struct json_doc *doc, bool form,
                                   const struct file_part *files, size_t count,
                                   struct bosa_error *err)
{
    request_init(request);
    return request_set_params(request, doc, 0, form, files, count, err);
}

/* The whole body, with a NUL behind it, to be freed. */
static inline char *read_body(struct request *request, size_t *len)
{
    size_t got, cap = 1 << 16;
    char *text = malloc(cap + 1);
    struct bosa_error err;
    error_init(&err);
    *len = 0;
    do {
        assert_int_equal(body_read(request->body, text + *len, cap - *len, &got, &err), BOSA_OK);
        *len += got;
    } while (got > 0);
    assert_int_equal(body_length(request->body), *len);
    text[*len] = '\0';
    return text;
}

/* Begins a document built by hand: an object. */
static inline uint32_t begin(struct json_doc *doc)
{
    json_init(doc);
    return json_open(doc, JSON_OBJECT);
}

static inline void key(struct json_doc *doc, const char *name)
{
    json_add_string(doc, name, strlen(name));
}

#endif
