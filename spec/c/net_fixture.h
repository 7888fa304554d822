/*
 * net_fixture: what the tests of requests and responses share. Link mem_torture.c.
 */
#ifndef BOSA_NET_FIXTURE_H
#define BOSA_NET_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/mem.h"
#include "mem_torture.h"
#include "json/json.h"

/* Something to be tried with too little memory; it must free all that it makes. */
typedef enum bosa_status torture_run(void *context, struct bosa_error *err);

/*
 * Fails every allocation of `run` in its turn: each time it must say BOSA_NOMEM and lose nothing,
 * and succeed when none fails. Returns how many allocations it made.
 */
static inline long torture(torture_run *run, void *context)
{
    for (long nth = 1;; nth++) {
        struct bosa_error err;
        error_init(&err);
        long live = mem_torture_live();
        mem_torture_fail_at(nth);
        enum bosa_status status = run(context, &err);
        bool failed = mem_torture_count() >= nth;
        mem_torture_fail_at(0);
        assert_int_equal(status, failed ? BOSA_NOMEM : BOSA_OK);
        error_clear(&err);
        assert_int_equal(mem_torture_live(), live);
        if (!failed) {
            return nth - 1;
        }
    }
}

/* Fails the test when the last error's message is not this; clears the error. */
static inline void assert_message(struct bosa_error *err, const char *message)
{
    assert_non_null(err->message);
    assert_string_equal(err->message, message);
    error_clear(err);
}

/* Reads JSON into a fresh document. */
static inline void parse(struct json_doc *doc, const char *text)
{
    struct bosa_error err;
    error_init(&err);
    json_init(doc);
    assert_int_equal(json_parse(doc, mem_dup(text, strlen(text)), strlen(text), &err), BOSA_OK);
}

/* A directory of the test's own, to be freed by remove_dir. */
static inline char *make_dir(void)
{
    char *dir = strdup("/tmp/bosa-test-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

/* Removes the directory with all that is in it. */
static inline void remove_dir(char *dir)
{
    char command[256];
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    assert_int_equal(system(command), 0);
    free(dir);
}

/*
 * "dir/name" in one of a few buffers used in turn, so that several can be in use in one expression.
 */
static inline const char *in_dir(const char *dir, const char *name)
{
    static char paths[8][512];
    static int next;
    next = (next + 1) % 8;
    snprintf(paths[next], sizeof paths[next], "%s/%s", dir, name);
    return paths[next];
}

static inline void write_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

/* Fails the test when the file's content is not this. */
static inline void assert_file(const char *path, const char *bytes, size_t len)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *content = malloc(len + 2);
    assert_int_equal(fread(content, 1, len + 2, file), len);
    assert_memory_equal(content, bytes, len);
    free(content);
    fclose(file);
}

#endif
