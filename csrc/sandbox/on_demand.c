/*
 * The lab's lists and small responses. Those that benchmarks ask for are sent from memory that
 * was written once.
 */
#include "on_demand.h"

#include "base/mem.h"
#include "emit.h"
#include "github.h"

#include <string.h>

#define CACHED 8 /* sizes of list_bytes that are kept ready */

/* A response of list_bytes. Never freed while the server runs, so that it may be sent from where it
 * is. */
struct prepared {
    int64_t bytes;
    struct buf body;
};

struct lab {
    struct prepared list[CACHED];
    size_t count;
};

void lab_free(struct lab *lab)
{
    for (size_t i = 0; lab && i < lab->count; i++) {
        buf_free(&lab->list[i].body);
    }
    mem_free(lab);
}

/* Item `i` (from 0) of the lists. */
static void emit_item(struct buf *out, int64_t i)
{
    const struct person *owner = invent_person((uint64_t)i);
    emit_open(out, NULL, '{');
    emit_int(out, "id", i + 1);
    emit_format(out, "name", "item %07lld", (long long)i + 1);
    emit_open(out, "owner", '{');
    emit_text(out, "login", owner->login);
    emit_text(out, "name", owner->name);
    emit_close(out, '}');
    emit_open(out, "tags", '[');
    emit_text(out, NULL, i % 2 ? "even" : "odd");
    emit_close(out, ']');
    emit_close(out, '}');
}

/* The items of a window, as a list. */
static void emit_items(struct buf *out, struct window window)
{
    emit_open(out, NULL, '[');
    for (int64_t i = 0; i < window.count; i++) {
        emit_item(out, window.first + i);
    }
    emit_close(out, ']');
}

/* Any number of items, in pages; one page may be told to fail. */
void lab_list_pages(const struct run *run, struct response *response)
{
    int64_t page = run_int(run, "page", 1);
    struct window window = run_page(run, response, run_int(run, "total", 95), 20);
    if (run_int(run, "fail_page", 0) == page) {
        response_error(response, 500, "page_failed", "This page can't be read.");
        return;
    }
    emit_items(&response->data, window);
}

/* The same items, with cursors. */
void lab_list_cursor(const struct run *run, struct response *response)
{
    int64_t total = run_int(run, "total", 95);
    emit_items(&response->data, run_cursor(run, response, total, "cursor", "limit", 20));
}

/*
 * A server that would keep a careless client for ever: there is always more, and it is always the
 * same.
 */
void lab_loop_cursor(const struct run *run, struct response *response)
{
    struct buf *meta = &response->meta;
    (void)run;
    emit_items(&response->data, (struct window){0, 3});
    emit_open(meta, NULL, '{');
    emit_bool(meta, "has_next", true);
    emit_text(meta, "forwards_cursor", "LOOP");
    emit_close(meta, '}');
}

/* Forty bytes that cost nothing to make: what is measured is the client. */
void lab_small(const struct run *run, struct response *response)
{
    static const char body[] = "{\"data\":{\"id\":10,\"size\":40},\"meta\":null}";
    (void)run;
    response_shared(response, body, sizeof body - 1);
}

/* A list of issues in its envelope, as many as fit into `bytes`, and one at least. */
static void write_list(struct buf *out, uint64_t seed, int64_t bytes)
{
    const size_t rest = 100; /* for what follows the list */
    struct issue issue;
    int64_t count = 0;
    buf_adds(out, "{\"data\":[");
    do {
        ++count;
        issue_invent(&issue, seed, count, 1000);
        issue_emit(out, &issue, "acme", "engine");
    } while (!out->failed && (int64_t)(out->len + out->len / (size_t)count + rest) < bytes);
    buf_adds(out, "],");
    emit_open(out, "meta", '{');
    emit_int(out, "total", count);
    emit_int(out, "total_page", 1);
    emit_bool(out, "has_next", false);
    emit_bool(out, "has_prev", false);
    buf_adds(out, "}}");
}

/* A list of about so many bytes; the first few sizes asked for are kept ready. */
void lab_list_bytes(const struct run *run, struct response *response)
{
    struct sandbox *sandbox = run->sandbox;
    int64_t bytes = run_int(run, "bytes", 100000);
    struct lab *lab = sandbox->lab ? sandbox->lab : mem_zalloc(1, sizeof *lab);
    sandbox->lab = lab;
    for (size_t i = 0; lab && i < lab->count; i++) {
        if (lab->list[i].bytes == bytes) {
            response_shared(response, lab->list[i].body.data, lab->list[i].body.len);
            return;
        }
    }
    write_list(&response->body, sandbox->options.seed, bytes);
    response->kind = RESPONSE_BODY;
    if (lab && lab->count < CACHED && !response->body.failed) {
        struct prepared *prepared = &lab->list[lab->count++];
        *prepared = (struct prepared){bytes, response->body};
        buf_init(&response->body);
        response_shared(response, prepared->body.data, prepared->body.len);
    }
}

/* How often actions ran with this key. It does not count itself. */
void lab_count(const struct run *run, struct response *response)
{
    size_t len;
    const char *key = run_text(run, "key", &len);
    emit_open(&response->data, NULL, '{');
    emit_string(&response->data, "key", key, len);
    emit_int(&response->data, "count", (int64_t)sandbox_counted(run->sandbox, key, len));
    emit_close(&response->data, '}');
}

/* The delay itself is common to all actions. */
void lab_slow(const struct run *run, struct response *response)
{
    emit_open(&response->data, NULL, '{');
    emit_bool(&response->data, "ok", true);
    emit_int(&response->data, "delay_ms", run_int(run, "delay_ms", 0));
    emit_close(&response->data, '}');
}

/* For actions of which only the name or the parameters matter. */
void lab_ok(const struct run *run, struct response *response)
{
    (void)run;
    emit_open(&response->data, NULL, '{');
    emit_bool(&response->data, "ok", true);
    emit_close(&response->data, '}');
}

/* Integers at the edges of what numbers hold, and one that comes back as it was sent. */
void lab_integers(const struct run *run, struct response *response)
{
    struct buf *out = &response->data;
    uint32_t node = run_node(run, "value");
    struct bosa_error ignored;
    error_init(&ignored);
    buf_adds(out, "{\"small\":7,\"past_double\":9007199254740993,\"lowest\":-9223372036854775808,"
                  "\"highest\":9223372036854775807,\"unsigned\":18446744073709551615,"
                  "\"huge\":123456789012345678901234567890,\"value\":");
    if (node == JSON_NONE) {
        buf_adds(out, "null");
    } else if (json_write(out, run->params, node, &ignored) != BOSA_OK) {
        out->failed = true;
    }
    emit_close(out, '}');
    error_clear(&ignored);
}
