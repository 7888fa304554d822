/*
 * Making, resetting and freeing the state. A reset gives the same key, users and data again, since
 * all of them come from the seed.
 */
#include "sandbox.h"

#include "base/mem.h"
#include "parts.h"

#include <string.h>

enum bosa_status sandbox_init(struct sandbox *sandbox, const struct options *options,
                              struct bosa_error *err)
{
    memset(sandbox, 0, sizeof *sandbox);
    sandbox->options = *options;
    sandbox->ids.state = ~options->seed;
    enum bosa_status status = registry_init(&sandbox->registry, err);
    if (status == BOSA_OK && !accounts_init(&sandbox->accounts, options->seed, options->key)) {
        status = error_nomem(err);
    }
    if (status != BOSA_OK) {
        sandbox_free(sandbox);
    }
    return status;
}

/* Frees all that requests have changed, but for the registry. */
static void forget(struct sandbox *sandbox)
{
    accounts_free(&sandbox->accounts);
    for (size_t i = 0; i < sandbox->counters.count; i++) {
        mem_free(sandbox->counters.list[i].key);
    }
    mem_free(sandbox->counters.list);
    memset(&sandbox->counters, 0, sizeof sandbox->counters);
    github_free(sandbox->github);
    drive_free(sandbox->drive);
    mail_free(sandbox->mail);
    sandbox->github = NULL;
    sandbox->drive = NULL;
    sandbox->mail = NULL;
}

bool sandbox_reset(struct sandbox *sandbox)
{
    struct registry *registry = &sandbox->registry;
    forget(sandbox);
    for (size_t i = 0; i < registry->count; i++) {
        for (size_t k = 0; k < registry->list[i].count; k++) {
            registry->list[i].actions[k].executions = 0;
        }
    }
    sandbox->stats.requests = 0;
    sandbox->stats.connections = 0;
    sandbox->stats.in_flight_max = sandbox->stats.in_flight;
    return registry_change(registry, false) &&
           accounts_init(&sandbox->accounts, sandbox->options.seed, sandbox->options.key);
}

/* The counter of a key; NULL: there is none yet. */
static struct counter *find_counter(const struct counters *counters, const char *key, size_t len)
{
    uint64_t hash = fnv_add(FNV_START, key, len);
    for (size_t i = 0; i < counters->count; i++) {
        struct counter *counter = &counters->list[i];
        if (counter->hash == hash && strlen(counter->key) == len &&
            memcmp(counter->key, key, len) == 0) {
            return counter;
        }
    }
    return NULL;
}

uint64_t sandbox_counted(const struct sandbox *sandbox, const char *key, size_t len)
{
    const struct counter *counter = find_counter(&sandbox->counters, key, len);
    return counter ? counter->count : 0;
}

uint64_t sandbox_count(struct sandbox *sandbox, const char *key, size_t len)
{
    struct counters *counters = &sandbox->counters;
    struct counter *counter = find_counter(counters, key, len);
    if (counter) {
        return ++counter->count;
    }
    if (counters->count == counters->cap) {
        size_t cap = counters->cap ? counters->cap * 2 : 64;
        struct counter *list = mem_realloc(counters->list, cap * sizeof *list);
        if (!list) {
            return 0;
        }
        counters->list = list;
        counters->cap = cap;
    }
    counter = &counters->list[counters->count];
    *counter = (struct counter){mem_dup(key, len), fnv_add(FNV_START, key, len), 1};
    counters->count += counter->key != NULL;
    return counter->key != NULL;
}

void sandbox_free(struct sandbox *sandbox)
{
    forget(sandbox);
    lab_free(sandbox->lab);
    registry_free(&sandbox->registry);
    wake_free(sandbox->wake);
    memset(sandbox, 0, sizeof *sandbox);
}
