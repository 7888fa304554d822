/* reply_error_fixture: what the tests of error responses share. */
#ifndef BOSA_REPLY_ERROR_FIXTURE_H
#define BOSA_REPLY_ERROR_FIXTURE_H

#include "reply_fixture.h"

#define NOW 784111740 /* 37 seconds before the date below */
#define DATE "Sun, 06 Nov 1994 08:49:37 GMT"
#define TEXT_TYPE "Content-Type: text/plain; charset=utf-8"
#define HTML_TYPE "Content-Type: text/html; charset=utf-8"

/* The error that a response is, to be cleared. */
static inline enum bosa_status judge(int status, const char *lines, const char *body,
                                     bool integration, struct bosa_error *err)
{
    struct reply reply;
    error_init(err);
    response(&reply, status, lines, body);
    enum bosa_status kind = reply_judge(&reply, integration, NOW, err);
    reply_free(&reply);
    assert_int_equal(err->kind, kind);
    assert_int_equal(err->message == NULL, kind == BOSA_OK);
    return kind;
}

#endif
