/*
 * How accounts of each connector are connected: in a browser, or by a configuration that a JSON
 * Schema describes. Called by the router and by the endpoint that connects one.
 */
#include "endpoints.h"

#include "base/mem.h"
#include "detail.h"
#include "emit.h"

#include <string.h>

/* What connects an account of the lab, with ' in place of ". */
static const char lab_configuration[] =
    "{'title':'LabConfiguration','type':'object','properties':{"
    "'host':{'type':'string','minLength':1,'title':'Host','description':'Name of the machine.'},"
    "'port':{'type':'integer','minimum':1,'maximum':65535,'default':5432,'title':'Port'},"
    "'user':{'type':'string','title':'User','description':'Who logs in.'},"
    "'password':{'type':'string','format':'password','minLength':1,'title':'Password'},"
    "'tls':{'type':'boolean','default':true,'title':'Tls'},"
    "'mode':{'anyOf':[{'enum':['read','write'],'type':'string'},{'type':'null'}],'default':null,"
    "'title':'Mode','description':'What the account may do.'}},"
    "'required':['host','user','password'],'additionalProperties':false}";

/* The schema of a connector's configuration; NULL: its accounts are connected in a browser. */
static const char *configuration_of(const char *name, size_t len)
{
    return len == 3 && memcmp(name, "lab", 3) == 0 ? lab_configuration : NULL;
}

/* Adds JSON that is written with ' in place of ". */
static void add_quoted(struct buf *out, const char *text)
{
    for (; *text; text++) {
        buf_addc(out, *text == '\'' ? '"' : *text);
    }
}

void endpoint_auth_schema(struct exchange *x, struct response *response)
{
    const struct span *name = &x->target.segments[0];
    const char *configuration = configuration_of(name->text, name->len);
    struct buf *out = &response->data;
    emit_open(out, NULL, '{');
    emit_open(out, "supported_auth_types", '[');
    emit_open(out, NULL, '{');
    emit_text(out, "type", configuration ? "custom" : "oauth2");
    if (configuration) {
        buf_adds(out, ",\"config\":");
        add_quoted(out, configuration);
    }
    emit_close(out, '}');
    emit_close(out, ']');
    emit_close(out, '}');
}

/* Checks the node of `body` against a schema's text. False: the response is made. */
static bool check(struct response *response, const char *text, size_t len, struct json_doc *body,
                  uint32_t node)
{
    struct bosa_error err;
    struct json_doc doc;
    struct schema *schema = NULL;
    char *copy = mem_dup(text, len);
    json_init(&doc);
    error_init(&err);
    enum bosa_status status = copy ? json_parse(&doc, copy, len, &err) : BOSA_NOMEM;
    if (status == BOSA_OK) {
        status = schema_compile(&schema, &doc, 0, &err);
    }
    if (status == BOSA_OK) {
        status = schema_check(schema, body, node, 0, "property", &err);
    }
    if (status == BOSA_PARAMS) {
        detail_faults(response, body, &err);
    } else if (status != BOSA_OK) {
        response_error(response, 500, "internal", "The configuration could not be checked.");
    }
    schema_free(schema);
    json_free(&doc);
    error_clear(&err);
    return status == BOSA_OK;
}

bool auth_check(struct response *response, const char *connector, struct json_doc *body,
                uint32_t node)
{
    const char *configuration = configuration_of(connector, strlen(connector));
    struct buf text;
    if (!configuration) {
        emit_open(&response->data, NULL, '{');
        emit_bool(&response->data, "success", false);
        emit_format(&response->data, "error", "%s is not connected by a configuration.", connector);
        emit_close(&response->data, '}');
        return false;
    }
    if (node == JSON_NONE || json_type(body, node) != JSON_OBJECT) {
        detail_one(response, "missing", "configuration", "Field required");
        return false;
    }
    buf_init(&text);
    add_quoted(&text, configuration);
    bool ok = !text.failed && check(response, text.data, text.len, body, node);
    buf_free(&text);
    return ok;
}
