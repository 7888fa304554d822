/*
 * hub_fixture: a hub and discovery responses for the tests of hub's parts.
 */
#ifndef BOSA_HUB_FIXTURE_H
#define BOSA_HUB_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "hub/hub.h"
#include "mem_torture.h"

#define FIXTURE_BASE "https://api.example.com/v1"
#define FIXTURE_KEY "sk-client-1234567890"
#define FIXTURE_NOW 1700000000

/* A discovery response with the actions admin/revoke-all, create_issue, list_issues, upload, and
 * routes that are none. */
extern const char FIXTURE_GITHUB[];

/* A moment by its Unix seconds. */
struct moment fixture_at(int64_t seconds);

/* A hub at FIXTURE_BASE with FIXTURE_KEY; `token` and `cache_dir` may be NULL. */
struct hub *fixture_hub(const char *token, const char *cache_dir, int64_t cache_ttl);

/* A document of a JSON text that must be good. */
struct json_doc fixture_doc(const char *text);

/* hub_learn of a text; `err` (made fresh) holds what went wrong. */
enum bosa_status fixture_learn(struct hub *hub, const char *name, const char *text,
                               const char *etag, int64_t seconds, struct bosa_error *err);

/* A hub that knows FIXTURE_GITHUB since FIXTURE_NOW. */
struct hub *fixture_ready(const char *token);

/* The request has exactly one field of that name, with this value; NULL: none. */
void assert_request_field(const struct request *request, const char *name, const char *value);

/* The request's body is these bytes. */
void assert_request_body(const struct request *request, const char *text);

#endif
