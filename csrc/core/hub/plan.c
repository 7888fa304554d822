/*
 * Plans may hold secrets (a token, parameters, header fields), so what is freed here is wiped
 * first.
 */
#include "hub/plan.h"

#include "base/mem.h"

#include <string.h>

/* Copies a string that may be missing. False: no memory. */
static bool copy_text(char **to, const char *from)
{
    *to = from == NULL ? NULL : mem_dup(from, strlen(from));
    return from == NULL || *to != NULL;
}

/* Frees a string that may be secret, leaving no trace of it in the heap; NULL is allowed. */
static void wipe_text(char *text)
{
    if (text != NULL) {
        mem_wipe(text, strlen(text));
        mem_free(text);
    }
}

/* The parameters begin as an empty object, so that readers never meet a document without a root. */
struct plan *plan_new(const char *connector, size_t connector_len, const char *action,
                      size_t action_len, const struct policy *policy)
{
    struct plan *plan = mem_zalloc(1, sizeof(*plan));

    if (plan == NULL) {
        return NULL;
    }
    plan->refs = 1;
    plan->policy = *policy;
    plan->output = SINK_MEMORY;
    plan->connector = mem_dup(connector, connector_len);
    plan->action = mem_dup(action, action_len);
    json_init(&plan->params);
    json_close(&plan->params, json_open(&plan->params, JSON_OBJECT), 0);
    if (plan->connector == NULL || plan->action == NULL || plan->params.failed) {
        plan_unref(plan);
        return NULL;
    }
    return plan;
}

/* Used by one thread alone, so a plain count will do. */
struct plan *plan_ref(struct plan *plan)
{
    plan->refs++;
    return plan;
}

/* file_count grows with each part that is whole, so that plan_unref frees just those. */
static bool copy_files(struct plan *to, const struct plan *from)
{
    if (from->file_count == 0) {
        return true;
    }
    to->files = mem_zalloc(from->file_count, sizeof(*to->files));
    if (to->files == NULL) {
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
 * A deep copy: the pages of a list may outlive the plan that they come from. All owned fields are
 * zero until they are set, so that plan_unref can free a copy that memory ran out for.
 */
struct plan *plan_with(const struct plan *plan, const char *name, const struct json_doc *values,
                       uint32_t value)
{
    struct plan *copy = mem_zalloc(1, sizeof(*copy));

    if (copy == NULL) {
        return NULL;
    }
    copy->refs = 1;
    copy->policy = plan->policy;
    copy->output = plan->output;
    copy->progress = plan->progress;
    json_init(&copy->params);
    json_with_member(&copy->params, &plan->params, 0, name, values, value);
    if (copy->params.failed || !copy_text(&copy->connector, plan->connector) ||
        !copy_text(&copy->action, plan->action) || !copy_text(&copy->token, plan->token) ||
        !copy_text(&copy->identifier, plan->identifier) ||
        !copy_text(&copy->output_path, plan->output_path) || !copy_files(copy, plan) ||
        fields_copy(&copy->fields, &plan->fields) != BOSA_OK) {
        plan_unref(copy);
        return NULL;
    }
    return copy;
}

/* Frees what a plan owns, wiping what may be secret: the token, the parameters, header fields. */
static void plan_free(struct plan *plan)
{
    for (size_t i = 0; i < plan->file_count; i++) {
        file_part_free(&plan->files[i]);
    }
    mem_free(plan->files);
    fields_free(&plan->fields);
    json_wipe(&plan->params);
    wipe_text(plan->token);
    wipe_text(plan->identifier);
    mem_free(plan->output_path);
    mem_free(plan->connector);
    mem_free(plan->action);
    mem_free(plan);
}

void plan_unref(struct plan *plan)
{
    if (plan != NULL && --plan->refs == 0) {
        plan_free(plan);
    }
}
