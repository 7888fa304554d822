/*
 * Invocations may hold secrets (a token, parameters, header fields), so what is freed here is wiped
 * first.
 */
#include "hub/invocation.h"

#include "base/mem.h"
#include "http/header_fields.h"

#include <string.h>

/* The parameters begin as an empty object, so that readers never meet a document without a root. */
struct invocation *invocation_new(const char *connector, size_t connector_len, const char *action,
                                  size_t action_len, const struct policy *policy)
{
    struct invocation *invocation = mem_zalloc(1, sizeof *invocation);

    if (!invocation) {
        return NULL;
    }
    invocation->refs = 1;
    invocation->policy = *policy;
    invocation->output = SINK_MEMORY;
    invocation->connector = mem_dup(connector, connector_len);
    invocation->action = mem_dup(action, action_len);
    json_init(&invocation->params);
    json_close(&invocation->params, json_open(&invocation->params, JSON_OBJECT), 0);
    if (!invocation->connector || !invocation->action || invocation->params.failed) {
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
    struct invocation *copy = mem_zalloc(1, sizeof *copy);

    if (!copy) {
        return NULL;
    }
    copy->refs = 1;
    copy->policy = invocation->policy;
    copy->output = invocation->output;
    copy->progress = invocation->progress;
    json_init(&copy->params);
    json_with_member(&copy->params, &invocation->params, 0, name, values, value);
    if (copy->params.failed || !mem_copy_text(&copy->connector, invocation->connector) ||
        !mem_copy_text(&copy->action, invocation->action) ||
        !mem_copy_text(&copy->token, invocation->token) ||
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

/* Frees what an invocation owns, wiping what may be secret: the token, the parameters, header
 * fields. */
static void invocation_free(struct invocation *invocation)
{
    for (size_t i = 0; i < invocation->file_count; i++) {
        file_part_free(&invocation->files[i]);
    }
    mem_free(invocation->files);
    fields_free(&invocation->fields);
    json_wipe(&invocation->params);
    mem_free_secret(invocation->token);
    mem_free_secret(invocation->identifier);
    mem_free(invocation->traceparent);
    mem_free(invocation->output_path);
    mem_free(invocation->connector);
    mem_free(invocation->action);
    mem_free(invocation);
}

void invocation_unref(struct invocation *invocation)
{
    if (invocation && --invocation->refs == 0) {
        invocation_free(invocation);
    }
}
