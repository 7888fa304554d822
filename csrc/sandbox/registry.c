/*
 * One table says what an action takes. Discovery is written from it, and read back by the core
 * like any server's, before the first request is served.
 */
#include "registry.h"

#include "base/mem.h"
#include "base/text.h"
#include "emit.h"
#include "parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct connector_def *const connectors[] = {&connector_github, &connector_drive,
                                                         &connector_mail, &connector_lab};

#define OR_NULL(type) "'anyOf':[{'type':'" type "'},{'type':'null'}],'default':null"
#define IGNORE_CASE "'ignore_case':{'anyOf':[{'type':'boolean'},{'type':'null'}],'default':true}"
#define CONNECTOR_COUNT (sizeof connectors / sizeof connectors[0])

/* ---- writing ---- */

/* Adds JSON that is written with ' in place of ". */
static void add_quoted(struct buf *out, const char *text)
{
    for (; *text; text++) {
        buf_addc(out, *text == '\'' ? '"' : *text);
    }
}

/* "per_page" as "Per Page", "create_issue" as "CreateIssue" where words are joined. */
static void add_title(struct buf *out, const char *name, bool joined)
{
    bool start = true;
    for (; *name; name++) {
        if (!text_is_alnum(*name)) {
            start = true;
            continue;
        }
        if (start && !joined && out->data[out->len - 1] != '"') {
            buf_addc(out, ' ');
        }
        char upper = start && *name >= 'a' && *name <= 'z' ? (char)(*name - 'a' + 'A') : *name;
        buf_addc(out, upper);
        start = false;
    }
}

/* One parameter, as pydantic describes it. */
static void add_property(struct buf *out, const struct param *param)
{
    emit_open(out, param->name, '{');
    if (param->need == OPTIONAL) {
        buf_adds(out, "\"anyOf\":[{");
        add_quoted(out, param->schema);
        buf_adds(out, "},{\"type\":\"null\"}]");
    } else {
        add_quoted(out, param->schema);
    }
    if (param->need != NEEDED) {
        buf_adds(out, ",\"default\":");
        add_quoted(out, param->preset);
    }
    emit_text(out, "description", param->about);
    buf_adds(out, ",\"title\":\"");
    add_title(out, param->name, false);
    buf_adds(out, "\"}");
}

/* The list of what must be given; where that is nothing, there is no list. */
static void add_required(struct buf *out, const struct param *params)
{
    bool any = false;
    for (const struct param *param = params; param->name; param++) {
        if (param->need != NEEDED) {
            continue;
        }
        if (!any) {
            emit_open(out, "required", '[');
            any = true;
        }
        emit_text(out, NULL, param->name);
    }
    if (any) {
        emit_close(out, ']');
    }
}

/*
 * The kinds of filters: `type`, the middle of the definition's name, the members beside those that
 * all have, and those that are required beside `field_name`.
 */
static const char *const filter_kinds[][4] = {
    {"string", "String", "'value':{'type':'string'}," IGNORE_CASE, ",'value'"},
    {"string_list", "StringList",
     "'values':{'default':[],'items':{'type':'string'},'type':'array'}," IGNORE_CASE, ""},
    {"date_range", "DateRange",
     "'from_date':{" OR_NULL("string") "},'to_date':{" OR_NULL("string") "}", ""},
    {"number", "Number", "'value':{'type':'number'}", ",'value'"},
    {"number_list", "NumberList",
     "'values':{'default':[],'items':{'type':'number'},'type':'array'}", ""},
    {"number_range", "NumberRange",
     "'from_value':{" OR_NULL("number") "},'to_value':{" OR_NULL("number") "}", ""}};

#define KIND_COUNT (sizeof filter_kinds / sizeof filter_kinds[0])

/* The definition of a kind of filter. */
static void add_filter_kind(struct buf *out, const char *const kind[4])
{
    char text[1024];
    snprintf(
        text, sizeof text,
        "'Response%sFilter':{'properties':{'type':{'const':'%s','default':'%s','type':"
        "'string'},'field_name':{'description':'A field of an item, with dots.','type':"
        "'string'},'root':{" OR_NULL("string") ",'description':'Path to a list in each item "
                                               "whose elements are filtered "
                                               "instead.'},%s},'required':['field_name'%s],'type':"
                                               "'object'},",
        kind[1], kind[0], kind[0], kind[2], kind[3]);
    add_quoted(out, text);
}

/* The definitions that RESPONSE_FILTERS refers to. */
static void add_filter_defs(struct buf *out)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        add_filter_kind(out, filter_kinds[i]);
    }
    buf_adds(out, "\"ResponseFilter\":{\"discriminator\":{\"mapping\":{");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        buf_addf(out, "%s\"%s\":\"#/$defs/Response%sFilter\"", i > 0 ? "," : "", filter_kinds[i][0],
                 filter_kinds[i][1]);
    }
    buf_adds(out, "},\"propertyName\":\"type\"},\"oneOf\":[");
    for (size_t i = 0; i < KIND_COUNT; i++) {
        buf_addf(out, "%s{\"$ref\":\"#/$defs/Response%sFilter\",\"type\":\"object\"}",
                 i > 0 ? "," : "", filter_kinds[i][1]);
    }
    buf_adds(out, "]}");
}

