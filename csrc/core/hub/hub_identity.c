/*
 * The fields of a request that say who calls: the key, the token, the account. Called where the hub
 * writes requests; what is written here is wiped.
 */
#include "base/mem.h"
#include "base/text.h"
#include "http/header_fields.h"
#include "hub/hub_internal.h"

#include <string.h>

enum bosa_status hub_set_field(struct request *request, const char *name, const char *value,
                               struct bosa_error *err)
{
    return fields_set(&request->fields, name, value, strlen(value), err);
}

/* Authorization: Bearer token. */
static enum bosa_status set_bearer(struct request *request, const char *token,
                                   struct bosa_error *err)
{
    static const char scheme[] = "Bearer ";
    size_t len = strlen(token);
    enum bosa_status status;
    struct buf value;

    buf_init_secret(&value);
    if (!buf_reserve(&value, sizeof scheme + len)) {
        return error_nomem(err);
    }
    buf_adds(&value, scheme);
    buf_add(&value, token, len);
    status = fields_set(&request->fields, "Authorization", value.data, value.len, err);
    buf_free(&value);
    return status;
}

/*
 * The fields that name the account. Servers read them as ISO 8859-1; what that lacks would name
 * another account, or none. Bytes that are no UTF-8 are taken to be ISO 8859-1 already.
 */
static enum bosa_status set_account(struct request *request, const char *identifier,
                                    struct bosa_error *err)
{
    char *name = mem_dup(identifier, strlen(identifier));
    enum bosa_status status = BOSA_OK;

    if (!name) {
        return error_nomem(err);
    }
    if (!text_to_latin1(name)) {
        status = error_set(err, BOSA_PARAMS,
                           "the account `%.*s%s` has characters beyond ISO 8859-1, which no header "
                           "field can hold",
                           TEXT_SHOWN(identifier, strlen(identifier)));
    }
    if (status == BOSA_OK) {
        status = hub_set_field(request, "X-Integration", name, err);
    }
    if (status == BOSA_OK) {
        status = hub_set_field(request, "X-Bosa-Integration", name, err);
    }
    mem_free(name);
    return status;
}

enum bosa_status hub_set_identity(struct request *request, const char *api_key, const char *token,
                                  const char *identifier, struct bosa_error *err)
{
    enum bosa_status status = hub_set_field(request, "X-GL-Error-Contract", "2", err);

    if (status == BOSA_OK && api_key) {
        status = hub_set_field(request, "X-API-Key", api_key, err);
    }
    if (status == BOSA_OK && token) {
        status = set_bearer(request, token, err);
    }
    return status == BOSA_OK && identifier ? set_account(request, identifier, err) : status;
}
