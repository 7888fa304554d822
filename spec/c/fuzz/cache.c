/*
 * An entry of the disk cache: the input is a file's content behind its checksum, which is made
 * good, or the fuzzer would never get past it. What is whole is given to a hub as the disk would.
 */
#include "../../../csrc/core/hub/cache.c" /* for the functions behind cache_read */

#include "fuzz.h"
#include "hub/hub.h"

#define BASE "https://h"
#define NAME "github"

static void teach(struct cache_entry *entry)
{
    struct hub_options options = {.base_url = BASE, .policy.max_attempts = 1};
    struct moment now = {0, entry->fetched, 0};
    struct hub *hub = NULL;
    struct json_doc doc;
    struct bosa_error err;
    error_init(&err);
    json_init(&doc);
    PROMISE(hub_new(&hub, &options, &err) == BOSA_OK);
    enum bosa_status status = json_parse_lenient(&doc, entry->text, entry->len, &err);
    entry->text = NULL;
    if (status == BOSA_OK) {
        status = hub_learn(hub, NAME, &doc, entry->etag, entry->last_modified, &now, &err);
        PROMISE((status == BOSA_OK) == (hub_find(hub, NAME, &now) != NULL));
    }
    PROMISE(status == BOSA_OK || err.message);
    json_free(&doc);
    error_clear(&err);
    hub_unref(hub);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cache_entry entry = {0};
    struct buf file;
    size_t len;
    buf_init(&file);
    buf_addf(&file, CACHE_MAGIC "%016" PRIx64, hash((const char *)data, size));
    buf_add(&file, data, size);
    PROMISE(!file.failed);
    char *bytes = mem_dup(file.data, file.len);
    len = file.len;
    buf_free(&file);
    PROMISE(bytes != NULL);
    enum verdict verdict = take_apart(bytes, len, BASE, NAME, &entry);
    PROMISE(verdict != NO_MEMORY);
    if (verdict == WHOLE) {
        PROMISE(entry.text == bytes && entry.len < len);
        teach(&entry);
    } else {
        mem_free(bytes);
    }
    cache_entry_free(&entry);
    return 0;
}