static bool takes_filters(const struct param *params)
{
    for (; params->name; params++) {
        if (strcmp(params->name, FILTERS_NAME) == 0) {
            return true;
        }
    }
    return false;
}

/* $defs: the action's own, and those of its filters. */
static void add_defs(struct buf *out, const struct action_def *action)
{
    bool filters = takes_filters(action->params);
    if (!action->defs && !filters) {
        return;
    }
    buf_adds(out, "\"$defs\":{");
    if (action->defs) {
        add_quoted(out, action->defs);
    }
    if (action->defs && filters) {
        buf_addc(out, ',');
    }
    if (filters) {
        add_filter_defs(out);
    }
    buf_addc(out, '}');
}

/* The JSON Schema of a request's body. */
static void add_request_schema(struct buf *out, const char *key, const struct action_def *action)
{
    emit_open(out, key, '{');
    add_defs(out, action);
    emit_text(out, "description", action->about);
    emit_open(out, "properties", '{');
    for (const struct param *param = action->params; param->name; param++) {
        add_property(out, param);
    }
    emit_close(out, '}');
    add_required(out, action->params);
    if (action->flags & ACTION_CLOSED) {
        emit_bool(out, "additionalProperties", false);
    }
    buf_adds(out, ",\"title\":\"");
    add_title(out, action->name, true);
    buf_adds(out, "Request\",\"type\":\"object\"}");
}

/* The field parameters that every entry lists. */
static const char header_parameters[] =
    "'name':'http_headers','required':true,'schema':{'properties':{"
    "'x_api_key':{'default':'','description':'The key of the calling application.','title':'X Api "
    "Key','type':'string'},"
    "'authorization':{'anyOf':[{'type':'string'},{'type':'null'}],'default':null,"
    "'description':'Bearer and the token of the user acted for.','title':'Authorization'},"
    "'x_bosa_integration':{'anyOf':[{'type':'string'},{'type':'null'}],'default':null,"
    "'description':'Which account of the user acts.','title':'X Bosa Integration'}},"
    "'title':'ExposedDefaultHeaders','type':'object'}";

static const char meta_schema[] = "'meta':{'anyOf':[{'type':'object','properties':{'total':{'type':"
                                  "'integer'},'total_page':{'type':'integer'},"
                                  "'has_next':{'type':'boolean'},'has_prev':{'type':'boolean'}},'"
                                  "title':'Meta'},{'type':'null'}]}";

/* The response's schema: the envelope around what the action says about its data. */
static void add_response(struct buf *out, const char *response)
{
    emit_open(out, "response", '{');
    if (response) {
        buf_adds(out, "\"type\":\"object\",\"properties\":{\"data\":{");
        add_quoted(out, response);
        buf_adds(out, "},");
        add_quoted(out, meta_schema);
        buf_addc(out, '}');
    } else {
        emit_text(out, "type", "any");
    }
    emit_close(out, '}');
}

/* What begins every entry of a discovery response. */
static void open_entry(struct buf *out, const char *connector, const char *name, const char *method,
                       const char *about)
{
    emit_open(out, name, '{');
    emit_text(out, "method", method);
    emit_format(out, "path", "/connectors/%s/%s", connector, name);
    emit_text(out, "docstring", about);
    emit_open(out, "parameters", '{');
}

/* The entry of an action. */
static void add_action(struct buf *out, const char *connector, const struct action_def *action)
{
    bool takes = !(action->flags & ACTION_NO_REQUEST);
    open_entry(out, connector, action->name, "POST", action->about);
    if (takes) {
        emit_open(out, "request", '{');
        emit_text(out, "name", "request");
        emit_bool(out, "required", true);
        add_request_schema(out, "schema", action);
        emit_close(out, '}');
    }
    emit_open(out, "http_headers", '{');
    add_quoted(out, header_parameters);
    buf_adds(out, "}}");
    if (takes) {
        add_request_schema(out, "request_body", action);
    }
    add_response(out, action->response);
    emit_close(out, '}');
}

/* The entries of a connector's own endpoints, which are no actions. */
static void add_endpoints(struct buf *out, const char *connector)
{
    static const char *const endpoints[][3] = {
        {"integrations", "POST", "Begin an integration of the user with this connector."},
        {"integrations/{user_identifier}", "GET", "Read one of the user's integrations."},
        {"integration-exists", "GET", "Tell whether the user has an integration."},
        {"success-authorize-callback", "GET", "Where the third party sends the user back to."}};
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++) {
        open_entry(out, connector, endpoints[i][0], endpoints[i][1], endpoints[i][2]);
        emit_close(out, '}');
        add_response(out, NULL);
        emit_close(out, '}');
    }
}

