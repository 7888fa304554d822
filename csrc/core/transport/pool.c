/*
 * Kept connections: the one used most recently is used first. Each is watched while it waits, and
 * asked right before it is used again. Called by job.c.
 */
#include "transport/connection.h"

#include <string.h>

static void take_out(struct pool *pool, struct connection *c)
{
    if (c->idle_previous) {
        c->idle_previous->idle_next = c->idle_next;
    } else {
        pool->first = c->idle_next;
    }
    if (c->idle_next) {
        c->idle_next->idle_previous = c->idle_previous;
    } else {
        pool->last = c->idle_previous;
    }
    c->idle_previous = c->idle_next = NULL;
    pool->count--;
}

static void drop(struct pool *pool, struct connection *c)
{
    take_out(pool, c);
    connection_close(c);
}

/* True when a connection leads to the origin of `url`. */
static bool leads_to(const struct connection *c, const char *url)
{
    size_t len = strlen(c->origin);
    return strncmp(c->origin, url, len) == 0 && (url[len] == '\0' || strchr("/?#", url[len]));
}

/*
 * Only a receive tells whether a connection lives: there must be nothing to receive. (Over TLS a
 * descriptor may be readable for a session ticket.)
 */
static bool is_alive(struct connection *c)
{
    char byte;
    size_t got;
    return !c->dead && c->held.len == 0 && connection_receive(c, &byte, 1, &got) == IO_AGAIN;
}

struct connection *pool_take(struct pool *pool, const char *url, int64_t now)
{
    struct connection *c = pool->first, *next;
    for (; c; c = next) {
        next = c->idle_next;
        if (now - c->idle_since > POOL_IDLE_MS) {
            drop(pool, c);
        } else if (leads_to(c, url)) {
            if (is_alive(c)) {
                take_out(pool, c);
                return c;
            }
            drop(pool, c);
        }
    }
    return NULL;
}

void pool_put(struct pool *pool, struct connection *c, int64_t now)
{
    if (c->dead || c->held.len > 0 || !connection_watch(c, POLLER_READ)) {
        connection_close(c);
        return;
    }
    c->job = NULL;
    c->idle_since = now;
    c->idle_previous = NULL;
    c->idle_next = pool->first;
    if (pool->first) {
        pool->first->idle_previous = c;
    } else {
        pool->last = c;
    }
    pool->first = c;
    pool->count++;
}

void pool_notice(struct pool *pool, struct connection *c)
{
    if (!is_alive(c)) {
        drop(pool, c);
    }
}

void pool_drop_oldest(struct pool *pool)
{
    if (pool->last) {
        drop(pool, pool->last);
    }
}
