/*
 * Running an action: parameters are read in the encoding that the action takes, checked against
 * the schema that discovery gave out, and handed to the action's handler.
 */
#include "exchange.h"

#include "base/mem.h"
#include "detail.h"
#include "emit.h"
#include "endpoints.h"
#include "filter.h"
#include "formdoc.h"
#include "http/media_type.h"
#include "pick.h"
#include "run.h"

#include <string.h>

/* The document that discovery described this action in. */
static const struct json_doc *schemas_of(struct exchange *x)
{
    const struct span *name = &x->target.segments[0];
    return &registry_find(&x->sandbox->registry, name->text, name->len)->doc;
}

/* Reads a form of either kind; false: the response is made. */
static bool read_form(struct exchange *x, struct json_doc *params, struct response *response)
{
    const struct served *action = x->target.action;
    bool whole;
    if (x->intake == INTAKE_PARTS) {
        whole = parts_end(&x->parts);
    } else if (exchange_is_type(x, "application/x-www-form-urlencoded")) {
        whole = parts_urlencoded(&x->parts, x->body.data, x->body.len);
    } else {
        detail_one(response, "missing", NULL, "Field required");
        return false;
    }
    if (!whole) {
        response_detail(response, 400, "There was an error parsing the body");
        return false;
    }
    formdoc_build(params, &x->parts, schemas_of(x), action->node);
    return true;
}

/* Reads a JSON body; false: it is none, and the response is made. */
static bool read_json(struct exchange *x, struct json_doc *params, struct response *response)
{
    if (!http_is_json(exchange_field(x, "Content-Type"))) {
        detail_one(response, "model_attributes_type", NULL,
                   "Input should be a valid dictionary or object to extract fields from");
        return false;
    }
    return detail_parse(response, params, x->body.data, x->body.len);
}

/* Reads the parameters and checks them; false: the response is made. */
static bool read_params(struct exchange *x, struct json_doc *params, struct response *response)
{
    const struct served *action = x->target.action;
    struct bosa_error err;
    if (!action->schema) {
        json_close(params, json_open(params, JSON_OBJECT), 0);
        return true;
    }
    if (!(action->form ? read_form(x, params, response) : read_json(x, params, response))) {
        return false;
    }
    if (params->failed) {
        response_error(response, 500, "no_memory", "no memory");
        return false;
    }
    error_init(&err);
    enum bosa_status status = schema_check(action->schema, params, 0, 0, "parameter", &err);
    if (status == BOSA_PARAMS) {
        detail_faults(response, params, &err);
    } else if (status != BOSA_OK) {
        response_error(response, 500, "internal", "The parameters could not be checked.");
    }
    error_clear(&err);
    return status == BOSA_OK;
}

/* A list of a run's that is given; JSON_NONE: it isn't. */
static uint32_t list_of(const struct run *run, const char *name)
{
    uint32_t node = run_node(run, name);
    return node != JSON_NONE && json_type(run->params, node) == JSON_ARRAY ? node : JSON_NONE;
}

typedef void narrower(struct json_doc *out, const struct json_doc *from, uint32_t node,
                      const struct json_doc *params, uint32_t list);

/* Replaces the text of `data` by what `narrow` leaves of it. */
static void narrow_data(struct response *response, narrower *narrow, const struct json_doc *params,
                        uint32_t list)
{
    struct json_doc whole, left;
    struct bosa_error err;
    struct buf text;
    size_t len;
    char *data = buf_take(&response->data, &len);
    json_init(&whole);
    json_init(&left);
    error_init(&err);
    buf_init(&text);
    if (!data || json_parse(&whole, data, len, &err) != BOSA_OK) {
        text.failed = true;
    } else {
        narrow(&left, &whole, 0, params, list);
        text.failed = left.failed || json_write(&text, &left, 0, &err) != BOSA_OK;
    }
    response->data = text;
    json_free(&whole);
    json_free(&left);
    error_clear(&err);
}

/* Runs the handler and does what is alike for all actions: `key` counts, `delay_ms` delays,
 * `response_filters` and then `response_fields` leave a part of it. */
static void run_handler(struct exchange *x, const struct json_doc *params,
                        struct response *response)
{
    struct sandbox *sandbox = x->sandbox;
    struct run run = {x, sandbox, params, 0};
    size_t len;
    const char *key = run_text(&run, "key", &len);
    uint32_t filters = list_of(&run, "response_filters"), paths = list_of(&run, "response_fields");
    int64_t delay = run_int(&run, "delay_ms", 0); /* unchecked where the schema doesn't name it */
    response->delay_ms = sandbox->options.delay_ms + (uint64_t)(delay > 0 ? delay : 0);
    if (key && strcmp(x->target.action->def->name, "count") != 0) {
        run.calls = sandbox_count(sandbox, key, len);
    }
    x->target.action->executions++;
    x->target.action->def->handler(&run, response);
    bool has_data = response->kind == RESPONSE_ENVELOPE && response->data.len > 0;
    if (has_data && filters != JSON_NONE) {
        narrow_data(response, filter_items, params, filters);
    }
    if (has_data && paths != JSON_NONE) {
        narrow_data(response, pick_fields, params, paths);
    }
}

void execute_action(struct exchange *x, struct response *response)
{
    struct json_doc params;
    json_init(&params);
    if (integration_acts(x, response) && read_params(x, &params, response)) {
        run_handler(x, &params, response);
    }
    json_free(&params);
}