/* Writes the discovery response of one connector. */
static void write_connector(struct buf *out, const struct connector_def *def, bool later)
{
    emit_open(out, NULL, '{');
    emit_open(out, def->name, '{');
    add_endpoints(out, def->name);
    for (const struct action_def *action = def->actions; action->name; action++) {
        if (later || !(action->flags & ACTION_LATER)) {
            add_action(out, def->name, action);
        }
    }
    buf_adds(out, "}}");
}

/* ---- reading back ---- */

/* Writes the connector with all of its actions, and reads it into `doc`. */
static enum bosa_status parse_connector(struct connector_served *served, struct bosa_error *err)
{
    struct buf text;
    size_t len;
    buf_init(&text);
    write_connector(&text, served->def, true);
    char *taken = buf_take(&text, &len);
    if (!taken) {
        return error_nomem(err);
    }
    return json_parse(&served->doc, taken, len, err);
}

/* Compiles what discovery says about one action. */
static enum bosa_status serve_action(struct connector_served *served, const struct action_def *def,
                                     struct bosa_error *err)
{
    struct served *action = &served->actions[served->count++];
    const struct json_doc *doc = &served->doc;
    uint32_t node = json_member(doc, json_member(doc, 0, served->def->name), def->name);
    action->def = def;
    if (def->flags & ACTION_NO_REQUEST) {
        return BOSA_OK;
    }
    node = json_member(doc, json_member(doc, node, "parameters"), "request");
    action->node = json_member(doc, node, "schema");
    enum bosa_status status = schema_compile(&action->schema, doc, action->node, err);
    if (status == BOSA_OK) {
        action->form = schema_takes_files(action->schema);
    }
    return status;
}

/* Makes a connector ready: its document, and a schema for each action. */
static enum bosa_status serve(struct connector_served *served, const struct connector_def *def,
                              struct bosa_error *err)
{
    size_t count = 0;
    served->def = def;
    json_init(&served->doc);
    buf_init(&served->text);
    while (def->actions[count].name) {
        count++;
    }
    served->actions = mem_zalloc(count, sizeof *served->actions);
    if (!served->actions) {
        return error_nomem(err);
    }
    enum bosa_status status = parse_connector(served, err);
    for (size_t i = 0; status == BOSA_OK && i < count; i++) {
        status = serve_action(served, &def->actions[i], err);
    }
    return status;
}

bool registry_change(struct registry *registry, bool changed)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct connector_served *served = &registry->list[i];
        struct buf text;
        buf_init(&text);
        write_connector(&text, served->def, changed);
        if (text.failed) {
            buf_free(&text);
            return false;
        }
        buf_free(&served->text);
        served->text = text;
        uint64_t sum = fnv_add(FNV_START, text.data, text.len);
        snprintf(served->etag, sizeof served->etag, "\"%016" PRIx64 "\"", sum);
    }
    registry->changed = changed;
    return true;
}

enum bosa_status registry_init(struct registry *registry, struct bosa_error *err)
{
    memset(registry, 0, sizeof *registry);
    registry->list = mem_zalloc(CONNECTOR_COUNT, sizeof *registry->list);
    if (!registry->list) {
        return error_nomem(err);
    }
    enum bosa_status status = BOSA_OK;
    for (size_t i = 0; status == BOSA_OK && i < CONNECTOR_COUNT; i++) {
        registry->count = i + 1;
        status = serve(&registry->list[i], connectors[i], err);
    }
    if (status == BOSA_OK && !registry_change(registry, false)) {
        status = error_nomem(err);
    }
    return status;
}

struct connector_served *registry_find(struct registry *registry, const char *name, size_t len)
{
    for (size_t i = 0; i < registry->count; i++) {
        const char *own = registry->list[i].def->name;
        if (strlen(own) == len && memcmp(own, name, len) == 0) {
            return &registry->list[i];
        }
    }
    return NULL;
}

struct served *registry_action(struct registry *registry, const char *connector,
                               size_t connector_len, const char *action, size_t action_len)
{
    struct connector_served *served = registry_find(registry, connector, connector_len);
    for (size_t i = 0; served && i < served->count; i++) {
        const struct action_def *def = served->actions[i].def;
        bool shown = registry->changed || !(def->flags & ACTION_LATER);
        if (shown && strlen(def->name) == action_len &&
            memcmp(def->name, action, action_len) == 0) {
            return &served->actions[i];
        }
    }
    return NULL;
}

void registry_free(struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct connector_served *served = &registry->list[i];
        for (size_t k = 0; k < served->count; k++) {
            schema_free(served->actions[k].schema);
        }
        mem_free(served->actions);
        json_free(&served->doc);
        buf_free(&served->text);
    }
    mem_free(registry->list);
    memset(registry, 0, sizeof *registry);
}
