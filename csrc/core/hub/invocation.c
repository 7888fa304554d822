/*
 * Invocations may hold secrets (a token, parameters, header fields), so what is freed here is wiped
 * first.
 */
#include "hub/invocation.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <string.h>

#define KEPT_ROOM ((size_t)16 << 10) /* bytes for parameters that a cleared invocation keeps */

/* A zeroed invocation with one reference, and with both names behind it. NULL: no memory. */
static struct invocation *make(const char *connector, size_t connector_len, const char *action,
                               size_t action_len, const struct policy *policy)
{
    size_t names = connector_len + action_len + 2;
    struct invocation *invocation =
        names > action_len ? mem_zalloc(1, sizeof *invocation + names) : NULL;

    if (!invocation) {
        return NULL;
    }
    char *name = (char *)(invocation + 1);
    memcpy(name, connector, connector_len);
    memcpy(name + connector_len + 1, action, action_len);
    invocation->refs = 1;
    invocation->connector = name;
    invocation->action = name + connector_len + 1;
    invocation->policy = *policy;
    invocation->output = SINK_MEMORY;
    return invocation;
}

/* The parameters begin as an empty object, so that readers never meet a document without a root. */
struct invocation *invocation_new(const char *connector, size_t connector_len, const char *action,
                                  size_t action_len, const struct policy *policy)
{
    struct invocation *invocation = make(connector, connector_len, action, action_len, policy);

    if (!invocation) {
        return NULL;
    }
    json_close(&invocation->params, json_open(&invocation->params, JSON_OBJECT), 0);
    if (invocation->params.failed) {
        invocation_unref(invocation);
        return NULL;
    }
    return invocation;
}

/* Used by one thread alone, so a plain count will do. */
struct invocation *invocation_ref(struct invocation *invocation)
{
    invocation->refs++;
    return invocation;
}

/* file_count grows with each part that is whole, so that invocation_unref frees just those. */
static bool copy_files(struct invocation *to, const struct invocation *from)
{
    if (from->file_count == 0) {
        return true;
    }
    to->files = mem_zalloc(from->file_count, sizeof *to->files);
    if (!to->files) {
        return false;
    }
    for (size_t i = 0; i < from->file_count; i++) {
        if (file_part_copy(&to->files[i], &from->files[i]) != BOSA_OK) {
            return false;
        }
        to->file_count++;
    }
    return true;
}

/*
 * A deep copy: the pages of a list may outlive the invocation that they come from. All owned fields
 * are zero until they are set, so that invocation_unref can free a copy that memory ran out for.
 */
struct invocation *invocation_with(const struct invocation *invocation, const char *name,
                                   const struct json_doc *values, uint32_t value)
{
    struct invocation *copy =
        make(invocation->connector, strlen(invocation->connector), invocation->action,
             strlen(invocation->action), &invocation->policy);

    if (!copy) {
        return NULL;
    }
    copy->output = invocation->output;
    copy->progress = invocation->progress;
    json_with_member(&copy->params, &invocation->params, 0, name, values, value);
    if (copy->params.failed || !mem_copy_text(&copy->token, invocation->token) ||
        !mem_copy_text(&copy->identifier, invocation->identifier) ||
        !mem_copy_text(&copy->traceparent, invocation->traceparent) ||
        !mem_copy_text(&copy->output_path, invocation->output_path) ||
        !copy_files(copy, invocation) ||
        fields_copy(&copy->fields, &invocation->fields) != BOSA_OK) {
        invocation_unref(copy);
        return NULL;
    }
    return copy;
}

void invocation_init(struct invocation *invocation, const char *connector, const char *action,
                     const struct policy *policy)
{
    invocation->connector = connector;
    invocation->action = action;
    invocation->policy = *policy;
    invocation->output = SINK_MEMORY;
}

/* Frees what an invocation owns but the parameters, wiping what may be secret: the token, header
 * fields. */
static void free_rest(struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->file_count; i++) {
        file_part_free(&invocation->files[i]);
    }
    mem_free(invocation->files);
    fields_free(&invocation->fields);
    mem_free_secret(invocation->token);
    mem_free_secret(invocation->identifier);
    mem_free(invocation->traceparent);
    mem_free(invocation->output_path);
}

/* A number may be as secret as a text: a PIN, a one-time code. */
static void wipe_nodes(struct json_doc *params)
{
    mem_wipe(params->nodes, params->count * sizeof *params->nodes);
}

void invocation_clear(struct invocation *invocation)
{
    struct json_doc params = invocation->params;

    wipe_nodes(&params);
    if (params.text_cap + params.cap * sizeof *params.nodes > KEPT_ROOM) {
        json_wipe(&params);
    } else {
        mem_wipe(params.text, params.text_len);
        json_clear(&params);
    }
    free_rest(invocation);
    *invocation = (struct invocation){.params = params};
}

void invocation_close(struct invocation *invocation)
{
    wipe_nodes(&invocation->params);
    json_wipe(&invocation->params);
    free_rest(invocation);
    *invocation = (struct invocation){0};
}

void invocation_unref(struct invocation *invocation)
{
    if (invocation && --invocation->refs == 0) {
        invocation_close(invocation);
        mem_free(invocation);
    }
}
