/*
 * Schemas from a file of the caller's instead of the server: a snapshot is taken apart here, and
 * each connector of it is held as if discovery had responded with it alone.
 */
#include "base/mem.h"
#include "hub/hub_internal.h"

#include <string.h>

#define SNAPSHOT_VERSION 1

/* Parses a copy of the text, since a document owns its bytes. */
static enum bosa_status parse(struct json_doc *doc, const char *text, size_t len,
                              struct bosa_error *err)
{
    char *copy = mem_dup(text, len);

    return !copy ? error_nomem(err) : json_parse_lenient(doc, copy, len, err);
}

/* The object of connectors in a snapshot's document. */
static enum bosa_status find_connectors(const struct json_doc *doc, uint32_t *out,
                                        struct bosa_error *err)
{
    uint32_t version;

    if (json_type(doc, 0) != JSON_OBJECT) {
        return error_set(err, BOSA_PROTOCOL, "a snapshot must be a JSON object");
    }
    version = json_member(doc, 0, "bosa_snapshot");
    *out = 0;
    if (version == JSON_NONE) {
        return BOSA_OK;
    }
    if (json_type(doc, version) != JSON_INT || json_number(doc, version) != SNAPSHOT_VERSION) {
        return error_set(err, BOSA_PROTOCOL,
                         "the snapshot is of a version that this bosa doesn't know");
    }
    *out = json_member(doc, 0, "connectors");
    if (*out == JSON_NONE || json_type(doc, *out) != JSON_OBJECT) {
        return error_set(err, BOSA_PROTOCOL, "the snapshot's `connectors` is no JSON object");
    }
    return BOSA_OK;
}

/* Writes `{name: actions}` of one member. */
static enum bosa_status write_response(struct buf *out, const struct json_doc *doc, uint32_t key,
                                       struct bosa_error *err)
{
    enum bosa_status status;

    buf_addc(out, '{');
    if ((status = json_write(out, doc, key, err)) != BOSA_OK) {
        return status;
    }
    buf_addc(out, ':');
    if ((status = json_write(out, doc, key + 1, err)) != BOSA_OK) {
        return status;
    }
    buf_addc(out, '}');
    return out->failed ? error_nomem(err) : BOSA_OK;
}

/* Holds the connector of one member, whose name is `name` with a NUL after it. */
static enum bosa_status pin_named(struct hub *hub, const char *name, const struct json_doc *doc,
                                  uint32_t key, struct bosa_error *err)
{
    struct json_doc response;
    struct buf out;
    enum bosa_status status;

    buf_init(&out);
    json_init(&response);
    status = write_response(&out, doc, key, err);
    if (status == BOSA_OK) {
        status = parse(&response, out.data, out.len, err);
    }
    if (status == BOSA_OK) {
        status = hub_pin(hub, name, &response, err);
    }
    json_free(&response);
    buf_free(&out);
    return status;
}

/* What is no object is refused by name: null would mean that there is no such connector. */
static enum bosa_status pin(struct hub *hub, const struct json_doc *doc, uint32_t key,
                            struct bosa_error *err)
{
    size_t len;
    const char *text = json_text(doc, key, &len);
    char *name = mem_dup(text, len);
    enum bosa_status status;

    if (!name) {
        return error_nomem(err);
    }
    if (len == 0 || strlen(name) != len || json_type(doc, key + 1) != JSON_OBJECT) {
        status =
            error_set(err, BOSA_PROTOCOL, "the snapshot's `%s` is no JSON object of actions", name);
    } else {
        status = pin_named(hub, name, doc, key, err);
    }
    mem_free(name);
    return status;
}

/* Copies the names of an object, each once, in their order. */
static void copy_names(struct json_doc *names, const struct json_doc *doc, uint32_t object,
                       const struct json_index *index)
{
    uint32_t end = json_next(doc, object), list = json_open(names, JSON_ARRAY), count = 0;

    for (uint32_t key = object + 1; key < end; key = json_next(doc, key + 1)) {
        size_t len;
        const char *name = json_text(doc, key, &len);

        if (json_index_get(index, name, len) == key + 1) {
            json_add_copy(names, doc, key);
            count++;
        }
    }
    json_close(names, list, count);
}

/*
 * Holds every member of an object, and copies its name. They are taken in the order that the hub
 * holds them in, so that none has to be moved for the next.
 */
static enum bosa_status pin_all(struct hub *hub, const struct json_doc *doc, uint32_t object,
                                struct json_doc *names, struct bosa_error *err)
{
    enum bosa_status status = BOSA_OK;
    struct json_index index;

    if (!json_index_build(&index, doc, object)) {
        return error_nomem(err);
    }
    for (uint32_t i = 0; i < index.count && status == BOSA_OK; i++) {
        status = pin(hub, doc, index.members[i].value - 1, err);
    }
    copy_names(names, doc, object, &index);
    json_index_free(&index);
    return status == BOSA_OK && names->failed ? error_nomem(err) : status;
}

enum bosa_status hub_load_snapshot(struct hub *hub, const char *text, size_t len,
                                   struct json_doc *names, struct bosa_error *err)
{
    struct json_doc doc;
    uint32_t object = JSON_NONE;
    enum bosa_status status;

    json_init(&doc);
    status = parse(&doc, text, len, err);
    if (status == BOSA_OK) {
        status = find_connectors(&doc, &object, err);
    }
    if (status == BOSA_OK) {
        status = pin_all(hub, &doc, object, names, err);
    }
    json_free(&doc);
    return status;
}
