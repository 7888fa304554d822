/*
 * cache: discovery responses kept on disk between runs.
 *
 * One file a connector and origin, mode 0600 in a directory 0700, written beside and renamed, so
 * that any number of processes may read and write at once. A header line gives format version,
 * length, checksum, time and validators; a file that does not agree with it is removed and taken as
 * absent.
 */
#ifndef BOSA_CACHE_H
#define BOSA_CACHE_H

#include "base/error.h"

#include <stdbool.h>
#include <stdint.h>

struct cache_entry {
    char *text; /* owned: JSON */
    size_t len;
    int64_t fetched;            /* Unix seconds */
    char *etag, *last_modified; /* owned; NULL: none */
};

/*
 * Reads an entry; false when there is none that is whole. `base_url` and `name` make the file's
 * name.
 */
bool cache_read(const char *dir, const char *base_url, const char *name, struct cache_entry *out);

/*
 * Writes an entry, making `dir`, and those above it, where they are missing. BOSA_FILE, BOSA_NOMEM;
 * the caller may go on without a cache.
 */
enum bosa_status cache_write(const char *dir, const char *base_url, const char *name,
                             const struct cache_entry *entry, struct bosa_error *err);

void cache_remove(const char *dir, const char *base_url, const char *name);
void cache_entry_free(struct cache_entry *entry);

#endif
